// SPDX-License-Identifier: MPL-2.0
//! Google Widevine.

use cenc_types::{KeyId, Pssh};

use super::WidevineData;
use crate::system_facts::{DrmContent, DrmData, HlsKey};
use crate::{Error, Playlist, SystemFacts, base64};

/// The row of Widevine.
pub const FACTS: SystemFacts = SystemFacts {
    has_pssh: true,
    make,
    read: |data| Some(DrmData::from_kids(&WidevineData::parse(data).ok()?.key_ids)),
    hls_keys,
    ..SystemFacts::new(0xedef8ba9_79d6_4ace_a3c8_27dcd51d21ed, "Widevine")
};

/// Creates a version 0 box: the KIDs are in its data, and old clients support no other version.
fn make(content: &DrmContent<'_>) -> Result<DrmData, Error> {
    let kids = content.kids.to_vec();
    let data = WidevineData {
        key_ids: kids.clone(),
        protection_scheme: Some(*content.scheme.fourcc()),
        content_id: content.content_id.map(|id| id.as_bytes().to_vec()),
        ..WidevineData::default()
    };
    let pssh = Pssh {
        system_id: FACTS.id,
        kids: None,
        data: data.to_bytes(),
    };
    Ok(DrmData {
        pssh: Some(pssh.to_bytes().map_err(|_| Error::BoxTooLarge)?),
        kids,
        ..DrmData::default()
    })
}

/// Returns a key for each KID. They all have one URI, which RFC 8216, 4.3.4.5 allows once in a multivariant playlist.
fn hls_keys(data: &DrmData, playlist: Playlist) -> Vec<HlsKey> {
    let key = |key_id: Option<KeyId>| HlsKey {
        format: "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
        uri: format!(
            "data:text/plain;base64,{}",
            base64(data.pssh.as_deref().unwrap_or_default())
        ),
        key_id,
    };
    match (playlist, data.kids.as_slice()) {
        (_, []) | (Playlist::Multivariant, [_, _, ..]) => vec![key(None)],
        (_, kids) => kids.iter().map(|kid| key(Some(*kid))).collect(),
    }
}
