// SPDX-License-Identifier: MPL-2.0
//! Checks that a response must pass before any of it is used.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::{CipherMode, Pssh};
use cpix::{Document, DrmSystem, Period};
use playready_header::header::FoundKeyId;
use playready_header::{PlayReadyObject, SYSTEM_ID as PLAYREADY, checksum};

use super::{Error, KeyResponse, ResponseKey, SpekeVersion};

/// Checks that the X-Speke-Version header, which exists from version 2 on, is that of the request.
pub(super) fn check_version(sent: SpekeVersion, received: Option<&str>) -> Result<(), Error> {
    match sent {
        SpekeVersion::V1_0 => Ok(()),
        SpekeVersion::V2_0 | SpekeVersion::V2_1 => require(
            received == Some(sent.number()),
            Error::Echo("X-Speke-Version header"),
        ),
    }
}

/// Checks that content id, CPIX version, schemes and periods are those of the request.
pub(super) fn check_echo(
    version: SpekeVersion,
    sent: &Document,
    received: &Document,
) -> Result<(), Error> {
    require(
        received.content_id == sent.content_id,
        Error::Echo("content id"),
    )?;
    let cpix_version = version.cpix().number();
    require(
        cpix_version.is_none() || received.version.as_deref() == cpix_version,
        Error::Echo("CPIX version"),
    )?;
    if let Some(scheme) = sent.content_keys.iter().find_map(|key| key.scheme.as_ref()) {
        require(
            received
                .content_keys
                .iter()
                .all(|key| key.scheme.as_ref().is_none_or(|own| own == scheme)),
            Error::Echo("encryption scheme"),
        )?;
    }
    let period_facts = |period: &Period| (period.id.clone(), period.index, period.bounds);
    require(
        sent.periods
            .iter()
            .map(period_facts)
            .eq(received.periods.iter().map(period_facts)),
        Error::Echo("crypto period"),
    )
}

/// Checks that boxes and PlayReady Objects are complete and belong to their key and DRM system.
pub(super) fn check_signaling(response: &KeyResponse) -> Result<(), Error> {
    for system in &response.systems {
        SignalingCheck {
            system,
            // The value of a root key is not requested, so it has no key to compare with.
            key: response.keys.iter().find(|key| key.kid == system.kid),
            mode: response.scheme.cipher_mode(),
        }
        .check()
        .map_err(|reason| Error::Signaling {
            kid: system.kid,
            reason,
        })?;
    }
    Ok(())
}

/// The signaling of one DRM system for one KID, and the key and mode that it must fit.
struct SignalingCheck<'a> {
    system: &'a DrmSystem,
    key: Option<&'a ResponseKey>,
    mode: CipherMode,
}

impl SignalingCheck<'_> {
    fn check(&self) -> Result<(), &'static str> {
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

    /// Checks a PlayReady Object. One without a header, or with a header without KIDs, cannot be wrong.
    fn check_object(&self, object: &[u8]) -> Result<(), &'static str> {
        let key_ids = PlayReadyObject::parse(object)
            .map_err(|_| "the PlayReady Object is damaged")?
            .header()
            .map_err(|_| "the PlayReady Header cannot be read")?
            .map(|header| header.key_ids)
            .unwrap_or_default();
        if key_ids.is_empty() {
            return Ok(());
        }
        self.check_key(
            key_ids
                .iter()
                .find(|key_id| key_id.kid == self.system.kid)
                .ok_or("the PlayReady Header does not name the KID")?,
        )
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
            checksum.trim() == STANDARD.encode(checksum::aes_ctr(&key_id.kid, &key.key)),
            "CHECKSUM of the PlayReady Header is that of another key",
        )
    }
}

fn require<E>(holds: bool, error: E) -> Result<(), E> {
    if holds { Ok(()) } else { Err(error) }
}
