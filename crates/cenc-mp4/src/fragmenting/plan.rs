// SPDX-License-Identifier: MPL-2.0
//! Plans the fragments of a progressive file from its `moov`: their samples, and the bytes of the file that hold them.
//!
//! One track leads: the first with pictures, else the first with sound. Its fragments start at sync samples, and the other tracks
//! are cut at the decode times of those.

use super::timing::{SampleTiming, TimingCursor};
use super::track::{ProgressiveTrack, TrackKind};
use crate::Error;
use crate::progressive::other_information::InformationCursor;
use crate::progressive::tables::SampleChunk;

/// Seconds of a fragment after which the next sync sample starts another.
const TARGET: u64 = 2;
/// Bytes of samples after which a fragment ends, wherever the next sync sample is: 2 s at 64 Mbit/s.
pub(crate) const MAX_FRAGMENT: u64 = 16 << 20;
/// The most samples of a fragment.
const MAX_SAMPLES: u32 = 1 << 16;
/// The most fragments of a file: 3 days of two tracks.
const MAX_FRAGMENTS: usize = 1 << 18;
/// The most bytes that wait for their fragment or for those before it.
const MAX_HELD: u64 = 64 << 20;

/// The fragments of a file.
pub(crate) struct FragmentPlan {
    pub(crate) fragments: Vec<PlannedFragment>,
    /// In the order of the input.
    pub(crate) pieces: Vec<FragmentPiece>,
    /// Indices of fragments, in the order of output. Pictures and sound are in one lane, each other track is in its own: such a track
    /// may be at the end of the file and must not hold up the others.
    pub(crate) lanes: Vec<Vec<u32>>,
}

/// A fragment to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlannedFragment {
    /// Index of the track.
    pub(crate) track: usize,
    pub(crate) lane: usize,
    /// Index of the fragment of the leading track during which it starts.
    pub(crate) period: usize,
    /// Number of its first sample, from 0.
    pub(crate) first: u32,
    /// Number of its samples.
    pub(crate) count: u32,
    /// Decode time in ticks of the track.
    pub(crate) decode_time: u64,
    /// 1-based index into `stsd`.
    pub(crate) description: u32,
    /// Bytes of its samples and of their auxiliary information, which follows them.
    pub(crate) len: u64,
}

/// Samples of one fragment without gaps between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FragmentPiece {
    /// Offset in the input.
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Index of the fragment.
    pub(crate) fragment: u32,
    /// Index among the pieces of its fragment.
    pub(crate) number: u32,
}

/// Plans the fragments of all tracks.
pub(crate) fn plan(tracks: &[ProgressiveTrack]) -> Result<FragmentPlan, Error> {
    let mut planner = FragmentPlanner {
        fragments: Vec::new(),
        pieces: Vec::new(),
        leader: None,
        max_fragment: MAX_FRAGMENT,
    };
    if let Some((index, leader)) = (0..)
        .zip(tracks)
        .filter(|(_, track)| !track.table.chunks.is_empty())
        .min_by_key(|(_, track)| track.kind)
    {
        planner.walk(index, leader)?;
        planner.leader = Some(LeadingTrack {
            periods: planner
                .fragments
                .iter()
                .map(|fragment| fragment.decode_time)
                .collect(),
            timescale: leader.timing.timescale,
        });
        for (other, track) in (0..).zip(tracks).filter(|(other, _)| *other != index) {
            planner.walk(other, track)?;
        }
    }
    let FragmentPlanner {
        mut fragments,
        mut pieces,
        ..
    } = planner;
    pieces.sort_unstable_by_key(|piece| piece.offset);
    let lanes = lanes(&mut fragments, tracks);
    let plan = FragmentPlan {
        fragments,
        pieces,
        lanes,
    };
    match plan.most_held() > MAX_HELD {
        true => Err(Error::CoarseInterleaving { limit: MAX_HELD }),
        false => Ok(plan),
    }
}

/// The fragments of one track.
pub(crate) struct TrackPlan {
    pub(crate) fragments: Vec<PlannedFragment>,
    /// In the order of the fragments.
    pub(crate) pieces: Vec<FragmentPiece>,
}

