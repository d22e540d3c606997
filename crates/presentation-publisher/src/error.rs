// SPDX-License-Identifier: MPL-2.0
//! The errors of a publisher.

use std::io;

use presentation::writer::WriteError;

use crate::state::StateFault;

/// Errors of a [`Publisher`](crate::Publisher).
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file cannot be written, read or removed.
    #[error("{name} of the presentation: {source}")]
    File {
        /// The name of the file in the presentation.
        name: String,
        /// The reason, such as a full disk.
        source: io::Error,
    },
    /// The state of the presentation cannot be used.
    #[error(
        "{name}, from which the presentation would go on: {fault}. Move the folder away, or choose another one; the presentation then \
         starts anew"
    )]
    State {
        /// The name of the file.
        name: &'static str,
        /// The reason why it cannot be used.
        fault: StateFault,
    },
    /// A manifest cannot describe the presentation.
    #[error(transparent)]
    Manifest(#[from] WriteError),
    /// An init segment cannot be read.
    #[error(transparent)]
    Mp4(#[from] cenc_mp4::Error),
}

impl PublishError {
    /// Returns the error of a file.
    pub(crate) fn file(name: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            name: name.to_owned(),
            source,
        }
    }
}
