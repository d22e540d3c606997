// SPDX-License-Identifier: MPL-2.0
//! What a source is told of the content, and the keys of files.

use std::path::PathBuf;
use std::time::Duration;

use cenc_types::Scheme;
use host_access::{Host, SecretFiles};
use url::Url;

use super::{CpixFile, Error, KeyFile, KeyProvider, KeyRing, cpix_file, file};

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

/// The source in a `.keys` or `.cpix` file; a `.keys` file that does not exist is made.
///
/// # Errors
/// [`Error::BadUri`], and those of the source.
pub fn open_key_file(
    uri: &str,
    scheme: Scheme,
    host: &Host,
) -> Result<Box<dyn KeyProvider>, Error> {
    match cpix_path(uri) {
        Some(path) => Ok(Box::new(CpixFile::open(path, scheme, host)?)),
        None => Ok(Box::new(KeyFile::open_or_create(uri, host)?)),
    }
}

/// All keys of a `.keys` or `.cpix` file, which must exist: for a decryptor.
///
/// # Errors
/// As [`open_key_file`].
pub fn load_keys(uri: &str, files: &dyn SecretFiles) -> Result<KeyRing, Error> {
    match cpix_path(uri) {
        Some(path) => cpix_file::load(&path, files),
        None => file::load(uri, files),
    }
}

fn cpix_path(uri: &str) -> Option<PathBuf> {
    let path = Url::parse(uri).ok().filter(|_| uri.starts_with("file:///"));
    let path = path?.to_file_path().ok()?;
    let ending = path.extension()?;
    (ending == "cpix" || ending == "xml").then_some(path)
}
