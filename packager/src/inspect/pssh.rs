// SPDX-License-Identifier: MPL-2.0
//! Reads the `pssh` boxes of a stream, with the PlayReady Object and Header or the Widevine message in them.

use std::collections::HashMap;

use cenc_types::{PIFF_PSSH, Pssh};
use drm_signaling::{System, WidevineData, system_name};
use isobmff_boxes::{BoxTree, FourCc, Reader};
use playready_header::{FoundHeader, PlayReadyObject, RecordKind};
use uuid::Uuid;

use super::findings::{FindingPlace, Findings};
use super::report::{
    self, ObjectRecord, PlayReadyHeaderReport, PlayReadyObjectReport, PsshReport, WidevineReport,
};

/// The largest number of different boxes in a report; a stream of a day with a key per fragment has more.
const MAX_BOXES: usize = 4096;

/// The different `pssh` boxes of a stream.
#[derive(Debug, Default)]
pub struct PsshBoxes {
    boxes: Vec<PsshReport>,
    by_body: HashMap<Vec<u8>, usize>,
}

impl PsshBoxes {
    /// Reads the boxes among the children of `moov` or `moof`.
    pub fn read_children(&mut self, parent: &BoxTree<'_>, findings: &mut Findings) {
        for child in parent.children() {
            if child.box_type == FourCc::PSSH || child.uuid == Some(PIFF_PSSH) {
                self.read(child.body(), &parent.box_type.to_string(), findings);
            }
        }
    }

    /// Reads the body of a box in `parent`.
    pub fn read(&mut self, body: &[u8], parent: &str, findings: &mut Findings) {
        if let Some(known) = self.by_body.get(body).and_then(|i| self.boxes.get_mut(*i)) {
            known.count += 1;
            return;
        }
        let place = FindingPlace::file(format!("pssh in {parent}"));
        if self.boxes.len() >= MAX_BOXES {
            let message =
                format!("there are more than {MAX_BOXES} different boxes; the others are not read");
            return findings.note("pssh-many", &FindingPlace::file("pssh"), message);
        }
        match Pssh::read(Reader::new(FourCc::PSSH, body)) {
            Err(error) => findings.error("unreadable", &place, error),
            Ok(pssh) => {
                self.by_body.insert(body.to_vec(), self.boxes.len());
                self.boxes.push(report_of(&pssh, parent, findings));
            }
        }
    }

    /// Returns the boxes in the order of their first occurrence.
    pub fn into_vec(self) -> Vec<PsshReport> {
        self.boxes
    }
}

fn report_of(pssh: &Pssh, parent: &str, findings: &mut Findings) -> PsshReport {
    let (mut playready, mut widevine) = (None, None);
    match System::from_id(&pssh.system_id) {
        Some(System::PlayReady) => playready = read_object(&pssh.data, parent, findings),
        Some(System::Widevine) => widevine = read_widevine(&pssh.data, parent, findings),
        _ => (),
    }
    PsshReport {
        place: parent.to_owned(),
        count: 1,
        system_id: Uuid::from_bytes(pssh.system_id).to_string(),
        system: system_name(&pssh.system_id),
        version: u8::from(pssh.kids.is_some()),
        kids: pssh.kids.clone().unwrap_or_default(),
        data_size: pssh.data.len(),
        playready,
        widevine,
    }
}

fn read_widevine(data: &[u8], parent: &str, findings: &mut Findings) -> Option<WidevineReport> {
    let place = FindingPlace::file(format!("Widevine data in {parent}"));
    WidevineData::parse(data)
        .map_err(|error| findings.error("widevine", &place, error))
        .ok()
        .map(WidevineReport::from)
}

fn read_object(
    data: &[u8],
    parent: &str,
    findings: &mut Findings,
) -> Option<PlayReadyObjectReport> {
    let place = FindingPlace::file(format!("PlayReady Object in {parent}"));
    let object = match PlayReadyObject::parse(data) {
        Ok(object) => object,
        Err(error) => {
            findings.error("object", &place, error);
            return None;
        }
    };
    for record in object.records() {
        if let RecordKind::Unknown(number) = record.kind {
            findings.error("object", &place, format!("unknown record type {number}"));
        }
    }
    let header = object.header().unwrap_or_else(|error| {
        findings.error("header", &place, error);
        None
    });
    let place = FindingPlace::file(format!("PlayReady Header in {parent}"));
    Some(PlayReadyObjectReport {
        records: object
            .records()
            .iter()
            .map(|record| ObjectRecord {
                number: record.kind.number(),
                size: record.value.len(),
            })
            .collect(),
        header: header.map(|header| check_header(header, &place, findings)),
    })
}

fn check_header(
    found: FoundHeader,
    place: &FindingPlace,
    findings: &mut Findings,
) -> PlayReadyHeaderReport {
    for deviation in &found.deviations {
        match report::is_violation(deviation) {
            true => findings.error("header", place, deviation),
            false => findings.note("header-long", place, deviation),
        }
    }
    PlayReadyHeaderReport::from(found)
}
