// SPDX-License-Identifier: MPL-2.0
//! The address of a key store in the form that users write. It may name the source of the key-encryption key: `?kek-file=/path` or
//! `?kek-credential=name`. Otherwise the source is the systemd credential `playready-kek`, if the service has one, or the file next
//! to a SQLite store that has its name with `.kek` appended.

use std::path::PathBuf;
use std::str::FromStr;

use content_keys::Error;

use super::{KekSource, Location};

/// The default systemd credential.
const CREDENTIAL: &str = "playready-kek";

/// The address of a key store, read from the form that users write.
///
/// ```
/// use content_key_store::{KekSource, StoreAddress};
///
/// let address: StoreAddress = "postgresql://keys@db/keys?sslmode=require&kek-file=/etc/keys/kek".parse()?;
/// assert_eq!(address.uri, "postgresql://keys@db/keys?sslmode=require");
/// assert!(matches!(address.kek, KekSource::File(path) if path.as_os_str() == "/etc/keys/kek"));
/// # Ok::<(), content_keys::Error>(())
/// ```
pub struct StoreAddress {
    /// The URI for [`KeyStore::open`](super::KeyStore::open), without the options `kek-…`.
    pub uri: String,
    /// The source of the key-encryption key.
    pub kek: KekSource,
}

impl FromStr for StoreAddress {
    type Err = Error;

    /// Reads an address.
    ///
    /// # Errors
    /// [`Error::BadUri`], [`Error::NoKek`] for PostgreSQL without a source of the key-encryption key, and an error that says so where
    /// PostgreSQL is not built in.
    fn from_str(address: &str) -> Result<Self, Error> {
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let (kek_options, others): (Vec<&str>, Vec<&str>) = query
            .split('&')
            .filter(|option| !option.is_empty())
            .partition(|option| option.starts_with("kek-"));
        let uri = match others.as_slice() {
            [] => base.to_owned(),
            others => format!("{base}?{}", others.join("&")),
        };
        let kek_option =
            url::form_urlencoded::parse(kek_options.first().unwrap_or(&"").as_bytes()).next();
        let kek = match kek_option.as_ref().map(|(name, value)| (&**name, &**value)) {
            Some(("kek-file", path)) => KekSource::File(path.into()),
            Some(("kek-credential", name)) => KekSource::Credential(name.to_owned()),
            Some(_) => return Err(Error::BadUri),
            None => default_kek(&uri)?,
        };
        Ok(Self { uri, kek })
    }
}

fn default_kek(uri: &str) -> Result<KekSource, Error> {
    if std::env::var_os("CREDENTIALS_DIRECTORY")
        .is_some_and(|folder| PathBuf::from(folder).join(CREDENTIAL).exists())
    {
        return Ok(KekSource::Credential(CREDENTIAL.to_owned()));
    }
    match Location::parse(uri)? {
        Location::Sqlite(path) => {
            let mut name = path.into_os_string();
            name.push(".kek");
            Ok(KekSource::File(name.into()))
        }
        // Another address would not help.
        Location::Postgres(_) if !cfg!(feature = "postgres") => {
            Err(crate::Error::NoPostgres.into())
        }
        Location::Postgres(_) => Err(Error::NoKek),
    }
}
