// SPDX-License-Identifier: MPL-2.0
//! The `pssh` boxes of a stream, and the PlayReady Object and Header in those of PlayReady.

use std::collections::HashMap;

use gstplayready::bmff::{BoxTree, FourCc, Reader};
use gstplayready::cenc::{Pssh, piff};
use gstplayready::playready::{
    Deviation, FoundHeader, PlayReadyObject, RecordKind, SYSTEM_ID, guid,
};
use uuid::Uuid;

use super::findings::{Findings, Place};
use super::report::{Header, HeaderKeyId, Object, ObjectRecord, PsshBox};

/// The most different boxes that are kept; with a key for every fragment a day has more.
const MAX_BOXES: usize = 4096;

/// Systems by name; the SystemIDs are registered with DASH-IF.
const SYSTEMS: [(&str, &str); 6] = [
    ("9a04f079-9840-4286-ab92-e65be0885f95", "PlayReady"),
    ("edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "Widevine"),
    (
        "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b",
        "W3C common (Clear Key)",
    ),
    ("94ce86fb-07ff-4f43-adb8-93d2fa968ca2", "FairPlay"),
    ("5e629af5-38da-4063-8977-97ffbd9902d4", "Marlin"),
    ("adb41c24-2dbf-4a6d-958b-4457c0d27b95", "Nagra"),
];

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
            if child.box_type == FourCc::PSSH || child.uuid == Some(piff::PSSH) {
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
    let system_id = Uuid::from_bytes(pssh.system_id).to_string();
    let system = SYSTEMS.iter().find(|(id, _)| *id == system_id);
    let is_playready = pssh.system_id == SYSTEM_ID;
    PsshBox {
        place: parent.to_owned(),
        count: 1,
        system_id,
        system: system.map(|(_, name)| *name),
        version: u8::from(pssh.kids.is_some()),
        kids: pssh.kids.clone().unwrap_or_default(),
        data_size: pssh.data.len(),
        playready: is_playready
            .then(|| object(&pssh.data, parent, findings))
            .flatten(),
    }
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

fn header(found: FoundHeader, place: &Place, findings: &mut Findings) -> Header {
    for deviation in &found.deviations {
        match deviation {
            Deviation::LongHeader(_) | Deviation::LongCustomAttributes(_) => {
                findings.note("header-long", place, deviation);
            }
            _ => findings.error("header", place, deviation),
        }
    }
    let key_ids = found.key_ids.into_iter().map(|key| HeaderKeyId {
        kid: key.kid,
        playready_order: guid::to_base64(&key.kid),
        algorithm: key.algorithm,
        checksum: key.checksum,
    });
    Header {
        version: found.version.name(),
        key_ids: key_ids.collect(),
        la_url: found.la_url,
        lui_url: found.lui_url,
        ds_id: found.ds_id,
        custom_attributes: found.custom_attributes,
        decryptor_setup: found.decryptor_setup,
        license_requested: found.license_requested,
    }
}
