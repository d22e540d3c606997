// SPDX-License-Identifier: MPL-2.0
//! `.keys` files: one key per line, `selector[@period] kid key [iv]`; `#` starts a comment. A selector with `@N` is for crypto
//! period N only.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;
use zeroize::Zeroizing;

use cenc_types::{ContentKey, Iv, KeyId, decode_hex};

use super::error::LineError;
use super::{Error, KeyEntry, KeyProvider, KeyRing, PeriodKeys};
use host_access::{Host, Random, SecretFileError, SecretFiles, push_hex};

/// The keys of the `.keys` file that `uri` names, which must exist.
///
/// # Errors
/// As [`KeyFile::open_or_create`].
pub(super) fn load(uri: &str, files: &dyn SecretFiles) -> Result<KeyRing, Error> {
    read(&path_of(uri)?, files)
}

/// A `.keys` file as a source: it is read again when a crypto period comes that it had no keys for, so that keys can be added
/// while the stream runs.
pub struct KeyFile {
    path: PathBuf,
    keys: Arc<PeriodKeys>,
    files: Arc<dyn SecretFiles>,
}

impl KeyFile {
    /// The `.keys` file that `uri` names. A file that does not exist is made: one random KID and key for every track, readable by its owner only, and safely on disk when this returns.
    ///
    /// # Errors
    /// [`Error::BadUri`], [`Error::Line`] with the line's number,
    /// [`Error::File`].
    pub fn open_or_create(uri: &str, host: &Host) -> Result<Self, Error> {
        let path = path_of(uri)?;
        let files = Arc::clone(&host.files);
        let keys = match read(&path, &*files) {
            Err(Error::File(SecretFileError::File { source, .. }))
                if source.kind() == io::ErrorKind::NotFound =>
            {
                files.create(&path, &new_line(&*host.random)?)?;
                read(&path, &*files)?
            }
            keys => keys?,
        };
        let keys = Arc::new(keys.into());
        Ok(Self { path, keys, files })
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

fn path_of(uri: &str) -> Result<PathBuf, Error> {
    // Only absolute paths: Url reads file:x.keys as one below the root.
    let url = Some(uri).filter(|uri| uri.starts_with("file:///"));
    let path = url.and_then(|url| Url::parse(url).ok()?.to_file_path().ok());
    // Other endings are other formats, which must not be made as this one.
    let path = path.filter(|path| path.extension().is_some_and(|ending| ending == "keys"));
    path.ok_or(Error::BadUri)
}

fn read(path: &Path, files: &dyn SecretFiles) -> Result<KeyRing, Error> {
    parse(&files.read(path)?).map_err(|(line, reason)| Error::Line {
        path: path.to_owned(),
        line,
        reason,
    })
}

fn parse(text: &str) -> Result<KeyRing, (usize, LineError)> {
    let mut ring = KeyRing::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let added = parse_line(&words).and_then(|entry| ring.add(entry));
        added.map_err(|reason| (index + 1, reason))?;
    }
    Ok(ring)
}

fn parse_line(words: &[&str]) -> Result<KeyEntry, LineError> {
    let (selector, kid, key, iv) = match *words {
        [selector, kid, key] => (selector, kid, key, None),
        [selector, kid, key, iv] => (selector, kid, key, Some(iv)),
        _ => return Err(LineError::Words(words.len())),
    };
    let iv = iv.map(|iv| {
        let bytes = decode_hex(iv).ok_or(cenc_types::Error::BadIv)?;
        Iv::new(&bytes)
    });
    let (selector, period) = match selector.split_once('@') {
        None => (selector, None),
        Some((selector, period)) => {
            let period = period.parse().map_err(|_| LineError::Selector)?;
            (selector, Some(period))
        }
    };
    Ok(KeyEntry {
        period,
        selector: selector.parse()?,
        kid: kid.parse()?,
        key: ContentKey::parse(key)?,
        iv: iv.transpose()?,
    })
}

/// A line with a new KID and key for every track.
fn new_line(random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (kid, key) = (KeyId::generate(random)?, ContentKey::generate(random)?);
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    line.extend_from_slice(b"# selector kid key [iv]\n* ");
    line.extend_from_slice(kid.to_string().as_bytes());
    line.push(b' ');
    push_hex(&mut line, key.as_bytes());
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests;