/// Plans the fragments of a track so that one starts with the first sample at or after each of these decode times, which ascend. The
/// number of a period is the index of its start. A fragment of more than `max_fragment` bytes is divided.
pub(crate) fn plan_track(
    track: &ProgressiveTrack,
    starts: Vec<u64>,
    max_fragment: u64,
) -> Result<TrackPlan, Error> {
    let mut planner = FragmentPlanner {
        fragments: Vec::new(),
        pieces: Vec::new(),
        leader: Some(LeadingTrack {
            periods: starts,
            timescale: track.timing.timescale,
        }),
        max_fragment,
    };
    planner.walk(0, track)?;
    Ok(TrackPlan {
        fragments: planner.fragments,
        pieces: planner.pieces,
    })
}

/// Puts the fragments into lanes, each in the order of time.
fn lanes(fragments: &mut [PlannedFragment], tracks: &[ProgressiveTrack]) -> Vec<Vec<u32>> {
    let mut others = 1..;
    let lane_of: Vec<usize> = tracks
        .iter()
        .map(|track| match track.kind {
            TrackKind::Other => others.next().unwrap_or(0),
            TrackKind::Video | TrackKind::Audio => 0,
        })
        .collect();
    let mut lanes = vec![Vec::new(); others.start];
    for (index, fragment) in (0..).zip(fragments.iter_mut()) {
        fragment.lane = lane_of.get(fragment.track).copied().unwrap_or(0);
        if let Some(lane) = lanes.get_mut(fragment.lane) {
            lane.push(index);
        }
    }
    for lane in &mut lanes {
        lane.sort_by_key(|&index| {
            fragments
                .get(index as usize)
                .map(|fragment| (fragment.period, fragment.track, fragment.first))
        });
    }
    lanes
}

/// The track whose fragments decide where those of other tracks start.
struct LeadingTrack {
    /// Decode times of its fragments, in ticks.
    periods: Vec<u64>,
    timescale: u32,
}

struct FragmentPlanner {
    fragments: Vec<PlannedFragment>,
    pieces: Vec<FragmentPiece>,
    /// None while the leading track is planned.
    leader: Option<LeadingTrack>,
    /// The most bytes of a fragment.
    max_fragment: u64,
}

/// A walk over the samples of one track.
struct TrackWalk<'a> {
    track: &'a ProgressiveTrack,
    at: TimingCursor,
    decode_time: u64,
    /// The next entry of auxiliary information of each kind.
    information: Vec<InformationCursor>,
    /// The fragment under way.
    fragment: PlannedFragment,
    /// Number of its pieces so far.
    pieces: u32,
}

impl FragmentPlanner {
    fn walk(&mut self, index: usize, track: &ProgressiveTrack) -> Result<(), Error> {
        let mut walk = TrackWalk {
            track,
            at: TimingCursor::default(),
            decode_time: track.first_decode_time,
            information: vec![InformationCursor::default(); track.table.other_information.len()],
            fragment: PlannedFragment {
                track: index,
                lane: 0,
                period: 0,
                first: 0,
                count: 0,
                decode_time: 0,
                description: 0,
                len: 0,
            },
            pieces: 0,
        };
        for chunk in &track.table.chunks {
            self.walk_chunk(&mut walk, chunk)?;
        }
        self.end_fragment(&mut walk)
    }

    fn walk_chunk(&mut self, walk: &mut TrackWalk<'_>, chunk: &SampleChunk) -> Result<(), Error> {
        let description = chunk.description.saturating_add(1);
        let mut piece = chunk.offset;
        let mut end = chunk.offset;
        for sample in chunk.first..chunk.first + chunk.count {
            let size = u64::from(walk.track.table.sizes.get(sample));
            let timing = walk
                .track
                .timing
                .next(&mut walk.at)
                .ok_or(Error::SampleTable {
                    track_id: walk.track.track_id,
                    reason: "samples without a duration",
                })?;
            let period = self.period(walk);
            let fragment = &walk.fragment;
            let starts_fragment = fragment.count > 0
                && (fragment.period != period
                    || fragment.description != description
                    || fragment.count == MAX_SAMPLES
                    || fragment.len + size > self.max_fragment
                    || self.leader.is_none() && walk.is_long_enough(timing));
            if starts_fragment {
                self.add_piece(walk, piece..end);
                piece = end;
                self.end_fragment(walk)?;
            }
            if walk.fragment.count == 0 {
                walk.fragment.first = sample;
                walk.fragment.period = self.period(walk);
                walk.fragment.decode_time = walk.decode_time;
                walk.fragment.description = description;
            }
            walk.fragment.count += 1;
            walk.fragment.len += size;
            walk.decode_time += u64::from(timing.duration);
            end += size;
        }
        self.add_piece(walk, piece..end);
        Ok(())
    }

