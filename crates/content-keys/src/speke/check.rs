// SPDX-License-Identifier: MPL-2.0
//! Checks that a response must pass before any of it is used.

use cenc_types::Scheme;
use cpix::{Document, Period};

use super::{Error, KeyResponse, SpekeVersion};
use crate::signaling_check::{SignalingCheck, require};

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
    scheme: Scheme,
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
    for key in &received.content_keys {
        if let Some(stated) = key.other_scheme(scheme) {
            return Err(Error::Scheme {
                kid: key.kid,
                stated: stated.clone(),
                requested: scheme,
            });
        }
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
            key: response
                .keys
                .iter()
                .find(|key| key.kid == system.kid)
                .map(|key| &key.key),
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
