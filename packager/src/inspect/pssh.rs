// SPDX-License-Identifier: MPL-2.0
//! The `pssh` boxes of a stream: the PlayReady Object and Header in those of PlayReady, the message in those of Widevine.

use std::collections::HashMap;

use cenc_types::{PIFF_PSSH, Pssh};
use drm_signaling::{System, WidevineData, system_name};
use isobmff_boxes::{BoxTree, FourCc, Reader};
use playready_header::{FoundHeader, PlayReadyObject, RecordKind};
use uuid::Uuid;

use super::findings::{Findings, Place};
use super::report::{self, Object, ObjectRecord, PlayReadyHeaderReport, PsshBox, Widevine};

/// The most different boxes that are kept; with a key for every fragment a day has more.
const MAX_BOXES: usize = 4096;

/// The different `pssh` boxes seen so far.
#[derive(Debug, Default)]
pub struct PsshBoxes {
    boxes: Vec<PsshBox>,
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

    /// Reads the body of a box that stands in `parent`.
    pub fn read(&mut self, body: &[u8], parent: &str, findings: &mut Findings) {
        if let Some(known) = self.by_body.get(body).and_then(|i| self.boxes.get_mut(*i)) {
            known.count += 1;
            return;
        }
        let place = Place::file(format!("pssh in {parent}"));
        if self.boxes.len() >= MAX_BOXES {
            let message =
                format!("more than {MAX_BOXES} different boxes; the others are not looked at");
            return findings.note("pssh-many", &Place::file("pssh"), message);
        }
        match Pssh::read(Reader::new(FourCc::PSSH, body)) {
            Err(error) => findings.error("unreadable", &place, error),
            Ok(pssh) => {
                self.by_body.insert(body.to_vec(), self.boxes.len());
                self.boxes.push(shown(&pssh, parent, findings));
            }
        }
    }

    /// The boxes in the order of sight.
    pub fn into_vec(self) -> Vec<PsshBox> {
        self.boxes
    }
}

fn shown(pssh: &Pssh, parent: &str, findings: &mut Findings) -> PsshBox {
    let (mut playready, mut widevine) = (None, None);
    match System::from_id(&pssh.system_id) {
        Some(System::PlayReady) => playready = object(&pssh.data, parent, findings),
        Some(System::Widevine) => widevine = self::widevine(&pssh.data, parent, findings),
        _ => (),
    }
    PsshBox {
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

fn widevine(data: &[u8], parent: &str, findings: &mut Findings) -> Option<Widevine> {
    let place = Place::file(format!("Widevine data in {parent}"));
    let read = WidevineData::parse(data);
    let read = read.map_err(|error| findings.error("widevine", &place, error));
    read.ok().map(Widevine::from)
}

fn object(data: &[u8], parent: &str, findings: &mut Findings) -> Option<Object> {
    let place = Place::file(format!("PlayReady Object in {parent}"));
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
    let records = object.records().iter().map(|record| ObjectRecord {
        number: record.kind.number(),
        size: record.value.len(),
    });
    let place = Place::file(format!("PlayReady Header in {parent}"));
    Some(Object {
        records: records.collect(),
        header: header.map(|header| self::header(header, &place, findings)),
    })
}

fn header(found: FoundHeader, place: &Place, findings: &mut Findings) -> PlayReadyHeaderReport {
    for deviation in &found.deviations {
        match report::is_violation(deviation) {
            true => findings.error("header", place, deviation),
            false => findings.note("header-long", place, deviation),
        }
    }
    PlayReadyHeaderReport::from(found)
}
