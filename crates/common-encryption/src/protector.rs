// SPDX-License-Identifier: MPL-2.0
//! What the packager asks whoever knows the keys: of each `moov`, and of each fragment whose key may be another.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::{BoxFlavor, EncryptionMethod, SampleKey, Tenc, clear_seig};
use cenc_types::Track;

/// Decides how the tracks of a stream are protected.
pub trait Protector {
    /// In which boxes the protection is told; it must not change within a stream.
    fn flavor(&self) -> BoxFlavor {
        BoxFlavor::Cenc
    }

    /// Called with the tracks of each `moov`, in its order.
    ///
    /// # Errors
    /// Whatever keeps a track from being protected; it ends the stream as an error.
    fn protect(&mut self, tracks: &[Track])
    -> Result<InitProtection, Box<dyn Error + Send + Sync>>;

    /// Whether [`Protector::fragment`] is to be called: otherwise all samples are protected as their track is.
    fn follows_time(&self) -> bool {
        false
    }

    /// Called with the track fragments of each `moof`, in its order, before their samples are encrypted.
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

/// What a [`Protector`] answers.
#[derive(Default)]
pub struct InitProtection {
    /// For each track how it is protected; None leaves it clear.
    pub tracks: Vec<Option<TrackProtection>>,
    /// Whole `pssh` boxes, which go to the end of `moov`.
    pub pssh: Vec<Vec<u8>>,
}

/// How one track is protected.
#[derive(Clone)]
pub struct TrackProtection {
    /// The key, shared by all tracks under it.
    pub key: Arc<SampleKey>,
    /// Scheme and pattern.
    pub method: EncryptionMethod,
}

impl TrackProtection {
    /// What `tenc` says of it.
    pub fn tenc(&self) -> Tenc {
        Tenc {
            method: self.method,
            kid: self.key.kid(),
            iv: self.key.track_iv(),
        }
    }
}

/// When the samples of a track fragment are decoded, from the start of the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentTime {
    /// The track.
    pub track_id: u32,
    /// Decode time of the first sample.
    pub start: Duration,
    /// Decode time behind the last sample.
    pub end: Duration,
    /// Whether decoding can begin with the first sample.
    pub sync: bool,
}

impl FragmentTime {
    /// The point in time that tells which crypto period it belongs to.
    pub fn middle(&self) -> Duration {
        self.start + self.end.saturating_sub(self.start) / 2
    }
}

/// What a [`Protector`] answers of a fragment.
#[derive(Default)]
pub struct FragmentProtection {
    /// For each track fragment what counts for its samples; clear tracks stay clear.
    pub rules: Vec<FragmentRule>,
    /// Whole `pssh` boxes, which go to the end of the `moof`.
    pub pssh: Vec<Vec<u8>>,
    /// Whether it is to be announced before this fragment.
    pub announced: bool,
}

/// What counts for the samples of a track fragment.
#[derive(Clone, Default)]
pub enum FragmentRule {
    /// What the track's `tenc` says.
    #[default]
    Track,
    /// They are clear.
    Clear,
    /// They are under another key.
    Key(TrackProtection),
}

impl FragmentRule {
    /// How samples of a track are protected that is itself protected as `track` says; None: they are clear.
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

    /// The `seig` entry that says so; None where `tenc` does.
    pub fn seig(&self, track: &TrackProtection) -> Option<Vec<u8>> {
        match self {
            Self::Track => None,
            Self::Clear => Some(clear_seig(track.method.pattern)),
            Self::Key(protection) => Some(protection.tenc().to_seig()),
        }
    }
}