    /// Returns the period of the next sample, which is never before that of the sample before.
    fn period(&self, walk: &TrackWalk<'_>) -> usize {
        let Some(leader) = &self.leader else {
            return walk.fragment.period;
        };
        // Ticks of different scales are compared by cross multiplication.
        let time = u128::from(walk.decode_time) * u128::from(leader.timescale);
        let has_come =
            |&start: &u64| u128::from(start) * u128::from(walk.track.timing.timescale) <= time;
        let mut period = walk.fragment.period;
        while leader.periods.get(period + 1).is_some_and(has_come) {
            period += 1;
        }
        period
    }

    fn add_piece(&mut self, walk: &mut TrackWalk<'_>, bytes: std::ops::Range<u64>) {
        if bytes.is_empty() {
            return;
        }
        let fragment = u32::try_from(self.fragments.len()).unwrap_or(u32::MAX);
        if let Some(last) = self.pieces.last_mut()
            && (last.fragment, last.offset + last.len) == (fragment, bytes.start)
        {
            last.len += bytes.end - bytes.start;
            return;
        }
        self.pieces.push(FragmentPiece {
            offset: bytes.start,
            len: bytes.end - bytes.start,
            fragment,
            number: walk.pieces,
        });
        walk.pieces += 1;
    }

    /// Adds the auxiliary information of the samples of a fragment, one kind after the other.
    fn add_information(&mut self, walk: &mut TrackWalk<'_>) {
        let mut cursors = std::mem::take(&mut walk.information);
        let samples = walk.fragment.first..walk.fragment.first + walk.fragment.count;
        for (information, at) in walk.track.table.other_information.iter().zip(&mut cursors) {
            for sample in samples.clone() {
                let entry = information.next(at, sample);
                walk.fragment.len += entry.end - entry.start;
                self.add_piece(walk, entry);
            }
        }
        walk.information = cursors;
    }

    fn end_fragment(&mut self, walk: &mut TrackWalk<'_>) -> Result<(), Error> {
        if walk.fragment.count == 0 {
            return Ok(());
        }
        self.add_information(walk);
        if self.fragments.len() == MAX_FRAGMENTS {
            return Err(Error::TooLarge {
                what: "the number of fragments that a progressive file makes",
                limit: MAX_FRAGMENTS as u64,
            });
        }
        self.fragments.push(walk.fragment);
        if self.leader.is_none() {
            walk.fragment.period += 1;
        }
        walk.fragment.count = 0;
        walk.fragment.len = 0;
        walk.pieces = 0;
        Ok(())
    }
}

impl TrackWalk<'_> {
    /// True if a fragment of the leading track may end before this sample.
    fn is_long_enough(&self, next: SampleTiming) -> bool {
        let elapsed = self.decode_time - self.fragment.decode_time;
        next.is_sync() && elapsed >= TARGET * u64::from(self.track.timing.timescale)
    }
}

impl FragmentPlan {
    /// Returns the most bytes that are held at once when the file arrives from its start to its end.
    fn most_held(&self) -> u64 {
        let mut left: Vec<u64> = self.fragments.iter().map(|fragment| fragment.len).collect();
        let mut next = vec![0; self.lanes.len()];
        let (mut held, mut most): (u64, u64) = (0, 0);
        for piece in &self.pieces {
            held = held.saturating_add(piece.len);
            most = most.max(held);
            let Some(fragment) = self.fragments.get(piece.fragment as usize) else {
                continue;
            };
            if let Some(left) = left.get_mut(piece.fragment as usize) {
                *left -= piece.len;
            }
            let (Some(lane), Some(next)) =
                (self.lanes.get(fragment.lane), next.get_mut(fragment.lane))
            else {
                continue;
            };
            while let Some(&index) = lane.get(*next)
                && left.get(index as usize) == Some(&0)
            {
                let given = self.fragments.get(index as usize);
                held -= given.map_or(0, |given| given.len);
                *next += 1;
            }
        }
        most
    }
}
