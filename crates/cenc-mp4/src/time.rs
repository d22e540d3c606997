// SPDX-License-Identifier: MPL-2.0
//! The decode times of a track fragment.

use std::time::Duration;

use common_encryption::FragmentTime;
use isobmff_boxes::{BoxTree, FourCc, NON_SYNC_SAMPLE, Tfhd, Trun, read_base_media_decode_time};

use super::Error;
use super::init::TrackState;

/// Returns the time of a track fragment. One without `tfdt` starts at the end of the track's fragment before.
pub(super) fn fragment_time(
    traf: &BoxTree<'_>,
    track: &mut TrackState,
) -> Result<FragmentTime, Error> {
    let timescale = track.timescale.ok_or(isobmff_boxes::Error::Missing {
        parent: FourCc::MDIA,
        child: FourCc::MDHD,
    })?;
    let tfhd = Tfhd::read(traf.child(FourCc::TFHD)?.reader())?;
    let default_duration = tfhd
        .default_sample_duration
        .unwrap_or(track.trex.sample_duration);
    let default_flags = tfhd.default_sample_flags.unwrap_or(track.trex.sample_flags);
    let mut flags = None;
    let mut ticks = 0_u64;
    for trun in traf.all(FourCc::TRUN) {
        let trun = Trun::read(trun.reader())?;
        ticks = ticks.saturating_add(trun.duration(default_duration));
        if trun.sample_count > 0 {
            flags = flags.or(Some(trun.first_sample_flags().unwrap_or(default_flags)));
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
        sync: flags.unwrap_or(default_flags) & NON_SYNC_SAMPLE == 0,
    })
}

/// Converts ticks to nanoseconds, rounded down; 0 for a damaged timescale of 0.
fn duration(ticks: u64, timescale: u32) -> Duration {
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
