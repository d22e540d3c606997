// SPDX-License-Identifier: MPL-2.0
//! Reads keys and key seeds from files, because every user of the machine can see a command line.

use std::path::{Path, PathBuf};

use cenc_types::ContentKey;
use host_access::Host;
use playready_header::KeySeed;

/// Errors of reading a key or a key seed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read, or other users can read it.
    #[error(transparent)]
    File(#[from] host_access::SecretFileError),
    /// The file holds no content key.
    #[error("key file {path}: {source}", path = .path.display())]
    Key {
        path: PathBuf,
        source: cenc_types::Error,
    },
    /// The file holds no key seed.
    #[error("key seed file {path}: {source}", path = .path.display())]
    Seed {
        path: PathBuf,
        source: playready_header::Error,
    },
}

/// Reads a content key.
///
/// # Errors
/// [`Error::File`], [`Error::Key`].
pub fn read_key(path: &Path, host: &Host) -> Result<ContentKey, Error> {
    ContentKey::parse(&host.files.read(path)?).map_err(|source| Error::Key {
        path: path.to_owned(),
        source,
    })
}

/// Reads a key seed; warns if it is the one that Microsoft published.
///
/// # Errors
/// [`Error::File`], [`Error::Seed`].
pub fn read_seed(path: &Path, host: &Host) -> Result<KeySeed, Error> {
    let seed = KeySeed::parse(&host.files.read(path)?).map_err(|source| Error::Seed {
        path: path.to_owned(),
        source,
    })?;
    if seed.is_public_test_seed() {
        eprintln!(
            "warning: {} has the public key seed of Microsoft's test server: anyone who knows the KID can compute the key",
            path.display()
        );
    }
    Ok(seed)
}
