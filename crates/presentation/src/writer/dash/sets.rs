// SPDX-License-Identifier: MPL-2.0
//! The division of tracks into AdaptationSets (ISO/IEC 23009-1, 5.3.3).

use cenc_types::{KeyId, Scheme};
use drm_signaling::Drm;

use super::period::PeriodTrack;
use crate::model::{
    ChannelLayout, PresentedTrack, Role, Segment, TrackFiles, TrackMedia, VideoRange,
};

/// An AdaptationSet.
#[derive(Debug)]
pub(super) struct AdaptationSet<'p> {
    /// `@id`.
    pub id: usize,
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

/// Divides the tracks of a Period into sets, in the order of the first track of each.
pub(super) fn adaptation_sets(tracks: &[PeriodTrack]) -> Vec<AdaptationSet<'_>> {
    let mut sets: Vec<AdaptationSet<'_>> = Vec::new();
    for track in tracks {
        let content = SharedContent::of(track);
        let keys = shared_keys(track);
        let known = sets
            .iter_mut()
            .find(|set| SharedContent::of(set.first) == content && shared_keys(set.first) == keys);
        match known {
            Some(set) => {
                set.is_aligned &= has_same_boundaries(set.first, track);
                set.others.push(track);
            }
            None => sets.push(AdaptationSet {
                id: sets.len(),
                first: track,
                others: Vec::new(),
                is_aligned: true,
            }),
        }
    }
    sets
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

fn shared_keys(track: &PresentedTrack) -> Option<SharedKeys<'_>> {
    track.protection.as_ref().map(|protection| SharedKeys {
        scheme: protection.scheme,
        default_kid: protection.default_kid,
        drms: &protection.drms,
        later: protection
            .key_changes
            .iter()
            .map(|change| change.kid)
            .collect(),
    })
}

/// True if the segments of two tracks start at the same times.
fn has_same_boundaries(one: &PresentedTrack, other: &PresentedTrack) -> bool {
    let starts_together = |a: &Segment, b: &Segment| {
        u128::from(a.start) * u128::from(other.timescale)
            == u128::from(b.start) * u128::from(one.timescale)
    };
    one.segments.len() == other.segments.len()
        && one
            .segments
            .iter()
            .zip(&other.segments)
            .all(|(a, b)| starts_together(a, b))
}
