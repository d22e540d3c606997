// SPDX-License-Identifier: MPL-2.0
//! Why a command about keys ends, and the exit codes of that.

use key_server::operations;
use key_server::operations::kid;

use super::secret_text;
use crate::new_file;
use crate::print::{FAULTY, NO_FILE};

/// What every help text says of exit codes.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the store cannot be opened, or refuses it
  2  wrong usage, or a file that cannot be read or written";

/// Errors of `keys`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be opened, or refuses it.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// It cannot be done.
    #[error(transparent)]
    Service(#[from] operations::Error),
    /// No KID.
    #[error("{text:?}: {source}")]
    Kid { text: String, source: kid::Error },
    /// A file with a secret.
    #[error(transparent)]
    Secret(#[from] secret_text::Error),
    /// A file that is to be read.
    #[error("{path}: {source}", path = .path.display())]
    File {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    /// A file that is to be written.
    #[error(transparent)]
    Output(#[from] new_file::Error),
}

impl Error {
    /// The exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Store(_) | Self::Service(_) => FAULTY,
            Self::Kid { .. } | Self::Secret(_) | Self::File { .. } | Self::Output(_) => NO_FILE,
        }
    }
}

/// A KID from the command line.
///
/// # Errors
/// [`Error::Kid`].
pub fn read_kid(text: &str) -> Result<cenc_types::KeyId, Error> {
    kid::read(text).map_err(|source| Error::Kid {
        text: text.to_owned(),
        source,
    })
}
