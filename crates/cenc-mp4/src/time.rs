// SPDX-License-Identifier: MPL-2.0
//! The times of a track fragment.

use std::time::Duration;

use common_encryption::FragmentTime;
use isobmff_boxes::{
    BoxTree, FourCc, NON_SYNC_SAMPLE, RunSample, Tfhd, Tkhd, Trun, read_base_media_decode_time,
    read_movie_timescale, read_timescale,
};

use super::Error;
use super::init::TrackState;
use super::media_start::MediaStart;

/// The clock of a track; used only if its protection changes by time.
pub(super) struct TrackClock {
    track_id: u32,
    /// Ticks per second.
    timescale: Option<u32>,
    start: MediaStart,
}

impl TrackClock {
    /// Reads the clock of a `trak`. Edits that are no mere start do not count.
    pub(super) fn read(trak: &BoxTree<'_>, movie_timescale: u32) -> Result<Self, Error> {
        let mdhd = trak.child(FourCc::MDIA)?.all(FourCc::MDHD).next();
        let timescale = mdhd.map(|mdhd| read_timescale(mdhd.reader())).transpose()?;
        let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
        let start = MediaStart::read(trak, track_id, timescale.unwrap_or(0), movie_timescale);
        Ok(Self {
            track_id,
            timescale,
            start: start.unwrap_or_default(),
        })
    }

    /// Reads the clocks of all tracks of a `moov`.
    pub(super) fn read_all(moov: &BoxTree<'_>) -> Result<Vec<Self>, Error> {
        let movie_timescale = movie_timescale(moov)?;
        moov.all(FourCc::TRAK)
            .map(|trak| Self::read(trak, movie_timescale))
            .collect()
    }

    /// Returns the ticks at which a sample is presented.
    fn presentation(&self, decode_time: u64, composition_offset: i64) -> u64 {
        decode_time
            .saturating_add_signed(composition_offset)
            .saturating_add(self.start.delay)
            .saturating_sub(self.start.skipped)
    }
}

/// Returns the ticks per second of the durations in a `moov`; 0 if it does not say.
pub(super) fn movie_timescale(moov: &BoxTree<'_>) -> Result<u32, Error> {
    let mvhd = moov.all(FourCc::MVHD).next();
    let timescale = mvhd.map(|mvhd| read_movie_timescale(mvhd.reader()));
    Ok(timescale.transpose()?.unwrap_or(0))
}

/// Returns the first presentation time of the tracks in a `moof` that state their decode time; None if there is none.
pub(super) fn segment_start(moof: &BoxTree<'_>, clocks: &[TrackClock]) -> Option<Duration> {
    let start_of = |traf: &BoxTree<'_>| {
        let track_id = Tfhd::read(traf.child(FourCc::TFHD).ok()?.reader())
            .ok()?
            .track_id;
        let clock = clocks.iter().find(|clock| clock.track_id == track_id)?;
        let tfdt = traf.all(FourCc::TFDT).next()?;
        let start = read_base_media_decode_time(tfdt.reader()).ok()?;
        let trun = Trun::read(traf.all(FourCc::TRUN).next()?.reader()).ok()?;
        let offset = first_composition_offset(&trun)?;
        Some(duration(
            clock.presentation(start, offset),
            clock.timescale?,
        ))
    };
    moof.all(FourCc::TRAF).filter_map(start_of).min()
}

/// Returns the time of a track fragment. One without `tfdt` starts at the end of the track's fragment before.
pub(super) fn fragment_time(
    traf: &BoxTree<'_>,
    track: &mut TrackState,
) -> Result<FragmentTime, Error> {
    let timescale = track.clock.timescale.ok_or(isobmff_boxes::Error::Missing {
        parent: FourCc::MDIA,
        child: FourCc::MDHD,
    })?;
    let tfhd = Tfhd::read(traf.child(FourCc::TFHD)?.reader())?;
    let default = tfhd.default_sample(&track.trex);
    let mut flags = None;
    let mut first_offset = None;
    let mut ticks = 0_u64;
    for trun in traf.all(FourCc::TRUN) {
        let trun = Trun::read(trun.reader())?;
        ticks = ticks.saturating_add(trun.duration(default.duration));
        if trun.sample_count > 0 {
            flags = flags.or(Some(trun.first_sample_flags().unwrap_or(default.flags)));
            first_offset = first_offset.or(first_composition_offset(&trun));
        }
    }
    let start = match traf.all(FourCc::TFDT).next() {
        Some(tfdt) => read_base_media_decode_time(tfdt.reader())?,
        None => track.decoded,
    };
    track.decoded = start.saturating_add(ticks);
    Ok(FragmentTime {
        track_id: track.track_id,
        start: duration(start, timescale),
        end: duration(track.decoded, timescale),
        presentation: duration(
            track
                .clock
                .presentation(start, first_offset.unwrap_or_default()),
            timescale,
        ),
        sync: flags.unwrap_or(default.flags) & NON_SYNC_SAMPLE == 0,
    })
}

/// Returns the ticks from the decode time of the first sample of a run to its composition time.
fn first_composition_offset(trun: &Trun<'_>) -> Option<i64> {
    let default = RunSample {
        duration: 0,
        size: 0,
        flags: 0,
        composition_offset: 0,
    };
    let first = trun.samples(default).next()?;
    Some(trun.composition_offset(&first))
}

/// Converts ticks to nanoseconds, rounded down; 0 for a damaged timescale of 0.
pub(super) fn duration(ticks: u64, timescale: u32) -> Duration {
    let scale = u64::from(timescale);
    let (Some(seconds), Some(rest)) = (ticks.checked_div(scale), ticks.checked_rem(scale)) else {
        return Duration::ZERO;
    };
    // rest is below 2^32, so the product fits.
    Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_nanoseconds_without_overflow() {
        assert_eq!(duration(90_045, 90_000), Duration::from_micros(1_000_500));
        assert_eq!(duration(1, 3), Duration::from_nanos(333_333_333));
        assert_eq!(duration(u64::MAX, 1).as_secs(), u64::MAX);
        assert_eq!(duration(7, 0), Duration::ZERO);
        let largest = duration(u64::MAX, u32::MAX);
        assert_eq!(largest.as_secs(), u64::MAX / u64::from(u32::MAX));
    }
}
