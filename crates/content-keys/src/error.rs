// SPDX-License-Identifier: MPL-2.0
//! Errors of key sources. No variant holds a key, or text that may be one.

use std::path::PathBuf;
use std::time::Duration;

use host_access::SecretFileError;

use cenc_types::{KeyId, Scheme, Track};
use cpix::EncryptionScheme;

use super::Selector;

/// Errors of key sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No selector matches a track that must be protected.
    #[error(
        "no key for {0}: add a line with a selector that matches it ('*', 'video', 'audio', 'sd', 'hd', 'uhd1', \
         'uhd2' or 'track:{id}') to the key file, or a line 'track:{id} clear' to leave it clear", id = .0.track_id
    )]
    NoKey(Track),
    /// No usage rule matches a track that must be protected.
    #[error(
        "no usage rule of the CPIX document matches {0}: add a rule with its key, let the rule's filters match it, or set \
         clear-tracks=track:{id} to leave it clear", id = .0.track_id
    )]
    NoRule(Track),
    /// A CPIX document cannot be used.
    #[error("CPIX document: {0}")]
    Cpix(#[from] cpix::Error),
    /// A key server cannot give keys.
    #[cfg(feature = "speke")]
    #[error(transparent)]
    Speke(Box<super::speke::Error>),
    /// The store's key-encryption key was not found.
    #[error(
        "no key-encryption key for the store: add ?kek-file=/path to its address, or give the service the systemd credential playready-kek"
    )]
    NoKek,
    /// Licence servers do not have the key yet.
    #[error(
        "KID {0} is not delivered to all licence servers that need it: see their deliveries, or mark the content as not needing them"
    )]
    NotDelivered(KeyId),
    /// The source of a key says that it is for another scheme.
    #[error(
        "KID {kid} is for scheme {stated} by its source and cannot be used with {requested}: {}",
        scheme_remedy(stated, *requested)
    )]
    KeyScheme {
        /// The KID.
        kid: KeyId,
        /// The scheme that the source states.
        stated: EncryptionScheme,
        /// The requested scheme.
        requested: Scheme,
    },
    /// The PlayReady Object of the source says that a key is for the other cipher mode.
    #[error(
        "the PlayReady Object of the CPIX document does not fit KID {kid}: {reason}; request a document for the scheme in use"
    )]
    Signaling {
        /// The KID.
        kid: KeyId,
        /// The part that does not fit.
        reason: &'static str,
    },
    /// The keys of the content are for another scheme.
    #[error(
        "the content is stored for scheme {stored}, whose keys cannot be used with {requested}: set scheme={stored}, or another content-id"
    )]
    ContentScheme {
        /// The stored scheme.
        stored: Scheme,
        /// The requested scheme.
        requested: Scheme,
    },
    /// The keys of the content change at other times.
    #[error(
        "the content is stored with a crypto period of {stored:?} that is counted by the clock: set crypto-period={} and \
         period-clock=utc, or another content-id", stored.as_nanos()
    )]
    ContentPeriod {
        /// The stored length.
        stored: Duration,
    },
    /// A document gives the keys of a crypto period for another time.
    #[error(
        "the CPIX document says that crypto period {period} is at another time: set crypto-period to the length of its periods, and \
         period-clock=utc if they are by the clock"
    )]
    PeriodTime {
        /// The period, counted from 0.
        period: u64,
    },
    /// A source that finds keys by content id was opened without one.
    #[error("this source finds keys by content id: set content-id")]
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
    /// The stream stopped while it waited for keys.
    #[error("the stream stopped before its keys came")]
    Stopped,
    /// The stream cannot start, for a reason that was reported when the request failed.
    #[error("the stream has no keys: see the error of their request")]
    NoFirstKeys,
    /// The thread that requests keys has ended early.
    #[error(
        "the thread that requests keys has ended: start the stream again, and report this error"
    )]
    RequestsEnded,
    /// The source gives the keys later.
    #[error("the keys are not there yet")]
    Pending {
        /// The time after which the source gives up.
        limit: Duration,
    },
    /// The operating system cannot start the thread that requests keys.
    #[error("cannot start the thread that requests keys: {0}")]
    Thread(#[source] std::io::Error),
    /// The key location is neither a known URI nor a path.
    #[error(
        "cannot use the key location: give the URI of a .keys or .cpix file with its whole path, such as \
         file:///etc/keys/channel.keys, of a store (sqlite:///path/keys.db, postgresql://…) or of a key server (speke+https://…)"
    )]
    BadUri,
    /// A key file cannot be read or written.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// A line of a key file is malformed.
    #[error(
        "key file {path}, line {line}: {reason}; a line is 'selector kid key [iv]', or 'selector clear'",
        path = .path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The fault of the line.
        reason: LineError,
    },
    /// The system gives no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}

/// Returns what to do about a key that is for another scheme.
pub(crate) fn scheme_remedy(stated: &EncryptionScheme, requested: Scheme) -> String {
    match stated {
        EncryptionScheme::Common(scheme) => format!("set scheme={scheme}, or take another key"),
        EncryptionScheme::Other(_) => format!("take a key for scheme {requested}"),
    }
}

#[cfg(feature = "speke")]
impl From<super::speke::Error> for Error {
    fn from(error: super::speke::Error) -> Self {
        Self::Speke(Box::new(error))
    }
}

/// Faults of a line in a key file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Too few or too many words.
    #[error("it has {0} words")]
    Words(usize),
    /// The selector is unknown.
    #[error(
        "unknown selector: use '*', video, audio, text, sd, hd, uhd1, uhd2 or track:N, followed by @N for a key of crypto \
         period N only"
    )]
    Selector,
    /// Tracks are to stay clear in one crypto period.
    #[error(
        "tracks stay clear in all crypto periods or in none: write 'selector clear' without @N"
    )]
    ClearPeriod,
    /// The KID, key or IV is malformed.
    #[error(transparent)]
    Value(#[from] cenc_types::Error),
    /// An earlier line is for the same selector.
    #[error("selector '{0}' is in a line above already")]
    SelectorTaken(Selector),
    /// An earlier line has the KID with another key or IV.
    #[error("KID {0} has another key or IV in a line above")]
    ConflictingKid(KeyId),
}
