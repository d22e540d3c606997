// SPDX-License-Identifier: MPL-2.0
//! Warnings about a stream.

use std::time::Duration;

use cenc_types::KeyId;

/// Something about a stream that its user may not want.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The keys of a crypto period that starts soon or has started are missing.
    #[error("crypto period {period}: {reason}")]
    MissingKeys {
        /// The period.
        period: u64,
        /// The cause, without secrets.
        reason: String,
    },
    /// `rotate-key` cannot change the key.
    #[error(
        "rotate-key changes nothing: the source has one key for all crypto periods; use a key seed, .keys lines with @N, a store, a \
         key server or request-key"
    )]
    NothingToRotate,
    /// A cue in the stream cannot be read.
    #[error("a cue in the stream changes nothing: {0}")]
    UnreadableCue(splice_cues::Error),
    /// More cues wait for their times than any stream has.
    #[error("too many cues wait for their times: later ones change nothing until some are past")]
    TooManyCues,
    /// `switch-at` cannot change the key.
    #[error(
        "switch-at changes no key: the source has one key for all crypto periods; use a key seed, .keys lines with @N, a store, a key \
         server or request-key"
    )]
    NothingToSwitch,
    /// Keys cannot change as often as they should.
    #[error(
        "crypto-period is {} ms, but keys can change only where decoding can start, which is after {} ms or more, so that some keys are \
         never used: set a longer crypto-period, or make fragments and the distance of key frames shorter",
        crypto_period.as_millis(), fragment.as_millis()
    )]
    ShortPeriod {
        /// The length of a crypto period.
        crypto_period: Duration,
        /// The length of media in which keys cannot change.
        fragment: Duration,
    },
    /// Video and audio have one key, which PlayReady's compliance rules forbid at security level 3000.
    #[error(
        "video and audio have one key, KID {0}: PlayReady clients of security level 3000 want a key for each; add one for audio"
    )]
    SharedKey(KeyId),
}
