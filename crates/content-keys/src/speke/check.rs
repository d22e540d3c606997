// SPDX-License-Identifier: MPL-2.0
//! What an answer must keep before any of it is used.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::{CipherMode, Pssh};
use cpix::{Document, DrmSystem, Period};
use playready_header::header::FoundKeyId;
use playready_header::{PlayReadyObject, SYSTEM_ID as PLAYREADY, checksum};

use super::{Error, KeyResponse, ResponseKey, SpekeVersion};

/// X-Speke-Version comes back from version 2 on.
pub(super) fn version(asked: SpekeVersion, answered: Option<&str>) -> Result<(), Error> {
    match asked {
        SpekeVersion::V1_0 => Ok(()),
        SpekeVersion::V2_0 | SpekeVersion::V2_1 => require(
            answered == Some(asked.number()),
            Error::Echo("X-Speke-Version header"),
        ),
    }
}

/// Content id, CPIX version, schemes and periods are those of the request.
pub(super) fn echo(
    version: SpekeVersion,
    asked: &Document,
    answer: &Document,
) -> Result<(), Error> {
    require(
        answer.content_id == asked.content_id,
        Error::Echo("content id"),
    )?;
    let version = version.cpix().number();
    let same = version.is_none() || answer.version.as_deref() == version;
    require(same, Error::Echo("CPIX version"))?;
    let mut scheme = asked
        .content_keys
        .iter()
        .filter_map(|key| key.scheme.as_ref());
    if let Some(scheme) = scheme.next() {
        let mut keys = answer.content_keys.iter();
        let same = keys.all(|key| key.scheme.as_ref().unwrap_or(scheme) == scheme);
        require(same, Error::Echo("encryption scheme"))?;
    }
    let facts = |period: &Period| (period.id.clone(), period.index, period.bounds);
    let periods = asked.periods.iter().map(facts);
    let same = periods.eq(answer.periods.iter().map(facts));
    require(same, Error::Echo("crypto period"))
}

/// Boxes and PlayReady Objects are whole, and of the key and system that they stand for.
pub(super) fn signaling(answer: &KeyResponse) -> Result<(), Error> {
    for system in &answer.systems {
        // Root keys, whose value is not asked for, have none to compare with.
        let key = answer.keys.iter().find(|key| key.kid == system.kid);
        let checked = check_system(system, key, answer.scheme.cipher_mode());
        let kid = system.kid;
        checked.map_err(|reason| Error::Signaling { kid, reason })?;
    }
    Ok(())
}

fn check_system(
    system: &DrmSystem,
    key: Option<&ResponseKey>,
    mode: CipherMode,
) -> Result<(), &'static str> {
    let pssh = system.pssh.as_deref().filter(|pssh| !pssh.is_empty());
    if let Some(whole) = pssh {
        check_pssh(whole, system, key, mode)?;
    }
    if let Some(protection) = &system.content_protection {
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
    let smooth = system.smooth.as_deref().filter(|text| !text.is_empty());
    match smooth {
        Some(text) if system.system_id == PLAYREADY => {
            let object = STANDARD
                .decode(text)
                .map_err(|_| "the Smooth header is not base64")?;
            check_object(&object, system, key, mode)
        }
        Some(_) | None => Ok(()),
    }
}

fn check_pssh(
    whole: &[u8],
    system: &DrmSystem,
    key: Option<&ResponseKey>,
    mode: CipherMode,
) -> Result<(), &'static str> {
    let pssh = Pssh::from_bytes(whole).map_err(|_| "PSSH is not one whole pssh box")?;
    require(
        pssh.system_id == system.system_id,
        "PSSH is that of another DRM system",
    )?;
    let kids = pssh.kids.as_deref().unwrap_or_default();
    let named = kids.is_empty() || kids.contains(&system.kid);
    require(named, "PSSH does not name the KID")?;
    match system.system_id == PLAYREADY {
        true => check_object(&pssh.data, system, key, mode),
        false => Ok(()),
    }
}

/// A PlayReady Object; one without header, or a header without KID, says nothing that could be wrong.
fn check_object(
    object: &[u8],
    system: &DrmSystem,
    key: Option<&ResponseKey>,
    mode: CipherMode,
) -> Result<(), &'static str> {
    let object = PlayReadyObject::parse(object).map_err(|_| "the PlayReady Object is damaged")?;
    let header = object
        .header()
        .map_err(|_| "the PlayReady Header cannot be read")?;
    let kids = header.map(|header| header.key_ids).unwrap_or_default();
    if kids.is_empty() {
        return Ok(());
    }
    let found = kids.iter().find(|found| found.kid == system.kid);
    let found = found.ok_or("the PlayReady Header does not name the KID")?;
    check_key(found, key, mode)
}

fn check_key(
    found: &FoundKeyId,
    key: Option<&ResponseKey>,
    mode: CipherMode,
) -> Result<(), &'static str> {
    let fits = match found.algorithm.as_deref() {
        Some("AESCTR") => mode == CipherMode::Ctr,
        Some("AESCBC") => mode == CipherMode::Cbc,
        Some(_) | None => true,
    };
    require(
        fits,
        "ALGID of the PlayReady Header does not fit the scheme",
    )?;
    let (Some(text), Some(key), CipherMode::Ctr) = (&found.checksum, key, mode) else {
        return Ok(());
    };
    // Finds a KID in the wrong byte order, and keys that were mixed up.
    let expected = STANDARD.encode(checksum::aes_ctr(&found.kid, &key.key));
    require(
        text.trim() == expected,
        "CHECKSUM of the PlayReady Header is that of another key",
    )
}

fn require<E>(holds: bool, error: E) -> Result<(), E> {
    if holds { Ok(()) } else { Err(error) }
}
