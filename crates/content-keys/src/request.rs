// SPDX-License-Identifier: MPL-2.0
//! The content that keys are requested for, and keys in files.

use std::path::PathBuf;
use std::time::Duration;

use cenc_types::Scheme;
use cpix::{Bounds, Offset, Timestamp};
use host_access::{Host, SecretFiles};
use url::Url;

use super::{CpixFile, Error, KeyFile, KeyProvider, KeyRing, cpix_file, file};

/// The facts of a content that a source needs to find its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRequest {
    /// The content id of key servers and stores.
    pub content_id: Option<String>,
    /// The scheme of its tracks.
    pub scheme: Scheme,
    /// SystemIDs of the DRM systems whose signaling is wanted, in UUID order.
    pub systems: Vec<[u8; 16]>,
    /// The length of a crypto period, where keys rotate.
    pub crypto_period: Option<Duration>,
    /// True if crypto periods are counted from 1970-01-01 UTC.
    pub by_clock: bool,
}

impl ContentRequest {
    /// Creates a request for keys that never change, from a source that knows one content only.
    pub const fn new(scheme: Scheme) -> Self {
        Self {
            content_id: None,
            scheme,
            systems: Vec::new(),
            crypto_period: None,
            by_clock: false,
        }
    }

    /// Returns the time of a crypto period, on the clock or from the start of the stream; None where periods have no length.
    pub(super) fn bounds(&self, period: u64) -> Option<Bounds> {
        let length = u64::try_from(self.crypto_period?.as_nanos()).ok()?;
        let start = period.checked_mul(length)?;
        let end = start.checked_add(length)?;
        if !self.by_clock {
            return Some(Bounds::Offset {
                start: Offset(start),
                end: Offset(end),
            });
        }
        Some(Bounds::Time {
            start: Timestamp(i64::try_from(start).ok()?),
            end: Timestamp(i64::try_from(end).ok()?),
        })
    }
}

/// Opens a `.keys`, `.cpix` or `.xml` (CPIX) file as a source. A `.keys` file that does not exist is created.
///
/// # Errors
/// [`Error::BadUri`], and those of the source.
pub fn open_key_file(
    uri: &str,
    request: &ContentRequest,
    host: &Host,
) -> Result<Box<dyn KeyProvider>, Error> {
    match cpix_path(uri) {
        Some(path) => Ok(Box::new(CpixFile::open(path, request, host)?)),
        None => Ok(Box::new(KeyFile::open_or_create(uri, host)?)),
    }
}

/// Checks that a URI is one that [`open_key_file`] takes, without opening the file.
///
/// # Errors
/// [`Error::BadUri`].
pub fn check_key_file_uri(uri: &str) -> Result<(), Error> {
    match cpix_path(uri) {
        Some(_) => Ok(()),
        None => file::file_path(uri).map(drop),
    }
}

/// Loads all keys of an existing `.keys`, `.cpix` or `.xml` (CPIX) file, for a decryptor.
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
    if !uri.starts_with("file:///") {
        return None;
    }
    let path = Url::parse(uri).ok()?.to_file_path().ok()?;
    path.extension()
        .is_some_and(|extension| extension == "cpix" || extension == "xml")
        .then_some(path)
}
