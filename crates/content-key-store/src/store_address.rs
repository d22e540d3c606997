// SPDX-License-Identifier: MPL-2.0
//! The address of a key store as users write it. It may say where the key-encryption key is: `?kek-file=/path` or
//! `?kek-credential=name`. Otherwise that is the systemd credential `playready-kek`, where the service has one, or the file beside
//! an SQLite store that has its name and `.kek` behind it.

use std::path::PathBuf;

use content_keys::Error;

use super::{KekSource, Location};

/// The systemd credential that is looked for.
const CREDENTIAL: &str = "playready-kek";

/// The address without what says where the key-encryption key is, and that key.
///
/// # Errors
/// [`Error::BadUri`], [`Error::NoKek`] for PostgreSQL when nothing says where it is.
pub fn store_address(uri: &str) -> Result<(String, KekSource), Error> {
    let (address, query) = uri.split_once('?').unwrap_or((uri, ""));
    let parts = query.split('&').filter(|part| !part.is_empty());
    let (ours, theirs): (Vec<&str>, Vec<&str>) = parts.partition(|part| part.starts_with("kek-"));
    let address = match theirs.as_slice() {
        [] => address.to_owned(),
        theirs => format!("{address}?{}", theirs.join("&")),
    };
    let mut given = url::form_urlencoded::parse(ours.first().unwrap_or(&"").as_bytes());
    let given = given.next();
    let kek = match given.as_ref().map(|(name, value)| (&**name, &**value)) {
        Some(("kek-file", path)) => KekSource::File(path.into()),
        Some(("kek-credential", name)) => KekSource::Credential(name.to_owned()),
        Some(_) => return Err(Error::BadUri),
        None => default_kek(&address)?,
    };
    Ok((address, kek))
}

fn default_kek(address: &str) -> Result<KekSource, Error> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    if credentials.is_some_and(|folder| folder.join(CREDENTIAL).exists()) {
        return Ok(KekSource::Credential(CREDENTIAL.to_owned()));
    }
    match Location::parse(address)? {
        Location::Sqlite(path) => {
            let mut name = path.into_os_string();
            name.push(".kek");
            Ok(KekSource::File(name.into()))
        }
        Location::Postgres(_) => Err(Error::NoKek),
    }
}
