// SPDX-License-Identifier: MPL-2.0
//! Detects tracks that should be protected and of which nothing is.

use std::collections::HashMap;
use std::mem::{self, Discriminant};

use cenc_types::Media;

use crate::Error;
use crate::init::TrackState;

/// Counts the samples of each track over the whole stream. A track of a later init segment is that of an earlier one if it has the same
/// track_ID and kind of media: under the last of several keys there may be few samples, too short to encrypt.
#[derive(Debug, Default)]
pub(super) struct TrackWatches(HashMap<(u32, Discriminant<Media>), TrackWatch>);

impl TrackWatches {
    pub(super) fn of(&mut self, track: &TrackState) -> &mut TrackWatch {
        self.0.entry(name_of(track)).or_default()
    }

    /// Returns the length of the first long sample of a track without protected bytes.
    pub(super) fn first_clear(&self, track: &TrackState) -> Option<u32> {
        let watch = self.0.get(&name_of(track))?;
        (watch.clear > 0).then_some(watch.first_clear)
    }

    /// Refuses a track of which nothing was protected: the one with the lowest track_ID.
    pub(super) fn check_all(&self) -> Result<(), Error> {
        let watches = self.0.iter();
        let refused = watches
            .filter_map(|((track_id, _), watch)| {
                Some((track_id, watch.check_all(*track_id).err()?))
            })
            .min_by_key(|(track_id, _)| *track_id);
        refused.map_or(Ok(()), |(_, error)| Err(error))
    }
}

const fn name_of(track: &TrackState) -> (u32, Discriminant<Media>) {
    (track.track_id, mem::discriminant(&track.media))
}

/// Counts the samples of a track that is to be protected, which must not all stay clear.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TrackWatch {
    /// Samples with protected bytes.
    protected: u32,
    /// Long samples without any.
    clear: u32,
    /// The length of the first of those.
    first_clear: u32,
}

impl TrackWatch {
    /// The largest sample that may have no pictures, only parameters of the stream, in bytes.
    const SHORT: u32 = 256;
    /// The number of long samples of which one must have a protected byte.
    const LIMIT: u32 = 32;

    pub(super) const fn count(&mut self, len: u32, protected: u64) {
        if protected > 0 {
            self.protected = self.protected.saturating_add(1);
        } else if len > Self::SHORT {
            if self.clear == 0 {
                self.first_clear = len;
            }
            self.clear = self.clear.saturating_add(1);
        }
    }

    /// Refuses a track of which nothing was protected in many samples.
    pub(super) const fn check(&self, track_id: u32) -> Result<(), Error> {
        match self.clear >= Self::LIMIT {
            true => self.check_all(track_id),
            false => Ok(()),
        }
    }

    /// Refuses a track of which nothing was protected.
    const fn check_all(&self, track_id: u32) -> Result<(), Error> {
        match self.protected == 0 && self.clear > 0 {
            true => Err(Error::NothingProtected {
                track_id,
                samples: self.clear,
            }),
            false => Ok(()),
        }
    }
}
