// SPDX-License-Identifier: MPL-2.0
//! Keys and key seeds out of files: a command line shows them to every user of the machine.

use std::io::Read;
use std::path::{Path, PathBuf};

use cenc_types::ContentKey;
use host_access::Host;
use playready_header::KeySeed;
use zeroize::Zeroizing;

/// The most bytes of standard input that are read.
const MAX_INPUT: u64 = 1 << 20;

/// Why a file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read, or others can read it.
    #[error(transparent)]
    File(#[from] host_access::SecretFileError),
    /// Standard input cannot be read, or is too long.
    #[error("standard input: {0}")]
    Input(#[source] std::io::Error),
    /// It holds no key.
    #[error("key file {path}: {source}", path = .path.display())]
    Key {
        path: PathBuf,
        source: cenc_types::Error,
    },
    /// It holds no key seed.
    #[error("key seed file {path}: {source}", path = .path.display())]
    Seed {
        path: PathBuf,
        source: playready_header::Error,
    },
}

/// The content key in a file.
///
/// # Errors
/// [`Error`].
pub fn key(path: &Path) -> Result<ContentKey, Error> {
    ContentKey::parse(&Host::system().files.read(path)?).map_err(|source| Error::Key {
        path: path.to_owned(),
        source,
    })
}

/// What stands in a file that others cannot read, or for `-` on standard input, up to 1 MiB.
///
/// # Errors
/// [`Error::File`], [`Error::Input`].
pub fn text(path: &Path) -> Result<Zeroizing<String>, Error> {
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

/// The key seed in a file. It warns of the one that Microsoft published.
///
/// # Errors
/// [`Error`].
pub fn seed(path: &Path) -> Result<KeySeed, Error> {
    let seed = KeySeed::parse(&Host::system().files.read(path)?).map_err(|source| Error::Seed {
        path: path.to_owned(),
        source,
    })?;
    if seed.is_public_test_seed() {
        eprintln!(
            "warning: {} has the public key seed of Microsoft's test server: whoever knows the KID knows the key",
            path.display()
        );
    }
    Ok(seed)
}
