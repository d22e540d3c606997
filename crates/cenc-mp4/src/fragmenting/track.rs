// SPDX-License-Identifier: MPL-2.0
//! A progressive track: its tables, and the position up to which its samples are written.

use isobmff_boxes::{BoxTree, FourCc, Tkhd, Trex};

use super::groups::TrackSampleGroups;
use super::subsamples::TrackSubSamples;
use super::timing::{TimingCursor, TrackTiming};
use crate::Error;
use crate::init::STBL_PATH;
use crate::progressive::tables::SampleTable;

const VIDEO_HANDLER: FourCc = FourCc(*b"vide");
const AUDIO_HANDLER: FourCc = FourCc(*b"soun");

/// A track and the position of its next fragment.
#[derive(Clone)]
pub(crate) struct ProgressiveTrack {
    pub(crate) track_id: u32,
    /// The 1-based sample description of fragments that state none.
    pub(crate) default_description: u32,
    pub(crate) kind: TrackKind,
    pub(crate) table: SampleTable,
    pub(crate) timing: TrackTiming,
    /// The decode time of the first sample, in ticks.
    pub(crate) first_decode_time: u64,
    pub(crate) groups: Vec<TrackSampleGroups>,
    pub(crate) sub_samples: Vec<TrackSubSamples>,
    /// The timing of the next sample to write.
    pub(crate) at: TimingCursor,
}

/// The kind of a track. The first in this order decides where fragments start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrackKind {
    /// Handler `vide`.
    Video,
    /// Handler `soun`.
    Audio,
    /// Any other handler.
    Other,
}

impl TrackKind {
    /// Returns the kind of a track with this handler_type.
    pub(crate) const fn of_handler(handler: FourCc) -> Self {
        match handler {
            VIDEO_HANDLER => Self::Video,
            AUDIO_HANDLER => Self::Audio,
            _ => Self::Other,
        }
    }
}

impl ProgressiveTrack {
    /// Reads a `trak` of `moov`, of which `table` is read already.
    pub(crate) fn read(
        trak: &BoxTree<'_>,
        table: SampleTable,
        moov: &BoxTree<'_>,
    ) -> Result<Self, Error> {
        let track = Self::of(trak, table, TrackTiming::read(trak)?)?;
        Ok(Self {
            default_description: default_description(moov, track.track_id)?,
            ..track
        })
    }

    /// Creates the track of a `trak` whose samples are placed by `table` and timed by `timing`.
    pub(crate) fn of(
        trak: &BoxTree<'_>,
        table: SampleTable,
        timing: TrackTiming,
    ) -> Result<Self, Error> {
        let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
        let stbl = trak.descend(&STBL_PATH)?;
        let handler = trak.descend(&[FourCc::MDIA, FourCc::HDLR])?;
        Ok(Self {
            track_id,
            default_description: 1,
            kind: TrackKind::of_handler(isobmff_boxes::read_handler_type(handler.reader())?),
            table,
            timing,
            first_decode_time: 0,
            groups: TrackSampleGroups::read_all(stbl)?,
            sub_samples: stbl
                .all(FourCc::SUBS)
                .map(TrackSubSamples::read)
                .collect::<Result<_, _>>()?,
            at: TimingCursor::default(),
        })
    }
}

/// Returns the default of the track's `trex`; 1 without one, which is written then.
fn default_description(moov: &BoxTree<'_>, track_id: u32) -> Result<u32, isobmff_boxes::Error> {
    for trex in moov
        .all(FourCc::MVEX)
        .flat_map(|mvex| mvex.all(FourCc::TREX))
    {
        let trex = Trex::read(trex.reader())?;
        if trex.track_id == track_id {
            return Ok(trex.sample_description_index);
        }
    }
    Ok(1)
}
