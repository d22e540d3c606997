// SPDX-License-Identifier: MPL-2.0
//! A pad with what the channel knows of its track.

use std::time::Duration;

use gst::prelude::*;

use cenc_mp4::segmenting::{MuxedHeader, MuxedSample, MuxedTrackReader, Retiming, StreamSegment};
use isobmff_boxes::BoxTree;
use presentation_publisher::StartedTrack;
use segment_packaging::{DescribedTrack, DescriptionSource, TrackNames, TrackProperties};

use crate::chunk::BufferChunk;
use crate::playreadysink::error::SinkError;
use crate::playreadysink::fragmenter::MuxerKind;
use crate::playreadysink::input_queue::{FirstBuffer, PadNumber};
use crate::playreadysink::track_pad::TrackPad;

/// A pad with what the channel knows of its track.
pub(in crate::playreadysink) struct ChannelTrack {
    pub(super) pad: TrackPad,
    pub(super) number: PadNumber,
    pub(super) muxer: MuxerKind,
    pub(super) reader: MuxedTrackReader<BufferChunk>,
    pub(super) first: Option<FirstBuffer>,
    pub(super) header: Option<MuxedHeader>,
    pub(super) retiming: Option<Retiming>,
    /// Samples before the start of the presentation.
    pub(super) held: Vec<MuxedSample<BufferChunk>>,
    /// Index in the cutter.
    pub(super) index: Option<usize>,
    pub(super) name: Option<String>,
    pub(super) is_ended: bool,
}

impl ChannelTrack {
    pub(in crate::playreadysink) fn new(
        pad: TrackPad,
        number: PadNumber,
        muxer: MuxerKind,
    ) -> Self {
        Self {
            pad,
            number,
            muxer,
            reader: MuxedTrackReader::default(),
            first: None,
            header: None,
            retiming: None,
            held: Vec::new(),
            index: None,
            name: None,
            is_ended: false,
        }
    }

    /// Returns the running time of its first sample.
    pub(super) fn first_running_time(&self, sample: &MuxedSample<BufferChunk>) -> Duration {
        let by_muxer = self
            .header
            .as_ref()
            .map_or(Duration::ZERO, |header| header.time(sample.start()));
        let by_buffer = self.first.and_then(|first| first.running_time);
        match (self.muxer.keeps_time, by_buffer) {
            (false, Some(running_time)) => running_time.into(),
            _ => by_muxer,
        }
    }

    /// True if the start of the presentation need not wait for it.
    pub(super) const fn is_known(&self) -> bool {
        self.header.is_some() || self.is_ended
    }

    pub(super) fn held_duration(&self) -> Duration {
        let Some(header) = &self.header else {
            return Duration::ZERO;
        };
        let ends = self.held.first().zip(self.held.last());
        ends.map_or(Duration::ZERO, |(first, last)| {
            header
                .time(last.start())
                .saturating_sub(header.time(first.start()))
        })
    }
}

/// Returns what the manifests say of a track.
pub(super) fn present(
    track: &mut ChannelTrack,
    segment: Option<&StreamSegment<BufferChunk>>,
    names: &mut TrackNames,
) -> Result<StartedTrack, SinkError> {
    let pad = track.pad.name().to_string();
    let settings = track.pad.settings();
    let properties = TrackProperties {
        language: settings.language.clone(),
        label: settings.label.clone(),
        roles: settings.roles().map_err(|role| SinkError::Role {
            pad: pad.clone(),
            role,
        })?,
    };
    let header = track.header.as_ref().ok_or(SinkError::NoMedia)?;
    let failed = |source: cenc_mp4::Error| SinkError::Muxer {
        pad: pad.clone(),
        source,
    };
    let frame_rate = segment.and_then(|segment| segment.frame_rate(header.timescale));
    let trak = BoxTree::parse(&header.trak).map_err(|error| failed(error.into()))?;
    let described = DescribedTrack::read(
        DescriptionSource {
            trak: &trak,
            frame_rate,
        },
        &properties,
    )
    .map_err(failed)?
    .ok_or_else(|| SinkError::NotPresented { pad: pad.clone() })?;
    let name = match &track.name {
        Some(name) => name.clone(),
        None => names.choose(&described.media, described.language.as_deref()),
    };
    track.name = Some(name.clone());
    Ok(StartedTrack {
        name,
        described,
        frame_rate,
        timescale: header.timescale,
        bandwidth: Some(settings.bandwidth).filter(|bandwidth| *bandwidth > 0),
    })
}
