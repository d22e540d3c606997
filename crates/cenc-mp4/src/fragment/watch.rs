// SPDX-License-Identifier: MPL-2.0
//! Detects tracks that should be protected and of which nothing is.

use crate::Error;

/// Counts the samples of a track that is to be protected, which must not all stay clear.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TrackWatch {
    /// Samples with protected bytes.
    protected: u32,
    /// Long samples without any.
    pub(super) clear: u32,
    /// The length of the first of those.
    pub(super) first_clear: u32,
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
    pub(super) const fn check_all(&self, track_id: u32) -> Result<(), Error> {
        match self.protected == 0 && self.clear > 0 {
            true => Err(Error::NothingProtected {
                track_id,
                samples: self.clear,
            }),
            false => Ok(()),
        }
    }
}
