// SPDX-License-Identifier: MPL-2.0
//! Why there is no key. No variant holds a key, or text that may be one.

use std::path::PathBuf;

use host_access::SecretFileError;

use cenc_types::{KeyId, Scheme, Track};

use super::Selector;

/// Errors of key sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No key is meant for a track that must be protected.
    #[error(
        "no key for {0}: add a line with a selector that matches it ('*', 'video', 'audio', 'sd', 'hd', 'uhd1', \
         'uhd2' or 'track:{id}') to the key file", id = .0.track_id
    )]
    NoKey(Track),
    /// No usage rule is meant for a track that must be protected.
    #[error(
        "no usage rule of the CPIX document matches {0}: add a rule with its key, or let the rule's filters match it"
    )]
    NoRule(Track),
    /// A CPIX document cannot be used.
    #[error("CPIX document: {0}")]
    Cpix(#[from] cpix::Error),
    /// A key server cannot give keys.
    #[cfg(feature = "speke")]
    #[error(transparent)]
    Speke(Box<super::speke::Error>),
    /// The store's key-encryption key is nowhere.
    #[error(
        "no key-encryption key for the store: add ?kek-file=/path to its address, or give the service the systemd credential playready-kek"
    )]
    NoKek,
    /// Licence servers do not have the key yet.
    #[error(
        "KID {0} is not delivered to all licence servers that need it: see their deliveries, or mark the content as not needing them"
    )]
    NotDelivered(KeyId),
    /// A content was made for the other cipher mode.
    #[error(
        "the content is stored for scheme {stored}, whose keys cannot be used with {asked}: set scheme={stored}, or another content-id"
    )]
    ContentScheme {
        /// The stored scheme.
        stored: Scheme,
        /// The scheme asked for.
        asked: Scheme,
    },
    /// A source of keys by content needs the content.
    #[error("this source knows keys by content: set content-id")]
    NoContentId,
    /// The source has no keys for a crypto period.
    #[error(
        "no keys for crypto period {period}: add lines with selectors that end in @{period}, such as '*@{period}', to the key \
         file; it is read again when the period comes"
    )]
    NoPeriod {
        /// The period, counted from 0.
        period: u64,
    },
    /// Another source, such as a key store, cannot give keys.
    #[error(transparent)]
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// Nobody waits for the keys any more.
    #[error("the stream stopped before its keys came")]
    Stopped,
    /// The operating system has no thread for the source of keys.
    #[error("no thread for the source of keys: {0}")]
    Thread(#[source] std::io::Error),
    /// The key location is neither a URI that is understood nor a path.
    #[error(
        "cannot use the key location: give the URI of a .keys or .cpix file with its whole path, such as \
         file:///etc/keys/channel.keys, of a store (sqlite:///path/keys.db, postgresql://…) or of a key server (speke+https://…)"
    )]
    BadUri,
    /// A key file cannot be read or written.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// A line of a key file is not understood.
    #[error(
        "key file {path}, line {line}: {reason}; a line is 'selector kid key [iv]'",
        path = .path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: LineError,
    },
    /// There are no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}

#[cfg(feature = "speke")]
impl From<super::speke::Error> for Error {
    fn from(error: super::speke::Error) -> Self {
        Self::Speke(Box::new(error))
    }
}

/// What is wrong with a line of a key file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Too few or too many words.
    #[error("it has {0} words")]
    Words(usize),
    /// The selector is unknown.
    #[error(
        "unknown selector: use '*', video, audio, text, sd, hd, uhd1, uhd2 or track:N, with @N behind it for crypto \
         period N only"
    )]
    Selector,
    /// The KID, key or IV is malformed.
    #[error(transparent)]
    Value(#[from] cenc_types::Error),
    /// The selector has a key already.
    #[error("selector '{0}' has a key in a line above")]
    SelectorTaken(Selector),
    /// The KID stands above with other values.
    #[error("KID {0} has another key or IV in a line above")]
    ConflictingKid(KeyId),
}
