// SPDX-License-Identifier: MPL-2.0
//! Microsoft PlayReady.

use cenc_types::{KeyId, Pssh};
use playready_header::xml::Element;
use playready_header::{Header, HeaderFields, LicenseStore, PlayReadyObject, SYSTEM_ID};

use crate::system_facts::{DashChild, DrmContent, DrmData, HlsKey, RequestedSignaling};
use crate::{Error, SystemFacts};

/// The row of PlayReady.
pub const FACTS: SystemFacts = SystemFacts {
    has_pssh: true,
    has_shared_session_key: true,
    requested: RequestedSignaling {
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

/// The PlayReady signaling of content.
#[derive(Debug, Clone, Default)]
pub struct PlayReadyContent {
    /// The header.
    pub header: HeaderFields,
    /// The licence store that the object has in addition to the header.
    pub license_store: Option<LicenseStore>,
    /// The KIDs of a version 1 `pssh` box; None for a version 0 box.
    pub listed: Option<Vec<KeyId>>,
}

/// Returns the complete `pssh` box with an object. It has version 1 if there are KIDs, and else version 0.
///
/// # Errors
/// If the box would be too long.
pub fn playready_pssh(
    object: &PlayReadyObject,
    kids: Option<Vec<KeyId>>,
) -> Result<Vec<u8>, isobmff_boxes::Error> {
    Pssh {
        system_id: SYSTEM_ID,
        kids,
        data: object.to_bytes(),
    }
    .to_bytes()
}

fn make(content: &DrmContent<'_>) -> Result<DrmData, Error> {
    let playready = &content.playready;
    let mut object = PlayReadyObject::with_header(&Header::new(playready.header.clone())?)?;
    if let Some(store) = &playready.license_store {
        object.push_license_store(store.clone())?;
    }
    Ok(DrmData {
        pssh: Some(
            playready_pssh(&object, playready.listed.clone()).map_err(|_| Error::BoxTooLarge)?,
        ),
        object: Some(object),
        ..DrmData::default()
    })
}

/// Returns the object. Microsoft's DASH specification 1.3 recommends it in addition to the box.
fn dash_child(object: &PlayReadyObject) -> DashChild {
    DashChild {
        prefix: "mspr",
        namespace: "urn:microsoft:playready",
        element: Element::of_text("mspr:pro", &object.to_base64()),
        names_keys: true,
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
