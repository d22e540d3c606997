// SPDX-License-Identifier: MPL-2.0
//! The errors of `keys` and their exit codes.

use std::path::PathBuf;

use key_server::operations;
use key_server::operations::kid;

use super::secret_text;
use crate::new_file;
use crate::print::{FAULTY, NO_FILE};

/// The exit codes, for the help texts.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the store cannot be opened, or refuses the operation
  2  wrong usage, or a file that cannot be read or written";

/// Errors of `keys`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be opened, or refuses the operation.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// The operation is not possible.
    #[error(transparent)]
    Operation(#[from] operations::Error),
    /// An argument is not a KID.
    #[error("{text:?}: {source}")]
    Kid { text: String, source: kid::Error },
    /// A file with a secret cannot be read.
    #[error(transparent)]
    Secret(#[from] secret_text::Error),
    /// Another file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Output(#[from] new_file::Error),
}

impl Error {
    /// Returns the exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Store(_) | Self::Operation(_) => FAULTY,
            Self::Kid { .. } | Self::Secret(_) | Self::File { .. } | Self::Output(_) => NO_FILE,
        }
    }
}

/// Reads a KID of the command line.
///
/// # Errors
/// [`Error::Kid`].
pub fn read_kid(text: &str) -> Result<cenc_types::KeyId, Error> {
    kid::read(text).map_err(|source| Error::Kid {
        text: text.to_owned(),
        source,
    })
}
