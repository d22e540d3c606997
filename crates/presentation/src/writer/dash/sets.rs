// SPDX-License-Identifier: MPL-2.0
//! The division of tracks into AdaptationSets (ISO/IEC 23009-1, 5.3.3).

use cenc_types::{KeyId, Scheme};
use drm_signaling::Drm;

use super::period::PeriodTrack;
use crate::model::{ChannelLayout, PresentedTrack, Role, TrackFiles, TrackMedia, VideoRange};

/// An AdaptationSet.
#[derive(Debug)]
pub(super) struct AdaptationSet<'p> {
    /// `@id`.
    pub id: u32,
    /// Its tracks, at least one.
    pub first: &'p PeriodTrack,
    pub others: Vec<&'p PeriodTrack>,
    /// True if all its tracks have segments at the same times.
    pub is_aligned: bool,
}

/// The properties that all tracks of a set have in common, apart from the keys.
#[derive(Debug, PartialEq, Eq)]
struct SharedContent<'p> {
    media: SharedMedia,
    codec: &'p str,
    files: FileKind,
    language: Option<&'p str>,
    label: Option<&'p str>,
    roles: &'p [Role],
}

#[derive(Debug, PartialEq, Eq)]
enum SharedMedia {
    Video(Option<VideoRange>),
    Audio {
        sampling_rate: u32,
        channels: u16,
        layout: Option<ChannelLayout>,
    },
    Text,
}

#[derive(Debug, PartialEq, Eq)]
enum FileKind {
    Segments,
    Single,
    WebVtt,
}

/// The protection of all tracks of a set.
#[derive(Debug, PartialEq)]
struct SharedKeys<'p> {
    scheme: Scheme,
    default_kid: KeyId,
    drms: &'p [Drm],
    later: Vec<KeyId>,
}

/// The tracks of a set before those without segments are left out.
#[derive(Debug)]
struct SetMembers<'p> {
    id: u32,
    first: &'p PeriodTrack,
    others: Vec<&'p PeriodTrack>,
}

/// Divides the tracks of a Period into sets, in the order of the first track of each.
pub(super) fn adaptation_sets(tracks: &[PeriodTrack]) -> Vec<AdaptationSet<'_>> {
    let mut sets: Vec<SetMembers<'_>> = Vec::new();
    for track in tracks {
        let content = SharedContent::of(track);
        let keys = SharedKeys::of(track);
        let known = sets.iter_mut().find(|set| {
            SharedContent::of(set.first) == content && SharedKeys::of(set.first) == keys
        });
        match known {
            Some(set) => set.others.push(track),
            None => sets.push(SetMembers {
                id: match track.is_live {
                    true => live_id(&content, &sets),
                    false => u32::try_from(sets.len()).unwrap_or(u32::MAX),
                },
                first: track,
                others: Vec::new(),
            }),
        }
    }
    sets.into_iter().filter_map(SetMembers::listed).collect()
}

/// Returns the id of a set in a live presentation, which has 24 bits: the FNV-1a hash of what its tracks have in common, or the next id that
/// is free, if sets differ in nothing but their keys. Whichever tracks come and go, other sets have the same ids in all Periods and updates.
fn live_id(content: &SharedContent<'_>, sets: &[SetMembers<'_>]) -> u32 {
    let text = format!("{content:?}");
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let folded = (hash >> 24) ^ (hash & 0x00ff_ffff);
    let is_free = |id: &u32| sets.iter().all(|set| set.id != *id);
    (folded..).find(is_free).unwrap_or(folded)
}

impl<'p> SetMembers<'p> {
    /// Returns the set of the tracks that have segments; None if none has.
    fn listed(self) -> Option<AdaptationSet<'p>> {
        let is_listed = |track: &&PeriodTrack| {
            matches!(track.files, TrackFiles::WebVtt { .. }) || !track.segments.is_empty()
        };
        let mut tracks = std::iter::once(self.first)
            .chain(self.others)
            .filter(is_listed);
        let first = tracks.next()?;
        let others: Vec<_> = tracks.collect();
        Some(AdaptationSet {
            id: self.id,
            is_aligned: others.iter().all(|other| has_same_boundaries(first, other)),
            first,
            others,
        })
    }
}

impl<'p> AdaptationSet<'p> {
    pub(super) fn tracks(&self) -> impl Iterator<Item = &'p PeriodTrack> + Clone {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// True if clients may switch to another set at each segment: it differs in nothing but its keys.
    pub(super) fn switches_to(&self, other: &Self) -> bool {
        self.id != other.id
            && self.is_aligned
            && other.is_aligned
            && SharedContent::of(self.first) == SharedContent::of(other.first)
            && has_same_boundaries(self.first, other.first)
    }
}

impl<'p> SharedContent<'p> {
    fn of(track: &'p PresentedTrack) -> Self {
        Self {
            media: match track.media {
                TrackMedia::Video { range, .. } => SharedMedia::Video(range),
                TrackMedia::Audio {
                    sampling_rate,
                    channels,
                    layout,
                } => SharedMedia::Audio {
                    sampling_rate,
                    channels,
                    layout,
                },
                TrackMedia::Text => SharedMedia::Text,
            },
            codec: codec_family(&track.codecs),
            files: match track.files {
                TrackFiles::Segments { .. } => FileKind::Segments,
                TrackFiles::Single { .. } => FileKind::Single,
                TrackFiles::WebVtt { .. } => FileKind::WebVtt,
            },
            language: track.language.as_deref(),
            label: track.label.as_deref(),
            roles: &track.roles,
        }
    }
}

/// Returns the part of a codecs parameter that tracks between which clients switch have in common: the sample entry, and for `mp4a`
/// the kind of audio too.
pub(in crate::writer) fn codec_family(codecs: &str) -> &str {
    match codecs.split_once('.') {
        Some(("mp4a", _)) | None => codecs,
        Some((sample_entry, _)) => sample_entry,
    }
}

impl<'p> SharedKeys<'p> {
    /// Returns the keys of a track; None if it is clear.
    fn of(track: &'p PeriodTrack) -> Option<Self> {
        let protection = track.protection.as_ref()?;
        // The changes that a live track lists come and go, but a set keeps its tracks.
        let changes = protection.key_changes.iter().filter(|_| !track.is_live);
        Some(Self {
            scheme: protection.scheme,
            default_kid: protection.default_kid,
            drms: &protection.drms,
            later: changes.map(|change| change.kid).collect(),
        })
    }
}

/// True if the segments of two tracks start at the same times. Of live tracks, one may list some before or after those of the other.
fn has_same_boundaries(one: &PeriodTrack, other: &PeriodTrack) -> bool {
    let starts = [scaled_starts(one, other), scaled_starts(other, one)];
    if !one.is_live {
        let [one, other] = starts;
        return one.eq(other);
    }
    let firsts = starts.iter().filter_map(|starts| starts.clone().next());
    let first_common = firsts.max();
    let [one, other] =
        starts.map(|starts| starts.skip_while(move |start| Some(*start) < first_common));
    one.zip(other).all(|(one, other)| one == other)
}

/// Returns the starts of the segments of a track, in units that it has in common with another one.
fn scaled_starts<'t>(
    track: &'t PresentedTrack,
    other: &PresentedTrack,
) -> impl Iterator<Item = u128> + Clone + use<'t> {
    let scale = u128::from(other.timescale);
    track
        .segments
        .iter()
        .map(move |segment| u128::from(segment.start) * scale)
}
