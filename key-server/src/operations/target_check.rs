// SPDX-License-Identifier: MPL-2.0
//! Checks of a target's settings before they are stored, without connecting to it.

use content_key_store::KeyStore;
use key_http_client::{Error as HttpError, Server};
use zeroize::Zeroizing;

use super::finding::{Finding, Findings};
use crate::delivery::{self, Credentials, Handoff, Reach, Target};
use crate::targets::{self, TargetError, TargetSettings};

/// Returns all findings about a target with its new credentials; None for those that it keeps. `reach` says in which
/// networks targets may be.
///
/// # Errors
/// If the store fails.
pub fn check(
    store: &KeyStore,
    settings: &TargetSettings,
    credentials: Option<&Zeroizing<String>>,
    reach: Reach,
) -> Result<Vec<Finding>, content_key_store::Error> {
    let mut findings = Findings::default();
    if let Err(error) = targets::check(settings) {
        findings.error("url", &error);
        return Ok(findings.0);
    }
    match handoff(store, settings, credentials) {
        Err(
            delivery::Error::Store(error) | delivery::Error::Settings(TargetError::Store(error)),
        ) => return Err(error),
        Err(error) => findings.error(field(&error), &error),
        Ok(handoff) => {
            for warning in handoff.warnings() {
                findings.warning("url", &warning);
            }
            if reach == Reach::PublicOnly
                && Server::at(&settings.url).is_ok_and(|server| server.has_private_address())
            {
                findings.warning(
                    "url",
                    &"its address is not public, so no key will be delivered to it: start the server with --allow-private-targets",
                );
            }
        }
    }
    Ok(findings.0)
}

/// Makes the target as deliveries do.
fn handoff(
    store: &KeyStore,
    settings: &TargetSettings,
    credentials: Option<&Zeroizing<String>>,
) -> Result<Handoff, delivery::Error> {
    let keeps = match targets::get(store, &settings.name) {
        Err(TargetError::NoTarget(_)) => false,
        known => known?.keeps_credentials(settings) && credentials.is_none(),
    };
    let mut target = Target::from_store(
        store,
        &TargetSettings {
            has_credentials: keeps,
            ..settings.clone()
        },
    )?;
    if let Some(text) = credentials.filter(|text| !text.is_empty()) {
        target.credentials = Some(Credentials::Text(text.clone()));
    }
    Handoff::new(store, &[target])
}

/// Returns the field of a fault.
const fn field(error: &delivery::Error) -> &'static str {
    match error {
        delivery::Error::Timeout(_) => "timeout",
        delivery::Error::Recipient { .. } => "certificate",
        delivery::Error::Name(_) => "name",
        delivery::Error::Server {
            source: HttpError::Credentials { .. },
            ..
        } => "credentials",
        _ => "url",
    }
}
