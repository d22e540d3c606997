// SPDX-License-Identifier: MPL-2.0
//! The first start: a store without accounts gets an administrator, with a token that is shown once or read from a file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use content_key_store::KeyStore;

use super::app::{App, SERVER};
use super::error::Error;
use super::settings::ServerSettings;
use crate::accounts::{self, AccountError};
use crate::tokens;

/// The first account's name.
const ADMIN: &str = "admin";

/// Makes the administrator of a new store, or lets the one of `--admin-token-file` sign in again.
pub fn add_admin(app: &App, settings: &ServerSettings) -> Result<(), Error> {
    let store = app.key_store().acting_for(SERVER)?;
    if let Some(path) = &settings.admin_token_file {
        return take_token(&store, path);
    }
    if accounts::list(&store)?.is_empty() {
        accounts::restore_admin(&store, ADMIN)?;
        show_token(&store, settings)?;
    }
    Ok(())
}

/// Lets the administrator sign in with the token of a file. A missing file is created, and a token that was revoked, which stays so, is
/// replaced in the file.
fn take_token(store: &KeyStore, path: &Path) -> Result<(), Error> {
    if path
        .symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        create_token_file(store, path)?;
    }
    accounts::restore_admin(store, ADMIN)?;
    match add_token(store, path) {
        Err(Error::Account(AccountError::TokenEnded)) => {
            fs::remove_file(path).map_err(|source| Error::File {
                path: path.to_owned(),
                source,
            })?;
            create_token_file(store, path)?;
            add_token(store, path)
        }
        added => added,
    }
}

fn create_token_file(store: &KeyStore, path: &Path) -> Result<(), Error> {
    let mut line = tokens::generate(&*store.host().random)?;
    line.push('\n');
    store
        .host()
        .files
        .create(path, line.as_bytes())
        .map_err(Error::TokenFile)?;
    tracing::info!(file = %path.display(), "a new token of the administrator is in the file");
    Ok(())
}

fn add_token(store: &KeyStore, path: &Path) -> Result<(), Error> {
    let text = store.host().files.read(path).map_err(Error::TokenFile)?;
    tokens::add(store, ADMIN, "from --admin-token-file", text.trim())?;
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
