// SPDX-License-Identifier: MPL-2.0
//! Sources of keys by their locations.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::cenc::Scheme;

use super::cpix_file::{self, CpixFile};
use super::{Error, KeyFile, KeyProvider, KeyRing, file};

/// What a source must know of the content.
pub struct ContentRequest {
    /// Its id, as key servers and stores know it.
    pub content_id: Option<String>,
    /// The scheme of its tracks.
    pub scheme: Scheme,
    /// SystemIDs of the DRM systems whose signaling is wanted, in UUID order.
    pub systems: Vec<[u8; 16]>,
    /// How long each key is used, where keys change by themselves.
    pub crypto_period: Option<Duration>,
    /// Whether crypto periods count from 1970-01-01 UTC.
    pub by_clock: bool,
}

/// The source at a location: `file:///path/x.keys` or `.cpix`; `sqlite:///path/keys.db`, `postgresql://…` and `speke+https://…`
/// where the features are built in. It may read files, and makes a `.keys` file that does not exist.
///
/// # Errors
/// [`Error::BadUri`], [`Error::NoContentId`], and those of the source.
pub fn open(uri: &str, request: &ContentRequest) -> Result<Box<dyn KeyProvider>, Error> {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
        #[cfg(feature = "store")]
        Some("sqlite" | "postgresql" | "postgres") => {
            Ok(Box::new(super::store_keys::StoreKeys::open(uri, request)?))
        }
        #[cfg(feature = "speke")]
        Some("speke+http" | "speke+https") => {
            Ok(Box::new(super::speke_keys::SpekeKeys::open(uri, request)?))
        }
        _ => match cpix_path(uri) {
            Some(path) => Ok(Box::new(CpixFile::open(path, request.scheme)?)),
            None => Ok(Box::new(KeyFile::open_or_create(uri)?)),
        },
    }
}

/// All keys of a `.keys` or `.cpix` file, which must exist: for a decryptor.
///
/// # Errors
/// As [`open`].
pub fn load(uri: &str) -> Result<KeyRing, Error> {
    match cpix_path(uri) {
        Some(path) => cpix_file::load(&path),
        None => file::load(uri),
    }
}

fn cpix_path(uri: &str) -> Option<PathBuf> {
    let path = Url::parse(uri).ok().filter(|_| uri.starts_with("file:///"));
    let path = path?.to_file_path().ok()?;
    let ending = path.extension()?;
    (ending == "cpix" || ending == "xml").then_some(path)
}
