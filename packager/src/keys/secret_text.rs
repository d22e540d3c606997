// SPDX-License-Identifier: MPL-2.0
//! Reads keys and documents from a file or from standard input.

use std::io::Read;
use std::path::Path;

use host_access::{Host, decode_text};
use zeroize::Zeroizing;

/// The longest text that is read from standard input, in bytes.
const MAX_INPUT: u64 = 1 << 20;

/// Errors of reading a secret text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read, or other users can read it.
    #[error(transparent)]
    File(#[from] host_access::SecretFileError),
    /// Standard input cannot be read, or is too long.
    #[error("standard input: {0}")]
    Input(#[source] std::io::Error),
}

/// Reads a file that other users cannot read, or up to 1 MiB of standard input if `path` is `-`.
///
/// # Errors
/// [`Error`].
pub fn read(path: &Path, host: &Host) -> Result<Zeroizing<String>, Error> {
    if path != Path::new("-") {
        return Ok(host.files.read(path)?);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    std::io::stdin()
        .lock()
        .take(MAX_INPUT + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::Input)?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(Error::Input(std::io::ErrorKind::FileTooLarge.into()));
    }
    decode_text(&bytes).ok_or_else(|| Error::Input(std::io::ErrorKind::InvalidData.into()))
}
