// SPDX-License-Identifier: MPL-2.0
//! The first administrator: a store without accounts gets one, with a token that is shown once or that the operator gives.

use std::collections::BTreeSet;

use content_key_store::KeyStore;

use super::app::{App, SERVER};
use super::error::Error;
use super::settings::ServerSettings;
use crate::accounts::{self, Role};
use crate::tokens;

/// The first account's name.
const ADMIN: &str = "admin";

/// Lets the administrator in.
pub fn admit(app: &App, settings: &ServerSettings) -> Result<(), Error> {
    let store = app.key_store().acting_for(SERVER)?;
    let is_first = accounts::list(&store)?.is_empty();
    if is_first {
        accounts::put(&store, ADMIN, &BTreeSet::from(Role::ALL), None)?;
    }
    match &settings.admin_token_file {
        Some(path) => {
            let text = store.host().files.read(path).map_err(Error::TokenFile)?;
            tokens::add(&store, ADMIN, "from --admin-token-file", text.trim())?;
        }
        None if is_first => show(&store, settings)?,
        None => (),
    }
    Ok(())
}

/// On standard error and not in the log, which others collect and keep.
fn show(store: &KeyStore, settings: &ServerSettings) -> Result<(), Error> {
    let (_, token) = tokens::issue(store, ADMIN, "first start", None)?;
    eprintln!(
        "\n    Sign in at {}/ with this token, which is not shown again:\n\n        {}\n",
        settings.public_url(),
        token.as_str()
    );
    Ok(())
}
