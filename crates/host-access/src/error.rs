// SPDX-License-Identifier: MPL-2.0
//! The errors of files of secrets.

use std::path::PathBuf;

use super::RandomError;

/// The reason why a file of secrets cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// A key file cannot be read or written.
    #[error("key file {path}: {source}: {remedy}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
        /// The remedy.
        remedy: &'static str,
    },
    /// Users other than its owner may read a key file.
    #[error(
        "key file {path} has mode {mode:04o}: others may read the keys; run chmod 600 on it",
        path = .path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file is a symbolic link.
    #[error("key file {path} is a symbolic link, whose target others may choose: name the file itself", path = .path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A key file belongs to another user.
    #[error(
        "key file {path} belongs to user {owner}, who knows its keys: make root or the user of this process its owner, and use a new key",
        path = .path.display()
    )]
    OtherOwner {
        /// The file.
        path: PathBuf,
        /// The user's number.
        owner: u32,
    },
    /// A key file is larger than 1 MiB.
    #[error("key file {path} is larger than 1 MiB", path = .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// A key file is not text.
    #[error("key file {path} is not text in UTF-8 or UTF-16: write it again with a text editor", path = .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// There are no random bytes for the name of a temporary file.
    #[error(transparent)]
    Generator(#[from] RandomError),
}
