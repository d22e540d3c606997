// SPDX-License-Identifier: MPL-2.0
//! Keys and key seeds out of files: a command line shows them to every user of the machine.

use std::path::{Path, PathBuf};

use cenc_types::ContentKey;
use host_access::Host;
use playready_header::KeySeed;

/// Why a file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read, or others can read it.
    #[error(transparent)]
    File(#[from] host_access::SecretFileError),
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
