// SPDX-License-Identifier: MPL-2.0
//! Clear Key of DASH-IF (Guidelines-Security, ClearKey): the licence server gives the keys themselves, so it is for tests.
//!
//! It has no `pssh` box. The keys are requested by KID; where a client wants a box, W3C common is the one.

use cenc_types::KeyId;
use playready_header::xml::Element;

use crate::system_facts::{DashChild, DrmContent, DrmData, HlsKey, RequestedSignaling};
use crate::{SystemFacts, base64};

/// The row of Clear Key.
pub const FACTS: SystemFacts = SystemFacts {
    requested: RequestedSignaling::NOTHING,
    make: |content: &DrmContent<'_>| {
        Ok(DrmData {
            license_url: content.clear_key_url.map(str::to_owned),
            ..DrmData::from_kids(content.kids)
        })
    },
    dash_value: Some("ClearKey1.0"),
    dash_child: |data| data.license_url.as_deref().map(license_url),
    hls_keys: |data, _| data.kids.iter().map(hls_key).collect(),
    ..SystemFacts::new(0xe2719d58_a985_b3c9_781a_b030af78d30e, "Clear Key")
};

fn license_url(url: &str) -> DashChild {
    DashChild {
        prefix: "dashif",
        namespace: "https://dashif.org/CPS",
        element: Element::of_text("dashif:Laurl", url).with_attribute("licenseType", "EME-1.0"),
        names_keys: false,
    }
}

/// Returns the key as hls.js reads it: its format is the name of the key system, its URI has the 16 bytes of the KID. Apple's
/// specification has no such format, and the URL of the licence server is in the player's settings.
fn hls_key(kid: &KeyId) -> HlsKey {
    HlsKey {
        format: "org.w3.clearkey",
        uri: format!("data:text/plain;base64,{}", base64(kid.as_bytes())),
        key_id: None,
    }
}
