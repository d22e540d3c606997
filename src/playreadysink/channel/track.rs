// SPDX-License-Identifier: MPL-2.0
//! A pad with what the channel knows of its track.

use gst::prelude::*;

use cenc_mp4::segmenting::{MuxedHeader, StreamSegment};
use cenc_types::FrameRate;
use isobmff_boxes::BoxTree;
use presentation_publisher::StartedTrack;
use segment_packaging::{DescribedTrack, DescriptionSource, TrackNames};

use super::muxed_source::MuxedSource;
use super::text_source::TextSource;
use crate::chunk::BufferChunk;
use crate::playreadysink::error::SinkError;
use crate::playreadysink::fragmenter::MuxerKind;
use crate::playreadysink::input_queue::PadNumber;
use crate::playreadysink::track_pad::TrackPad;

/// A pad with what the channel knows of its track.
pub(in crate::playreadysink) struct ChannelTrack {
    pub(super) pad: TrackPad,
    pub(super) number: PadNumber,
    pub(super) source: TrackSource,
    /// None until its muxer has described it, or, for text, until it is published.
    pub(super) header: Option<MuxedHeader>,
    pub(super) name: Option<String>,
    /// The names that it had in earlier runs of a live presentation.
    pub(super) earlier_names: Vec<String>,
    /// The frame rate of its last segment that had one.
    frame_rate: Option<FrameRate>,
    pub(super) is_ended: bool,
}

/// What is known of a track at the start of a stream.
pub(super) struct TrackStart<'s> {
    /// Its first segment, if that is there.
    pub(super) segment: Option<&'s StreamSegment<BufferChunk>>,
    /// True if no segment follows.
    pub(super) is_ended: bool,
}

/// What the samples of a track come from.
pub(super) enum TrackSource {
    Muxed(Box<MuxedSource>),
    Text(Box<TextSource>),
}

/// A segment of the track of a pad.
pub(super) struct PadSegment {
    pub(super) pad: PadNumber,
    pub(super) segment: StreamSegment<BufferChunk>,
}

impl ChannelTrack {
    /// Creates the track of a pad; without a muxer it is text.
    pub(in crate::playreadysink) fn new(
        pad: TrackPad,
        number: PadNumber,
        muxer: Option<MuxerKind>,
    ) -> Self {
        Self {
            source: match muxer {
                Some(muxer) => TrackSource::Muxed(Box::new(MuxedSource::new(muxer))),
                None => TrackSource::Text(Box::new(TextSource::new(pad.name().to_string()))),
            },
            pad,
            number,
            header: None,
            name: None,
            earlier_names: Vec::new(),
            frame_rate: None,
            is_ended: false,
        }
    }

    pub(super) fn muxed(&self) -> Option<&MuxedSource> {
        match &self.source {
            TrackSource::Muxed(muxed) => Some(muxed),
            TrackSource::Text(_) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&TextSource> {
        match &self.source {
            TrackSource::Muxed(_) => None,
            TrackSource::Text(text) => Some(text),
        }
    }

    pub(super) fn text_mut(&mut self) -> Option<&mut TextSource> {
        match &mut self.source {
            TrackSource::Muxed(_) => None,
            TrackSource::Text(text) => Some(text),
        }
    }

    /// True if the start of the presentation need not wait for it. One on demand starts with the earliest of all first samples; a live one
    /// starts at running time 0, and does not wait for texts, which may be silent for long.
    pub(super) fn is_known(&self, is_on_demand: bool) -> bool {
        let is_described = match &self.source {
            TrackSource::Muxed(muxed) => {
                self.header.is_some() && !(is_on_demand && muxed.held.is_empty())
            }
            TrackSource::Text(text) => !is_on_demand || text.is_known(),
        };
        is_described || self.is_ended
    }
}

/// Returns what the manifests say of a track.
pub(super) fn present(
    track: &mut ChannelTrack,
    start: &TrackStart<'_>,
    names: &mut TrackNames,
) -> Result<StartedTrack, SinkError> {
    let pad = track.pad.name().to_string();
    let settings = track.pad.settings();
    if let (None, TrackSource::Text(text)) = (&track.header, &track.source) {
        track.header = Some(text.header(settings.language.as_deref())?);
    }
    let properties = settings.properties(&pad)?;
    let header = track.header.as_ref().ok_or(SinkError::NoMedia)?;
    let failed = |source: cenc_mp4::Error| SinkError::Muxer {
        pad: pad.clone(),
        source,
    };
    let measured = start
        .segment
        .and_then(|segment| segment.frame_rate(header.timescale));
    track.frame_rate = measured.or(track.frame_rate);
    let trak = BoxTree::parse(&header.trak).map_err(|error| failed(error.into()))?;
    let described = DescribedTrack::read(
        DescriptionSource {
            trak: &trak,
            frame_rate: track.frame_rate,
        },
        &properties,
    )
    .map_err(failed)?
    .ok_or_else(|| SinkError::NotPresented { pad: pad.clone() })?;
    let name = match &track.name {
        Some(name) => name.clone(),
        None => names.choose(
            &described.media,
            described.language.as_deref(),
            &track.earlier_names,
        ),
    };
    track.name = Some(name.clone());
    Ok(StartedTrack {
        name,
        source: pad,
        described,
        timescale: header.timescale,
        bandwidth: Some(settings.bandwidth).filter(|bandwidth| *bandwidth > 0),
        is_ended: start.is_ended,
    })
}
