// SPDX-License-Identifier: MPL-2.0
//! The signaling of a DRM system in a form that can be stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use playready_header::PlayReadyObject;
use serde::{Deserialize, Serialize};

use super::system_facts::DrmData;
use super::{Drm, SourceTexts, System};

/// A [`Drm`] as text, for a file from which a program goes on. It has no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrmRecord {
    /// The SystemID as a UUID.
    system_id: String,
    /// True if the system is known by more than its `pssh` box.
    is_known: bool,
    /// Base64.
    pssh: Option<String>,
    kids: Vec<String>,
    /// The PlayReady Object in base64.
    object: Option<String>,
    license_url: Option<String>,
    source_texts: Option<SourceTexts>,
}

/// The reason why a [`DrmRecord`] is not valid.
#[derive(Debug, thiserror::Error)]
#[error("the stored signaling of a DRM system is damaged")]
pub struct DamagedRecord;

impl From<&Drm> for DrmRecord {
    fn from(drm: &Drm) -> Self {
        Self {
            system_id: uuid::Uuid::from_bytes(drm.system_id).to_string(),
            is_known: drm.system.is_some(),
            pssh: drm.data.pssh.as_ref().map(|pssh| STANDARD.encode(pssh)),
            kids: drm.data.kids.iter().map(ToString::to_string).collect(),
            object: drm.data.object.as_ref().map(PlayReadyObject::to_base64),
            license_url: drm.data.license_url.clone(),
            source_texts: drm.source_texts.clone(),
        }
    }
}

impl DrmRecord {
    /// Returns the signaling.
    ///
    /// # Errors
    /// [`DamagedRecord`].
    pub fn restore(&self) -> Result<Drm, DamagedRecord> {
        let system_id = self
            .system_id
            .parse::<uuid::Uuid>()
            .map_err(|_| DamagedRecord)?
            .into_bytes();
        let decode = |text: &String| STANDARD.decode(text).map_err(|_| DamagedRecord);
        let object = self.object.as_ref().map(decode).transpose()?;
        Ok(Drm {
            system_id,
            system: System::from_id(&system_id).filter(|_| self.is_known),
            data: DrmData {
                pssh: self.pssh.as_ref().map(decode).transpose()?,
                kids: self
                    .kids
                    .iter()
                    .map(|kid| kid.parse().map_err(|_| DamagedRecord))
                    .collect::<Result<_, _>>()?,
                object: object
                    .map(|object| PlayReadyObject::parse(&object).map_err(|_| DamagedRecord))
                    .transpose()?,
                license_url: self.license_url.clone(),
            },
            source_texts: self.source_texts.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use cenc_types::{KeyId, Scheme};

    use super::*;
    use crate::{DrmContent, PlayReadyContent};

    #[test]
    fn every_system_is_restored() {
        let kids = [1, 2].map(|byte| KeyId::from_bytes([byte; 16]));
        let content = DrmContent {
            kids: &kids,
            scheme: Scheme::Cenc,
            content_id: None,
            playready: PlayReadyContent::default(),
            clear_key_url: Some("https://keys.example/"),
        };
        let texts = SourceTexts {
            hls_media: vec!["#EXT-X-KEY:METHOD=SAMPLE-AES".to_owned()],
            ..SourceTexts::default()
        };
        let known = System::ALL
            .into_iter()
            .filter_map(|system| system.signal(&content).ok())
            .map(|drm| drm.with_source_texts(texts.clone()));
        let all: Vec<Drm> = known
            .chain([Drm::unknown([7; 16], b"whole".to_vec())])
            .collect();
        assert!(all.len() > 3);
        for drm in all {
            let text = serde_json::to_string(&DrmRecord::from(&drm)).unwrap();
            let record: DrmRecord = serde_json::from_str(&text).unwrap();
            assert_eq!(record.restore().unwrap(), drm);
        }
    }
}
