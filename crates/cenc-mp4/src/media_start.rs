// SPDX-License-Identifier: MPL-2.0
//! The time at which the media of a track starts in the presentation, by its edit list.

use isobmff_boxes::{BoxTree, FourCc, read_edits};

use crate::Error;

/// The start of the media of a track. A sample is presented at its composition time, plus `delay`, less `skipped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MediaStart {
    /// The length of the empty edits before the media, in ticks of the track.
    pub(crate) delay: u64,
    /// The composition time that is presented first, in ticks of the track.
    pub(crate) skipped: u64,
}

impl MediaStart {
    /// Reads the edit list of a `trak`. `movie_timescale` has the ticks of its durations.
    ///
    /// # Errors
    /// [`Error::Edits`] if more than one part of the media is shown, or not at its own rate.
    pub(crate) fn read(
        trak: &BoxTree<'_>,
        track_id: u32,
        timescale: u32,
        movie_timescale: u32,
    ) -> Result<Self, Error> {
        let Some(edts) = trak.all(FourCc::EDTS).next() else {
            return Ok(Self::default());
        };
        let edits = read_edits(edts.reader())?;
        let mut start = Self::default();
        let mut shown = edits.iter().skip_while(|edit| {
            let is_empty = edit.media_time.is_none();
            if is_empty {
                start.delay += scaled(edit.duration, movie_timescale, timescale);
            }
            is_empty
        });
        if let Some(edit) = shown.next() {
            start.skipped = edit.media_time.unwrap_or(0);
            if !edit.is_at_normal_rate || shown.any(|other| other.media_time.is_some()) {
                return Err(Error::Edits { track_id });
            }
        }
        Ok(start)
    }
}

/// Converts ticks, rounded down.
fn scaled(ticks: u64, from: u32, to: u32) -> u64 {
    let scaled = u128::from(ticks) * u128::from(to);
    scaled
        .checked_div(from.into())
        .and_then(|ticks| u64::try_from(ticks).ok())
        .unwrap_or(0)
}
