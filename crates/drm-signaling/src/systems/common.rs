// SPDX-License-Identifier: MPL-2.0
//! W3C common: only the KIDs, for any system, as the "cenc" Initialization Data Format defines it in clause 4.

use cenc_types::Pssh;

use crate::system_facts::{DrmContent, DrmData};
use crate::{Error, SystemFacts};

/// The row of W3C common.
pub const FACTS: SystemFacts = SystemFacts {
    has_pssh: true,
    make,
    read: |_| Some(DrmData::default()),
    ..SystemFacts::new(
        0x1077efec_c0b2_4d02_ace3_3c1e52e2fb4b,
        "W3C common (Clear Key)",
    )
};

fn make(content: &DrmContent<'_>) -> Result<DrmData, Error> {
    let pssh = Pssh {
        system_id: FACTS.id,
        kids: Some(content.kids.to_vec()),
        data: Vec::new(),
    };
    Ok(DrmData {
        pssh: Some(pssh.to_bytes().map_err(|_| Error::BoxTooLarge)?),
        ..DrmData::default()
    })
}
