// SPDX-License-Identifier: MPL-2.0
//! CPIX documents of any bytes, and what is written from them.

use cpix::{ContentProtection, Document, Position, TrackFacts, TrackKind, Version};

/// Reads `data` as a document, writes it in every version that can hold it, and asks for keys.
pub fn cpix(data: &[u8]) {
    let Ok(document) = Document::from_bytes(data) else {
        return;
    };
    for version in [Version::Speke1, Version::V2_3, Version::V2_4] {
        let Ok(written) = document.to_xml(version) else {
            continue;
        };
        let again = Document::from_bytes_within(written.as_bytes(), 4 * Document::MAX_LEN)
            .expect("it is ours");
        assert_eq!(again.drm_systems, document.drm_systems);
        assert_eq!(again.periods, document.periods);
        assert_eq!(again.usage_rules, document.usage_rules);
        assert_eq!(
            again.to_xml(version).expect("it was written before"),
            written
        );
    }
    for system in &document.drm_systems {
        // Whatever is inside is read without harm.
        let _ = system
            .content_protection
            .as_ref()
            .map(ContentProtection::pssh);
    }
    choose(&document);
}

fn choose(document: &Document) {
    for kind in [
        TrackKind::Audio { channels: Some(2) },
        TrackKind::Video {
            pixels: 2_073_600,
            frame_rate: None,
            hdr: Some(false),
            wcg: None,
        },
        TrackKind::Other,
    ] {
        let track = TrackFacts {
            kind,
            bitrate: None,
            labels: Vec::new(),
        };
        let period = document
            .period_at(Position::Index(1))
            .and_then(|period| period.id.as_deref());
        if let Ok(Some(key)) = document.key_for(&track, period) {
            assert!(document.usage_rules.iter().any(|rule| rule.kid == key.kid));
        }
    }
}
