// SPDX-License-Identifier: MPL-2.0
//! A content's settings in JSON, and their entity tag (RFC 9110, 8.8.3).

use std::time::Duration;

use content_key_store::{Content, KeyStore};
use content_keys::Selector;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::names::{Name, SchemeName};
use crate::operations::preview::header_config;
use crate::server::problem_details::Problem;
use crate::server::service_errors::unprocessable;
use crate::targets::{self, TargetError};

/// The longest setting, in bytes.
const LONGEST: usize = 1 << 16;

/// The largest number that all programs read from JSON as it is (RFC 8259, 6).
pub const LARGEST: u64 = (1 << 53) - 1;

/// What packagers need to know of a content.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The protection scheme.
    pub scheme: SchemeName,
    /// Version of the PlayReady Header; null: as the scheme asks for.
    #[schema(example = "4.3.0.0")]
    #[serde(default)]
    header_version: Option<String>,
    /// URL where licences are acquired.
    #[schema(example = "https://license.example.com/playready")]
    #[serde(default)]
    la_url: Option<String>,
    /// URL of the page that people see.
    #[serde(default)]
    lui_url: Option<String>,
    /// Domain service id: base64, or a UUID.
    #[serde(default)]
    ds_id: Option<String>,
    /// XML for CUSTOMATTRIBUTES.
    #[serde(default)]
    custom_attributes: Option<String>,
    /// How long a key is used, in milliseconds; null: keys do not change.
    #[schema(minimum = 1, maximum = 9007199254740991u64, example = 60000)]
    #[serde(default)]
    crypto_period_ms: Option<u64>,
    /// The key seed from which its keys are derived; null: they are random.
    #[serde(default)]
    seed: Option<String>,
    /// Which tracks have keys of their own; none: one key for all.
    #[serde(default)]
    tracks: Vec<TrackLabel>,
    /// The targets that must have acknowledged a key before it becomes active.
    #[serde(default)]
    targets: Vec<String>,
}

/// The tracks that share a key.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TrackLabel {
    /// Which ones: `*`, `video`, `audio`, `text`, `sd`, `hd`, `uhd1`, `uhd2`, or `track:` and the track_ID.
    #[schema(example = "hd")]
    selector: String,
    /// What their key is labelled; SPEKE calls it the intended track type.
    #[schema(min_length = 1, max_length = 255, example = "HD")]
    label: String,
}

impl Settings {
    /// The content, if its settings can be used.
    ///
    /// # Errors
    /// 422, with the setting that cannot.
    pub fn content(self, store: &KeyStore, id: &str) -> Result<Content, Problem> {
        self.check(store)?;
        let tracks = self.tracks.into_iter();
        let content = Content {
            header_version: self.header_version,
            la_url: self.la_url,
            lui_url: self.lui_url,
            ds_id: self.ds_id,
            custom_attributes: self.custom_attributes,
            crypto_period: self.crypto_period_ms.map(Duration::from_millis),
            seed: self.seed,
            tracks: tracks.map(|track| (track.selector, track.label)).collect(),
            targets: self.targets,
            ..Content::new(id, self.scheme.0)
        };
        header_config(&content)?;
        Ok(content)
    }

    fn check(&self, store: &KeyStore) -> Result<(), Problem> {
        let texts = [&self.la_url, &self.lui_url, &self.custom_attributes];
        let is_bad = |text: &String| text.len() > LONGEST || text.contains('\0');
        if texts.into_iter().flatten().any(is_bad) {
            return Err(unprocessable("a setting is no text of up to 64 KiB"));
        }
        let lengths = 1..=LARGEST;
        if self
            .crypto_period_ms
            .is_some_and(|length| !lengths.contains(&length))
        {
            return Err(unprocessable(
                "a crypto period has 1 to 2^53 - 1 milliseconds; null: keys do not change",
            ));
        }
        let mut seen = Vec::new();
        for TrackLabel { selector, .. } in &self.tracks {
            let is_known = selector.parse::<Selector>().is_ok();
            if !is_known || seen.contains(&selector) {
                return Err(unprocessable(
                    "each track has a selector of its own: *, video, audio, text, sd, hd, uhd1, uhd2, or track:N",
                ));
            }
            seen.push(selector);
        }
        let known = targets::list(store)?;
        let is_unknown = |name: &&String| !known.iter().any(|target| target.name == **name);
        match self.targets.iter().find(is_unknown) {
            // Nobody would bring the keys there, and none of them would ever become active.
            Some(name) => Err(unprocessable(
                TargetError::NoTarget(name.clone()).to_string(),
            )),
            None => Ok(()),
        }
    }

    /// The tag of these settings.
    pub fn tag(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let digest = Sha256::digest(&text);
        let digest = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        format!("\"{}\"", digest.collect::<String>())
    }
}

impl From<Content> for Settings {
    fn from(content: Content) -> Self {
        let tracks = content.tracks.into_iter();
        let period = content.crypto_period;
        Self {
            scheme: Name(content.scheme),
            header_version: content.header_version,
            la_url: content.la_url,
            lui_url: content.lui_url,
            ds_id: content.ds_id,
            custom_attributes: content.custom_attributes,
            crypto_period_ms: period
                .map(|period| u64::try_from(period.as_millis()).unwrap_or(u64::MAX)),
            seed: content.seed,
            tracks: tracks
                .map(|(selector, label)| TrackLabel { selector, label })
                .collect(),
            targets: content.targets,
        }
    }
}
