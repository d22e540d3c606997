// SPDX-License-Identifier: MPL-2.0
//! The first start: a store without accounts gets an administrator, with a token that is shown once or read from a file.

use std::collections::BTreeSet;

use content_key_store::KeyStore;

use super::app::{App, SERVER};
use super::error::Error;
use super::settings::ServerSettings;
use crate::accounts::{self, Role};
use crate::tokens;

/// The first account's name.
const ADMIN: &str = "admin";

/// Makes the administrator of a new store, and adds the token of `--admin-token-file`.
pub fn add_admin(app: &App, settings: &ServerSettings) -> Result<(), Error> {
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
        None if is_first => show_token(&store, settings)?,
        None => (),
    }
    Ok(())
}

/// Shows a new token on standard error, and not in the log, which other programs collect and keep.
fn show_token(store: &KeyStore, settings: &ServerSettings) -> Result<(), Error> {
    let issued = tokens::issue(store, ADMIN, "first start", None)?;
    eprintln!(
        "\n    Sign in at {}/ with this token, which is not shown again:\n\n        {}\n",
        settings.public_url(),
        issued.token.as_str()
    );
    Ok(())
}
