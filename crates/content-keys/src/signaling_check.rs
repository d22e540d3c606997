// SPDX-License-Identifier: MPL-2.0
//! Checks that the signaling of a source fits its keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::{CipherMode, ContentKey, Pssh};
use cpix::DrmSystem;
use playready_header::header::FoundKeyId;
use playready_header::{PlayReadyObject, SYSTEM_ID as PLAYREADY, checksum};

/// The signaling of one DRM system for one KID, and the key and mode that it must fit.
pub(crate) struct SignalingCheck<'a> {
    pub(crate) system: &'a DrmSystem,
    pub(crate) key: Option<&'a ContentKey>,
    pub(crate) mode: CipherMode,
}

impl SignalingCheck<'_> {
    /// Checks that the boxes and objects are complete and belong to the system, the KID, the key and the mode.
    #[cfg(feature = "speke")]
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let pssh = self.system.pssh.as_deref().filter(|pssh| !pssh.is_empty());
        if let Some(pssh) = pssh {
            self.check_pssh(pssh)?;
        }
        if let Some(protection) = &self.system.content_protection {
            let inner = protection
                .pssh()
                .map_err(|_| "ContentProtectionData is not xml with base64 in cenc:pssh")?;
            if let (Some(inner), Some(outer)) = (inner, pssh) {
                require(
                    inner == outer,
                    "PSSH is not the one in ContentProtectionData",
                )?;
            }
        }
        match self.system.smooth.as_deref() {
            Some(text) if !text.is_empty() && self.is_playready() => self.check_object(
                &STANDARD
                    .decode(text)
                    .map_err(|_| "the Smooth header is not base64")?,
            ),
            Some(_) | None => Ok(()),
        }
    }

    fn is_playready(&self) -> bool {
        self.system.system_id == PLAYREADY
    }

    #[cfg(feature = "speke")]
    fn check_pssh(&self, pssh: &[u8]) -> Result<(), &'static str> {
        let pssh = Pssh::from_bytes(pssh).map_err(|_| "PSSH is not one whole pssh box")?;
        require(
            pssh.system_id == self.system.system_id,
            "PSSH is that of another DRM system",
        )?;
        let kids = pssh.kids.as_deref().unwrap_or_default();
        require(
            kids.is_empty() || kids.contains(&self.system.kid),
            "PSSH does not name the KID",
        )?;
        match self.is_playready() {
            true => self.check_object(&pssh.data),
            false => Ok(()),
        }
    }

    /// Checks the mode and the key in PlayReady's `pssh` box, where it names the KID.
    pub(crate) fn check_playready_key(&self) -> Result<(), &'static str> {
        self.system
            .pssh
            .as_deref()
            .filter(|_| self.is_playready())
            .and_then(|pssh| PlayReadyObject::parse(&Pssh::from_bytes(pssh).ok()?.data).ok())
            .and_then(|object| object.header().ok()?)
            .into_iter()
            .flat_map(|header| header.key_ids)
            .find(|key_id| key_id.kid == self.system.kid)
            .map_or(Ok(()), |key_id| self.check_key(&key_id))
    }

    /// Checks a PlayReady Object. One without a header, or with a header without KIDs, cannot be wrong.
    #[cfg(feature = "speke")]
    fn check_object(&self, object: &[u8]) -> Result<(), &'static str> {
        let key_ids = PlayReadyObject::parse(object)
            .map_err(|_| "the PlayReady Object is damaged")?
            .header()
            .map_err(|_| "the PlayReady Header cannot be read")?
            .map(|header| header.key_ids)
            .unwrap_or_default();
        match key_ids.iter().find(|key_id| key_id.kid == self.system.kid) {
            Some(key_id) => self.check_key(key_id),
            None if key_ids.is_empty() => Ok(()),
            None => Err("the PlayReady Header does not name the KID"),
        }
    }

    fn check_key(&self, key_id: &FoundKeyId) -> Result<(), &'static str> {
        require(
            match key_id.algorithm.as_deref() {
                Some("AESCTR") => self.mode == CipherMode::Ctr,
                Some("AESCBC") => self.mode == CipherMode::Cbc,
                Some(_) | None => true,
            },
            "ALGID of the PlayReady Header does not fit the scheme",
        )?;
        let (Some(checksum), Some(key), CipherMode::Ctr) = (&key_id.checksum, self.key, self.mode)
        else {
            return Ok(());
        };
        // Detects a KID in the wrong byte order, and keys that were mixed up.
        require(
            checksum.trim() == STANDARD.encode(checksum::aes_ctr(&key_id.kid, key)),
            "CHECKSUM of the PlayReady Header is that of another key",
        )
    }
}

pub(crate) fn require<E>(holds: bool, error: E) -> Result<(), E> {
    if holds { Ok(()) } else { Err(error) }
}
