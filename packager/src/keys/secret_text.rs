// SPDX-License-Identifier: MPL-2.0
//! Reads keys and documents from a file or from standard input.

use std::io::Read;
use std::path::Path;

use host_access::Host;
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
    let mut text = Zeroizing::new(String::with_capacity(4096));
    std::io::stdin()
        .lock()
        .take(MAX_INPUT + 1)
        .read_to_string(&mut text)
        .map_err(Error::Input)?;
    match text.len() as u64 > MAX_INPUT {
        true => Err(Error::Input(std::io::ErrorKind::FileTooLarge.into())),
        false => Ok(text),
    }
}
