// SPDX-License-Identifier: MPL-2.0
//! The tracks of the presentation, from the output of their muxers to published segments.

mod muxed_source;
mod opening;
mod publication;
mod started;
mod text_reader;
mod text_source;
mod track;

use std::path::PathBuf;
use std::time::Duration;

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::segmenting::{MuxedHeader, MuxedPart, MuxedSample};
use host_access::Host;
use presentation_publisher::{PublishError, Publisher};
use protection_policy::{CueAction, Packaging};
use segment_packaging::{SegmentParts, SegmentProtector, TrackNames};

use super::cue_input::CueInput;
use super::error::SinkError;
use super::imp::PlayReadySink;
use super::input_queue::{PadInput, TrackInput};
use super::properties::SinkSettings;
use super::sink_store::SinkStore;
use super::{CATEGORY, PlayReadySink as Sink};
use crate::chunk::BufferChunk;
use crate::error::{self, UnmappableBuffer};
pub(super) use started::ChannelTimeline;
use started::StartedChannel;
use text_source::{MissingTexts, TextSource};
pub(super) use track::ChannelTrack;
use track::TrackSource;

/// The time by which a track of a live presentation may be late, in addition to two segments.
const PATIENCE: Duration = Duration::from_secs(5);

/// The bytes of a presentation on demand that may wait for tracks without samples, such as texts.
const AWAITING_BYTES: u64 = 256 << 20;

/// The presentation under way.
pub(super) struct Channel {
    sink: Sink,
    settings: SinkSettings,
    location: PathBuf,
    host: Host,
    /// Some before the stream starts.
    packaging: Option<Packaging>,
    tracks: Vec<ChannelTrack>,
    /// None before the first buffer of any track.
    opened: Option<OpenedPresentation>,
    state: ChannelState,
    /// The splices of cues before the start, in running time.
    early_splices: Vec<Duration>,
    names: TrackNames,
}

/// The folder, with the place of the stream in the presentation.
struct OpenedPresentation {
    /// Some before the first segment.
    publisher: Option<Publisher<SinkStore>>,
    is_live: bool,
    timeline: ChannelTimeline,
}

enum ChannelState {
    /// Tracks are still to come.
    Waiting,
    Started(Box<StartedChannel>),
}

impl Channel {
    /// Creates a channel for these tracks.
    pub(super) fn new(
        sink: Sink,
        settings: SinkSettings,
        packaging: Packaging,
        tracks: Vec<ChannelTrack>,
    ) -> Self {
        for track in &tracks {
            track.pad.key_frame_requests().stop();
        }
        let location = settings.location.clone();
        Self {
            // Without a folder the application stores the files.
            location: location.unwrap_or_else(|| PathBuf::from(sink.name())),
            sink,
            settings,
            host: Host::system(),
            packaging: Some(packaging),
            tracks,
            opened: None,
            state: ChannelState::Waiting,
            early_splices: Vec::new(),
            names: TrackNames::default(),
        }
    }

    fn imp(&self) -> &PlayReadySink {
        self.sink.imp()
    }

    /// Takes an input, and publishes the segments that are complete with it.
    ///
    /// # Errors
    /// [`SinkError`], after which the channel must not be used any more.
    pub(super) fn take(&mut self, input: PadInput) -> Result<(), SinkError> {
        let Some(position) = self
            .tracks
            .iter()
            .position(|track| track.number == input.pad)
        else {
            return Ok(());
        };
        match input.input {
            TrackInput::Started(first) => self.take_first(position, first)?,
            TrackInput::Data(buffer) => self.take_data(position, buffer)?,
            TrackInput::Cue(cue) => self.take_cue(cue),
            TrackInput::Text(input) => self.take_text(position, |text| text.take(input))?,
            TrackInput::End => self.end_track(position)?,
            TrackInput::Flushed => self.flush_track(position),
        }
        self.start_if_ready()?;
        self.publish_complete()
    }

    /// True once all tracks have ended.
    pub(super) fn has_ended(&self) -> bool {
        !self.tracks.is_empty() && self.tracks.iter().all(|track| track.is_ended)
    }

    /// Publishes the end of the presentation.
    ///
    /// # Errors
    /// [`SinkError`].
    pub(super) fn finish(&mut self) -> Result<(), SinkError> {
        let ChannelState::Started(started) = &mut self.state else {
            return Err(SinkError::NoMedia);
        };
        let Some(stream) = &mut started.stream else {
            return Err(SinkError::NoMedia);
        };
        // What was published is a presentation, whatever the encryptor says of its end.
        let ended = stream.finish();
        let finished = stream.sink.publisher.finish();
        finished.map_err(|source| self.publish_error(source))?;
        self.post_events();
        self.warn_of_unpublished_texts();
        ended.map_err(|error| SinkError::of_segment(error, &self.location))
    }

    /// Returns the keys, for the next stream.
    pub(super) fn into_packaging(self) -> Option<Packaging> {
        match self.state {
            ChannelState::Started(started) => {
                let parts = started.stream.map(SegmentProtector::into_parts);
                parts
                    .map(|SegmentParts { packaging, .. }| packaging)
                    .or(self.packaging)
            }
            ChannelState::Waiting => self.packaging,
        }
    }

    fn publish_error(&self, source: PublishError) -> SinkError {
        SinkError::Publish {
            location: self.location.clone(),
            source,
        }
    }

