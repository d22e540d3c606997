// SPDX-License-Identifier: MPL-2.0
//! `.keys` files: one key per line, `selector[@period] kid key [iv]`; `#` starts a comment. A selector with `@N` is for crypto
//! period N only. A line `selector clear` leaves tracks clear.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;
use zeroize::Zeroizing;

use cenc_types::{ContentKey, Iv, KeyId, decode_hex};

use super::error::LineError;
use super::{Error, KeyEntry, KeyProvider, KeyRing, PeriodKeys};
use host_access::{Host, Random, SecretFileError, SecretFiles, push_hex};

/// Loads the keys of an existing `.keys` file.
///
/// # Errors
/// As [`KeyFile::open_or_create`].
pub(super) fn load(uri: &str, files: &dyn SecretFiles) -> Result<KeyRing, Error> {
    read(&file_path(uri)?, files)
}

/// A `.keys` file as a source. The file is read again when it has no keys for a crypto period, so that keys can be added while the
/// stream runs.
pub struct KeyFile {
    path: PathBuf,
    keys: Arc<PeriodKeys>,
    files: Arc<dyn SecretFiles>,
}

impl KeyFile {
    /// Opens the `.keys` file at a `file:///` URI.
    ///
    /// A file that does not exist is created with one random KID and key for every track. Only its owner can read it, and it is safely
    /// on disk when this returns.
    ///
    /// # Errors
    /// [`Error::BadUri`], [`Error::Line`] with the line's number, [`Error::File`].
    pub fn open_or_create(uri: &str, host: &Host) -> Result<Self, Error> {
        let path = file_path(uri)?;
        let keys = match read(&path, &*host.files) {
            Err(Error::File(SecretFileError::File { source, .. }))
                if source.kind() == io::ErrorKind::NotFound =>
            {
                host.files.create(&path, &new_file(&*host.random)?)?;
                read(&path, &*host.files)?
            }
            keys => keys?,
        };
        Ok(Self {
            path,
            keys: Arc::new(keys.into()),
            files: Arc::clone(&host.files),
        })
    }
}

impl KeyProvider for KeyFile {
    fn rotates(&self) -> bool {
        self.keys.keys.rotates()
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        if !self.keys.keys.covers(period) {
            self.keys = Arc::new(read(&self.path, &*self.files)?.into());
        }
        match self.keys.keys.covers(period) {
            true => Ok(Arc::clone(&self.keys)),
            false => Err(Error::NoPeriod { period }),
        }
    }
}

pub(super) fn file_path(uri: &str) -> Result<PathBuf, Error> {
    // Url reads file:x.keys as a path below the root, so only absolute paths are accepted.
    Some(uri)
        .filter(|uri| uri.starts_with("file:///"))
        .and_then(|uri| Url::parse(uri).ok()?.to_file_path().ok())
        // Another extension is another format: such a file must not be created in this one.
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "keys")
        })
        .ok_or(Error::BadUri)
}

fn read(path: &Path, files: &dyn SecretFiles) -> Result<KeyRing, Error> {
    let mut ring = KeyRing::default();
    for (number, line) in (1..).zip(files.read(path)?.lines()) {
        let words: Vec<&str> = line
            .split_once('#')
            .map_or(line, |(before, _)| before)
            .split_whitespace()
            .collect();
        if words.is_empty() {
            continue;
        }
        add_line(&mut ring, &words).map_err(|reason| Error::Line {
            path: path.to_owned(),
            line: number,
            reason,
        })?;
    }
    Ok(ring)
}

fn add_line(ring: &mut KeyRing, words: &[&str]) -> Result<(), LineError> {
    let (selector, kid, key, iv) = match *words {
        [selector, "clear"] if selector.contains('@') => return Err(LineError::ClearPeriod),
        [selector, "clear"] => return ring.add_clear(selector.parse()?),
        [selector, kid, key] => (selector, kid, key, None),
        [selector, kid, key, iv] => (selector, kid, key, Some(parse_iv(iv))),
        _ => return Err(LineError::Words(words.len())),
    };
    let (selector, period) = match selector.split_once('@') {
        None => (selector, None),
        Some((selector, period)) => (
            selector,
            Some(period.parse().map_err(|_| LineError::Selector)?),
        ),
    };
    ring.add(KeyEntry {
        period,
        selector: selector.parse()?,
        kid: kid.parse()?,
        key: ContentKey::parse(key)?,
        iv: iv.transpose()?,
    })
}

fn parse_iv(text: &str) -> Result<Iv, cenc_types::Error> {
    Iv::new(&decode_hex(text).ok_or(cenc_types::Error::BadIv)?)
}

/// Writes a file with a new KID and key for every track.
fn new_file(random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut text = Zeroizing::new(Vec::with_capacity(256));
    text.extend_from_slice(b"# selector kid key [iv]\n* ");
    text.extend_from_slice(KeyId::generate(random)?.to_string().as_bytes());
    text.push(b' ');
    push_hex(&mut text, ContentKey::generate(random)?.as_bytes());
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests;
