// SPDX-License-Identifier: MPL-2.0
//! The first administrator: a store without accounts gets one, with a token that is shown once or that the operator gives.

use std::collections::BTreeSet;

use gstplayready::keys::read_private;
use gstplayready::keys::store::{KeyStore, Role};

use super::app::{App, SERVER};
use super::args::ServeArgs;
use super::error::Error;

/// The first account's name.
const ADMIN: &str = "admin";

/// Lets the administrator in.
pub fn admit(app: &App, args: &ServeArgs) -> Result<(), Error> {
    let store = app.key_store().acting_for(SERVER)?;
    let is_first = store.accounts()?.is_empty();
    if is_first {
        store.put_account(ADMIN, &BTreeSet::from(Role::ALL), None)?;
    }
    match &args.admin_token_file {
        Some(path) => {
            let text = read_private(path).map_err(Error::TokenFile)?;
            store.put_token(ADMIN, "from --admin-token-file", text.trim())?;
        }
        None if is_first => show(&store, args)?,
        None => (),
    }
    Ok(())
}

/// On standard error and not in the log, which others collect and keep.
fn show(store: &KeyStore, args: &ServeArgs) -> Result<(), Error> {
    let (_, token) = store.new_token(ADMIN, "first start", None)?;
    eprintln!(
        "\n    Sign in at {}/ with this token, which is not shown again:\n\n        {}\n",
        args.public_url(),
        token.as_str()
    );
    Ok(())
}
