// SPDX-License-Identifier: MPL-2.0
//! A content's settings in JSON, and their entity tag (RFC 9110, 8.8.3).

use std::time::Duration;

use content_key_store::{Content, TrackLabel};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::names::{Name, SchemeName};
use crate::fingerprints::hex;
use crate::server::problem_details::FieldProblem;

/// The largest integer that all programs read from JSON exactly (RFC 8259, 6).
pub const LARGEST: u64 = (1 << 53) - 1;

/// The settings of a content for packagers.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The protection scheme.
    pub scheme: SchemeName,
    /// The version of the PlayReady Header; null for the one that the scheme needs.
    #[schema(example = "4.3.0.0")]
    #[serde(default)]
    header_version: Option<String>,
    /// The URL for licence acquisition (LA_URL).
    #[schema(example = "https://license.example.com/playready")]
    #[serde(default)]
    la_url: Option<String>,
    /// The URL of the licence page for people (LUI_URL).
    #[serde(default)]
    lui_url: Option<String>,
    /// The domain service id (DS_ID): base64, or a UUID.
    #[serde(default)]
    ds_id: Option<String>,
    /// The XML for CUSTOMATTRIBUTES.
    #[serde(default)]
    custom_attributes: Option<String>,
    /// The duration of a crypto period in milliseconds; null if keys do not change.
    #[schema(minimum = 1, maximum = 9007199254740991u64, example = 60000)]
    #[serde(default)]
    crypto_period_ms: Option<u64>,
    /// The key seed from which its keys are derived; null if they are random.
    #[serde(default)]
    seed: Option<String>,
    /// The tracks that have their own keys; if it is empty, all tracks share one key.
    #[serde(default)]
    tracks: Vec<TrackLabelView>,
    /// The targets that must have acknowledged a key before it becomes active.
    #[serde(default)]
    targets: Vec<String>,
    /// Warnings about settings that are allowed, but probably not intended. Only responses to PUT have them; they are ignored in requests.
    #[schema(read_only)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<FieldProblem>,
}

/// The tracks that share a key.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrackLabel)]
struct TrackLabelView {
    /// The selector of the tracks: `*`, `video`, `audio`, `text`, `sd`, `hd`, `uhd1`, `uhd2`, or `track:` and the track_ID.
    #[schema(example = "hd")]
    selector: String,
    /// The label of their key, which SPEKE calls the intended track type.
    #[schema(min_length = 1, max_length = 255, example = "HD")]
    label: String,
}

impl Settings {
    /// Makes the content.
    pub fn content(self, id: &str) -> Content {
        Content {
            header_version: self.header_version,
            la_url: self.la_url,
            lui_url: self.lui_url,
            ds_id: self.ds_id,
            custom_attributes: self.custom_attributes,
            crypto_period: self.crypto_period_ms.map(Duration::from_millis),
            seed: self.seed,
            tracks: self
                .tracks
                .into_iter()
                .map(|track| TrackLabel {
                    selector: track.selector,
                    label: track.label,
                })
                .collect(),
            targets: self.targets,
            ..Content::new(id, self.scheme.0)
        }
    }

    /// Adds warnings for a response.
    pub fn with_warnings(self, warnings: Vec<FieldProblem>) -> Self {
        Self { warnings, ..self }
    }

    /// Returns the entity tag of the settings.
    pub fn tag(&self) -> String {
        // 128 bits of the hash, as 32 digits.
        let text = serde_json::to_vec(self).unwrap_or_default();
        format!("\"{:.32}\"", hex(&Sha256::digest(&text)))
    }
}

impl From<Content> for Settings {
    fn from(content: Content) -> Self {
        Self {
            scheme: Name(content.scheme),
            header_version: content.header_version,
            la_url: content.la_url,
            lui_url: content.lui_url,
            ds_id: content.ds_id,
            custom_attributes: content.custom_attributes,
            crypto_period_ms: content
                .crypto_period
                .map(|period| u64::try_from(period.as_millis()).unwrap_or(u64::MAX)),
            seed: content.seed,
            tracks: content
                .tracks
                .into_iter()
                .map(|track| TrackLabelView {
                    selector: track.selector,
                    label: track.label,
                })
                .collect(),
            targets: content.targets,
            warnings: Vec::new(),
        }
    }
}
