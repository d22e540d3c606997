// SPDX-License-Identifier: MPL-2.0
//! Microsoft PlayReady.

use cenc_types::{KeyId, Pssh};
use playready_header::xml::Element;
use playready_header::{Header, HeaderFields, LicenseStore, PlayReadyObject, SYSTEM_ID};

use crate::system_facts::{DashChild, DrmContent, DrmData, HlsKey, SystemQuestions};
use crate::{Error, SystemFacts};

/// The row of PlayReady.
pub const FACTS: SystemFacts = SystemFacts {
    has_pssh: true,
    has_shared_session_key: true,
    questions: SystemQuestions {
        boxes: true,
        smooth: true,
        key_uri: false,
    },
    make,
    read: |data| {
        Some(DrmData {
            object: Some(PlayReadyObject::parse(data).ok()?),
            ..DrmData::default()
        })
    },
    dash_value: Some("MSPR 2.0"),
    dash_child: |data| data.object.as_ref().map(dash_child),
    hls_keys: |data, _| data.object.iter().map(hls_key).collect(),
    // A Smooth Streaming manifest must not carry licence stores.
    smooth: |data| Some(data.object.as_ref()?.without_license_stores().to_base64()),
    ..SystemFacts::new(u128::from_be_bytes(SYSTEM_ID), "PlayReady")
};

/// What PlayReady says of content.
#[derive(Debug, Clone, Default)]
pub struct PlayReadyContent {
    /// The header.
    pub header: HeaderFields,
    /// What stands beside the header.
    pub license_store: Option<LicenseStore>,
    /// The KIDs of a version 1 box; None makes one of version 0.
    pub listed: Option<Vec<KeyId>>,
}

/// The whole `pssh` box around an object; with KIDs it is of version 1.
///
/// # Errors
/// When it would be too long.
pub fn playready_pssh(
    object: &PlayReadyObject,
    kids: Option<Vec<KeyId>>,
) -> Result<Vec<u8>, isobmff_boxes::Error> {
    let pssh = Pssh {
        system_id: SYSTEM_ID,
        kids,
        data: object.to_bytes(),
    };
    pssh.to_bytes()
}

fn make(content: &DrmContent<'_>) -> Result<DrmData, Error> {
    let playready = &content.playready;
    let header = Header::new(playready.header.clone())?;
    let mut object = PlayReadyObject::with_header(&header)?;
    if let Some(store) = &playready.license_store {
        object.push_license_store(store.clone())?;
    }
    let pssh = playready_pssh(&object, playready.listed.clone());
    Ok(DrmData {
        pssh: Some(pssh.map_err(|_| Error::BoxTooLarge)?),
        kids: Vec::new(),
        object: Some(object),
    })
}

/// Microsoft's DASH specification 1.3 recommends box and object.
fn dash_child(object: &PlayReadyObject) -> DashChild {
    DashChild {
        prefix: "mspr",
        namespace: "urn:microsoft:playready",
        element: Element::of_text("mspr:pro", &object.to_base64()),
    }
}

fn hls_key(object: &PlayReadyObject) -> HlsKey {
    HlsKey {
        format: "com.microsoft.playready",
        uri: format!(
            "data:text/plain;charset=UTF-16;base64,{}",
            object.to_base64()
        ),
        key_id: None,
    }
}