    fn take_data(&mut self, position: usize, buffer: gst::Buffer) -> Result<(), SinkError> {
        let Some(track) = self.tracks.get_mut(position) else {
            return Ok(());
        };
        let pad = || track.pad.name().to_string();
        let failed = |source| SinkError::Muxer { pad: pad(), source };
        let TrackSource::Muxed(muxed) = &mut track.source else {
            return Ok(());
        };
        let chunk =
            BufferChunk::new(buffer).map_err(|error| SinkError::Memory(UnmappableBuffer(error)))?;
        let mut parts = Vec::new();
        muxed.reader.push(chunk, &mut parts).map_err(failed)?;
        for part in parts {
            match part {
                MuxedPart::Header(header) => self.take_header(position, header)?,
                MuxedPart::Sample(sample) => self.take_sample(position, sample),
            }
        }
        Ok(())
    }

    fn take_header(&mut self, position: usize, header: MuxedHeader) -> Result<(), SinkError> {
        let Some(track) = self.tracks.get_mut(position) else {
            return Ok(());
        };
        let TrackSource::Muxed(muxed) = &mut track.source else {
            return Ok(());
        };
        match &track.header {
            Some(known) if *known != header => Err(SinkError::FormatChanged {
                pad: track.pad.name().to_string(),
            }),
            Some(_) => Ok(()),
            None => {
                gst::debug!(
                    CATEGORY,
                    obj = track.pad,
                    "{:?} track with {} ticks per second from {}",
                    header.kind,
                    header.timescale,
                    muxed.muxer.factory
                );
                if let ChannelState::Started(started) = &mut self.state {
                    muxed.index = Some(started.cutter.add_track(&header));
                }
                track.header = Some(header);
                Ok(())
            }
        }
    }

    fn take_sample(&mut self, position: usize, sample: MuxedSample<BufferChunk>) {
        let Some(track) = self.tracks.get_mut(position) else {
            return;
        };
        let (TrackSource::Muxed(muxed), Some(header)) = (&mut track.source, &track.header) else {
            return;
        };
        match &mut self.state {
            ChannelState::Waiting => muxed.hold(sample),
            ChannelState::Started(started) => started.push(muxed, header, sample),
        }
    }

    /// Gives the policy a cue, and starts segments where it is.
    fn take_cue(&mut self, cue: CueInput) {
        let packaging = match &mut self.state {
            ChannelState::Waiting => None,
            ChannelState::Started(started) => {
                started.stream.as_mut().map(SegmentProtector::packaging_mut)
            }
        };
        let Some(packaging) = packaging.or(self.packaging.as_mut()) else {
            return;
        };
        if packaging.config().cue_action == CueAction::None {
            return;
        }
        packaging.take_cue(&cue.section, cue.place);
        match &mut self.state {
            ChannelState::Waiting => self.early_splices.extend(cue.splices),
            ChannelState::Started(started) => started.cut_at(&cue.splices),
        }
    }

    /// Gives the texts of a track something to take, and warns of those that are left out with it.
    fn take_text(
        &mut self,
        position: usize,
        take: impl FnOnce(&mut TextSource) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        let track = self.tracks.get_mut(position);
        let Some((pad, text)) = track.and_then(|track| {
            let pad = track.pad.name();
            Some((pad, track.text_mut()?))
        }) else {
            return Ok(());
        };
        let taken = take(text);
        let missing = text.take_missing();
        self.warn_of_missing(&pad, missing);
        taken
    }

    /// Warns of texts that are left out.
    fn warn_of_missing(&self, pad: &str, MissingTexts { late, damaged }: MissingTexts) {
        if late > 0 {
            let warning = format!(
                "pad {pad}: {late} texts came after the pictures of their time were published, and are left out: let texts come \
                 earlier, or delay the pictures"
            );
            error::post_warning(self.imp(), gst::StreamError::Failed, &warning);
        }
        if damaged > 0 {
            let warning =
                format!("pad {pad}: {damaged} cues of WebVTT have damaged times, and are left out");
            error::post_warning(self.imp(), gst::StreamError::Decode, &warning);
        }
    }

    /// Warns of texts after the end of the pictures and the sound, and of pads that had no text at all.
    fn warn_of_unpublished_texts(&self) {
        for track in &self.tracks {
            let (pad, Some(text)) = (track.pad.name(), track.text()) else {
                continue;
            };
            let warning = match (text.is_known(), text.remaining()) {
                (false, _) => format!(
                    "pad {pad}: no text has come, so that the presentation has no track for it"
                ),
                (true, 0) => continue,
                (true, count) => format!(
                    "pad {pad}: {count} texts start after the end of the pictures and the sound, and are left out"
                ),
            };
            error::post_warning(self.imp(), gst::StreamError::Failed, &warning);
        }
    }

    fn end_track(&mut self, position: usize) -> Result<(), SinkError> {
        let Some(track) = self.tracks.get_mut(position) else {
            return Ok(());
        };
        track.is_ended = true;
        let name = track.pad.name();
        gst::info!(CATEGORY, obj = self.sink, "pad {name} has ended");
        if let (ChannelState::Started(started), Some(index)) =
            (&mut self.state, track.muxed().and_then(|muxed| muxed.index))
        {
            started.cutter.end_track(index);
        }
        self.take_text(position, TextSource::end)
    }

    fn flush_track(&mut self, position: usize) {
        let Some(track) = self.tracks.get_mut(position) else {
            return;
        };
        track.is_ended = false;
        match &mut track.source {
            TrackSource::Text(text) => text.flush(),
            TrackSource::Muxed(muxed) => {
                muxed.flush();
                if let (ChannelState::Started(started), Some(index)) =
                    (&mut self.state, muxed.index)
                {
                    started.cutter.flush_track(index);
                }
            }
        }
    }
}
