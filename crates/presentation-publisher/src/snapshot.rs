// SPDX-License-Identifier: MPL-2.0
//! The model of what is listed now, from which the manifests are written.

use std::time::{Duration, UNIX_EPOCH};

use cenc_types::Scheme;
use presentation::ByteRange;
use presentation::model::{
    LaterPart, LivePeriod, LiveTimes, Presentation, PresentedTrack, Segment, TrackFiles,
    TrackSignaling,
};
use protection_policy::{KeyChange, Signals};
use segment_packaging::{InitKeys, PartKeys, PresentationKeys, SegmentKey};

use crate::publisher_types::PublisherOptions;
use crate::saved_values::SavedScheme;
use crate::state::{PartState, PresentationState, SignalsState, TrackState};

/// The presentation as it is listed.
pub(crate) struct Snapshot<'a> {
    pub(crate) state: &'a PresentationState,
    pub(crate) options: &'a PublisherOptions,
}

impl Snapshot<'_> {
    /// Returns the model.
    pub(crate) fn present(&self) -> Presentation {
        let keys: Vec<PresentationKeys> = Scheme::ALL
            .into_iter()
            .map(|scheme| self.keys(scheme))
            .collect();
        let newest = self.state.signals.last();
        let drms = newest
            .and_then(|newest| keys_of(&keys, newest.scheme)?.key_changes.first())
            .map_or_else(Vec::new, |newest| newest.signals.drms.clone());
        Presentation {
            tracks: self
                .state
                .tracks
                .iter()
                .filter(|track| !track.segments.is_empty())
                .filter_map(|track| self.track(track, &keys))
                .collect(),
            drms,
            live: self.options.is_live.then(|| self.live_times()),
        }
    }

    /// Returns the keys of a scheme.
    fn keys(&self, scheme: Scheme) -> PresentationKeys {
        // Only the signaling counts here. That of a KID is the newest one: another run may have other DRM systems.
        let newest_first = self.state.signals.iter().rev();
        PresentationKeys {
            scheme,
            inits: Vec::new(),
            key_changes: newest_first
                .filter(|known| known.scheme.0 == scheme)
                .map(|known| KeyChange {
                    period: 0,
                    start: Duration::ZERO,
                    signals: known.signals.restore(),
                    in_init: false,
                })
                .collect(),
        }
    }

    fn live_times(&self) -> LiveTimes {
        let state = self.state;
        LiveTimes {
            availability_start: UNIX_EPOCH + state.availability_start,
            published: UNIX_EPOCH + state.published,
            window: self.options.window,
            segment_duration: self.options.segment_duration,
            target_duration: Duration::from_secs(state.target_duration),
            periods: state
                .periods
                .iter()
                .map(|period| LivePeriod {
                    number: period.number,
                    start: period.start,
                })
                .collect(),
            is_ended: state.is_ended,
        }
    }

    /// Returns a track; None if it has no part.
    fn track(&self, track: &TrackState, keys: &[PresentationKeys]) -> Option<PresentedTrack> {
        let mut parts = self.parts(track, keys).into_iter();
        let first = parts.next()?;
        let end = track
            .segments
            .back()
            .map_or(0, |last| last.start.saturating_add(last.duration));
        Some(PresentedTrack {
            name: track.name.clone(),
            media: first.media,
            codecs: first.codecs,
            language: track.language.clone(),
            label: track.label.clone(),
            roles: track.roles(),
            folder: None,
            files: first.files,
            timescale: track.timescale,
            segments: track.listed_segments(),
            first_number: track.first_number,
            discontinuities: track.discontinuities,
            duration: track.time(end),
            bandwidth: track.bandwidth,
            key_frame_bandwidth: track.key_frame_bandwidth,
            period: first.period,
            protection: first.protection,
            later_parts: parts.collect(),
            is_ended: track.is_ended,
            smooth: None,
        })
    }

    /// Returns the parts that are listed.
    fn parts(&self, track: &TrackState, keys: &[PresentationKeys]) -> Vec<LaterPart> {
        let segment_keys: Vec<SegmentKey> = track
            .segments
            .iter()
            .enumerate()
            .map(|(segment, state)| SegmentKey {
                segment,
                kid: state.kid.map(|kid| kid.0),
            })
            .collect();
        // Those of a presentation on demand are counted from its start.
        let first_period = match (self.options.is_live, self.state.periods.front()) {
            (false, Some(first)) => first.number,
            _ => 0,
        };
        let ends = track
            .parts
            .iter()
            .skip(1)
            .map(|next| track.index_of(next.first_number))
            .chain([track.segments.len()]);
        track
            .parts
            .iter()
            .zip(ends)
            .filter_map(|(part, end)| {
                let first_segment = track.index_of(part.first_number);
                let described = part.described.as_ref()?;
                Some(LaterPart {
                    first_segment,
                    media: described.media,
                    codecs: described.codecs.clone(),
                    files: track.files(part),
                    protection: keys_of(keys, part.scheme)
                        .and_then(|keys| part.signaling(first_segment..end, &segment_keys, keys)),
                    period: part.period.saturating_sub(first_period),
                    discontinuities: part.discontinuities,
                })
            })
            .collect()
    }
}

/// Returns the keys of a scheme, of those of all schemes.
fn keys_of(keys: &[PresentationKeys], scheme: SavedScheme) -> Option<&PresentationKeys> {
    keys.iter().find(|keys| keys.scheme == scheme.0)
}

impl PartState {
    /// Returns the signaling of its segments; None if its init segment describes clear samples.
    fn signaling(
        &self,
        segments: std::ops::Range<usize>,
        segment_keys: &[SegmentKey],
        keys: &PresentationKeys,
    ) -> Option<TrackSignaling> {
        let default_kid = self.default_kid?.0;
        let init = InitKeys {
            default_kids: vec![Some(default_kid)],
            signals: Some(self.on_demand.as_ref().map_or_else(
                || Signals {
                    kids: vec![default_kid],
                    drms: Vec::new(),
                },
                SignalsState::restore,
            )),
            has_leaf_licences: self.on_demand.is_some(),
        };
        let mut signaling = keys.signaling(&PartKeys {
            track: 0,
            init: &init,
            segments,
            keys: segment_keys,
        })?;
        signaling.expects_changes = self.expects_changes;
        Some(signaling)
    }
}

impl TrackState {
    /// Returns the index of a segment among those that are listed.
    fn index_of(&self, number: u64) -> usize {
        usize::try_from(number.saturating_sub(self.first_number)).unwrap_or(usize::MAX)
    }

    fn listed_segments(&self) -> Vec<Segment> {
        let segments = self.segments.iter();
        segments
            .map(|segment| Segment {
                start: segment.start,
                duration: segment.duration,
                bytes: ByteRange {
                    start: 0,
                    end: segment.size,
                },
                sap_type: segment.sap_type,
                key_frame: segment.key_frame.map(|end| ByteRange { start: 0, end }),
            })
            .collect()
    }

    fn files(&self, part: &PartState) -> TrackFiles {
        TrackFiles::Segments {
            init: part.init.clone(),
            media: format!("{}/$Number$.m4s", self.name),
        }
    }
}
