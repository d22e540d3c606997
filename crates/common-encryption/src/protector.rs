// SPDX-License-Identifier: MPL-2.0
//! The interface between a packager and the code that knows the keys, used for each `moov` and for each fragment.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::{BoxFlavor, EncryptionMethod, SampleKey, Tenc, clear_seig};
use cenc_types::{KeyId, Track};

/// Decides how the tracks of a stream are protected.
pub trait Protector {
    /// Returns the kind of boxes that describe the protection; it must not change within a stream.
    fn flavor(&self) -> BoxFlavor {
        BoxFlavor::Cenc
    }

    /// Decides how the tracks of a `moov`, given in its order, are protected.
    ///
    /// # Errors
    /// The reason why a track cannot be protected; it ends the stream.
    fn protect(&mut self, tracks: &[Track])
    -> Result<InitProtection, Box<dyn Error + Send + Sync>>;

    /// True if [`Protector::fragment`] must be called; otherwise all samples are protected as their track is.
    fn follows_time(&self) -> bool {
        false
    }

    /// True if [`FragmentProtection::new_init`] may be set, so that the boxes that start a segment must wait for its `moof`.
    fn renews_init(&self) -> bool {
        false
    }

    /// Takes an event message in front of the next `moof`, which leaves the stream as it is.
    fn event(&mut self, _event: &EventMessage<'_>) {}

    /// Decides how the track fragments of a `moof`, given in its order, are protected, before their samples are encrypted.
    ///
    /// # Errors
    /// As [`Protector::protect`].
    fn fragment(
        &mut self,
        _fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn Error + Send + Sync>> {
        Ok(FragmentProtection::default())
    }
}

/// The protection of the tracks of a `moov`.
#[derive(Default)]
pub struct InitProtection {
    /// One entry for each track; None leaves the track clear.
    pub tracks: Vec<Option<TrackProtection>>,
    /// Whole `pssh` boxes, which are appended to `moov`.
    pub pssh: Vec<Vec<u8>>,
    /// True if the samples up to the next init segment are clear, by [`FragmentRule::Clear`]: the sample entries stay as they are, and
    /// `pssh` is empty.
    pub is_clear: bool,
}

/// The protection of one track.
#[derive(Clone)]
pub struct TrackProtection {
    /// The key, shared by all tracks under it.
    pub key: Arc<SampleKey>,
    /// Scheme and pattern.
    pub method: EncryptionMethod,
    /// The KID that `tenc` has in place of that of the key: the KID of the root key, under which the licence of the key is.
    pub root_kid: Option<KeyId>,
}

impl TrackProtection {
    /// Builds the `tenc` of the track.
    pub fn tenc(&self) -> Tenc {
        Tenc {
            method: self.method,
            kid: self.root_kid.unwrap_or(self.key.kid()),
            iv: self.key.track_iv(),
        }
    }
}

/// An event message in the stream, ISO/IEC 23009-1 clause 5.10.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventMessage<'a> {
    /// The URI that says how the message is understood.
    pub scheme: &'a [u8],
    /// The message.
    pub message: &'a [u8],
    /// The start of the event.
    pub start: EventStart,
}

/// The start of an event in the presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStart {
    /// This time after the first presentation time of the segment that follows the message.
    AfterSegmentStart(Duration),
    /// At this presentation time.
    At(Duration),
}

/// The times of a track fragment, from the start of the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentTime {
    /// The track.
    pub track_id: u32,
    /// Decode time of the first sample.
    pub start: Duration,
    /// Decode time after the last sample.
    pub end: Duration,
    /// Presentation time of the first sample.
    pub presentation: Duration,
    /// True if decoding can start with the first sample.
    pub sync: bool,
}

impl FragmentTime {
    /// Returns the moment that decides which crypto period the fragment belongs to.
    pub fn middle(&self) -> Duration {
        self.start + self.end.saturating_sub(self.start) / 2
    }
}

/// The protection of the track fragments of a `moof`.
#[derive(Default)]
pub struct FragmentProtection {
    /// One rule for each track fragment; clear tracks stay clear.
    pub rules: Vec<FragmentRule>,
    /// Whole `pssh` boxes, which are appended to the `moof`.
    pub pssh: Vec<Vec<u8>>,
    /// True if the change of keys is announced before this fragment.
    pub announced: bool,
    /// True if another init segment, for which [`Protector::protect`] is called again, describes this fragment and the next ones.
    pub new_init: bool,
}

/// The protection of the samples of a track fragment.
#[derive(Clone, Default)]
pub enum FragmentRule {
    /// The samples are protected as the track's `tenc` says.
    #[default]
    Track,
    /// The samples are clear.
    Clear,
    /// The samples are under another key.
    Key(TrackProtection),
}

impl FragmentRule {
    /// Returns the protection of the samples of a track protected by `track`; None if they are clear.
    pub const fn protection<'a>(
        &'a self,
        track: &'a TrackProtection,
    ) -> Option<&'a TrackProtection> {
        match self {
            Self::Track => Some(track),
            Self::Clear => None,
            Self::Key(protection) => Some(protection),
        }
    }

    /// Builds the `seig` entry for this rule; None if `tenc` suffices.
    pub fn seig(&self, track: &TrackProtection) -> Option<Vec<u8>> {
        match self {
            Self::Track => None,
            Self::Clear => Some(clear_seig(track.method.pattern)),
            Self::Key(protection) => Some(protection.tenc().to_seig()),
        }
    }
}
