// SPDX-License-Identifier: MPL-2.0
//! Keys and documents that commands take from a file or from standard input.

use std::io::Read;
use std::path::Path;

use host_access::Host;
use zeroize::Zeroizing;

/// The most bytes of standard input that are read.
const MAX_INPUT: u64 = 1 << 20;

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read, or others can read it.
    #[error(transparent)]
    File(#[from] host_access::SecretFileError),
    /// Standard input cannot be read, or is too long.
    #[error("standard input: {0}")]
    Input(#[source] std::io::Error),
}

/// The text of a file that others cannot read, or for `-` of standard input, up to 1 MiB.
///
/// # Errors
/// [`Error`].
pub fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    if path != Path::new("-") {
        return Ok(Host::system().files.read(path)?);
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let mut input = std::io::stdin().lock().take(MAX_INPUT + 1);
    input.read_to_string(&mut text).map_err(Error::Input)?;
    match text.len() as u64 > MAX_INPUT {
        true => Err(Error::Input(std::io::ErrorKind::FileTooLarge.into())),
        false => Ok(text),
    }
}
