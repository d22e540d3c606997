// SPDX-License-Identifier: MPL-2.0
//! Apple FairPlay Streaming, which finds keys by the URI in a playlist and has no `pssh`.

use cenc_types::{KeyId, Scheme};

use crate::system_facts::{HlsKey, RequestedSignaling, SystemFacts};

/// The row of FairPlay.
pub const FACTS: SystemFacts = SystemFacts {
    only_scheme: Some(Scheme::Cbcs),
    requested: RequestedSignaling {
        boxes: false,
        smooth: false,
        key_uri: true,
    },
    hls_keys: |data, _| data.kids.iter().map(hls_key).collect(),
    ..SystemFacts::new(0x94ce86fb_07ff_4f43_adb8_93d2fa968ca2, "FairPlay")
};

fn hls_key(kid: &KeyId) -> HlsKey {
    HlsKey {
        format: "com.apple.streamingkeydelivery",
        uri: format!("skd://{kid}"),
        key_id: None,
    }
}
