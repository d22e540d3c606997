// SPDX-License-Identifier: MPL-2.0
//! The start of the presentation: the folder, the timeline, and the tracks that are there.

use std::time::Duration;

use gst::prelude::*;

use cenc_mp4::segmenting::{CutterLimits, StreamCutter};
use cenc_types::Scheme;
use presentation::writer::dash::{UtcScheme, UtcTiming};
use presentation::writer::hls::HlsClearLead;
use presentation_publisher::{FolderStore, MPD_NAME, Publisher, PublisherOptions, StreamTimes};
use protection_policy::{KeyChangeForm, Packaging};

use super::started::{ChannelTimeline, StartedChannel};
use super::track::{ChannelTrack, TrackSource};
use super::{AWAITING_BYTES, Channel, ChannelState, OpenedPresentation, PATIENCE};
use crate::logging::media_time;
use crate::playreadysink::CATEGORY;
use crate::playreadysink::error::SinkError;
use crate::playreadysink::input_queue::FirstBuffer;
use crate::playreadysink::properties::{ManifestsProperty, PresentationTypeProperty};
use crate::playreadysink::sink_store::{ApplicationStore, SinkStore, is_application};
use crate::playreadysink::text_input::{self, TextEncoding};

impl Channel {
    /// Takes the running time of the first buffer of a track. The first of all opens the presentation, so that encoders learn early
    /// where segments start.
    pub(super) fn take_first(
        &mut self,
        position: usize,
        first: FirstBuffer,
    ) -> Result<(), SinkError> {
        if self.opened.is_none() {
            let opened = self.open_presentation(first)?;
            self.reserve_names(&opened);
            self.opened = Some(opened);
            self.schedule_key_frames();
        }
        if let Some(track) = self.tracks.get_mut(position)
            && let TrackSource::Muxed(muxed) = &mut track.source
        {
            muxed.first = Some(first);
        }
        Ok(())
    }

    pub(super) fn open_presentation(
        &self,
        first: FirstBuffer,
    ) -> Result<OpenedPresentation, SinkError> {
        let is_live = self.is_live();
        let mut publisher = self.open_publisher(is_live)?;
        let now = self.host.clock.since_1970();
        let offset = publisher
            .begin(StreamTimes {
                running_zero: now.saturating_sub(self.running_time_now()),
                first_buffer: first.running_time.unwrap_or_default().into(),
            })
            .map_err(|source| self.publish_error(source))?;
        let base = match (is_live, first.running_time) {
            (false, Some(running_time)) => running_time.into(),
            _ => Duration::ZERO,
        };
        gst::info!(
            CATEGORY,
            obj = self.sink,
            "{} presentation in {}, media time {} at running time {}",
            if is_live { "dynamic" } else { "static" },
            self.location.display(),
            media_time(offset),
            media_time(base)
        );
        Ok(OpenedPresentation {
            publisher: Some(publisher),
            is_live,
            timeline: ChannelTimeline { base, offset },
        })
    }

    /// Keeps the names that the tracks of a presentation that goes on had in earlier runs.
    fn reserve_names(&mut self, opened: &OpenedPresentation) {
        let Some(publisher) = &opened.publisher else {
            return;
        };
        for track in &mut self.tracks {
            track.earlier_names = publisher.names_of(&track.pad.name());
            for name in &track.earlier_names {
                self.names.reserve(name);
            }
        }
    }

    /// Starts the presentation once all tracks are known, or one waits for too long.
    pub(super) fn start_if_ready(&mut self) -> Result<(), SinkError> {
        let mut muxed = self.tracks.iter().filter_map(ChannelTrack::muxed);
        if !matches!(self.state, ChannelState::Waiting) || muxed.all(|muxed| muxed.held.is_empty())
        {
            return Ok(());
        }
        let Some(opened) = &mut self.opened else {
            return Ok(());
        };
        let patience = self.settings.segment_duration() * 2 + PATIENCE;
        let described = || {
            let tracks = self.tracks.iter();
            tracks.filter_map(|track| Some((track.muxed()?, track.header.as_ref()?)))
        };
        let waits_too_long = opened.is_live
            && described().any(|(muxed, header)| muxed.held_duration(header) > patience);
        let is_live = opened.is_live;
        let held: u64 = described().map(|(muxed, _)| muxed.held_bytes).sum();
        let awaits_all = !is_live && held <= AWAITING_BYTES;
        if !waits_too_long && !self.tracks.iter().all(|track| track.is_known(awaits_all)) {
            return Ok(());
        }
        if !is_live {
            // A static presentation starts with its first sample.
            let firsts = described().filter_map(|(muxed, header)| {
                let first = muxed.held.first()?;
                Some(muxed.first_running_time(header, first))
            });
            opened.timeline.base = firsts.min().unwrap_or_default();
        }
        let limits = CutterLimits {
            patience: is_live.then_some(patience),
        };
        let mut started = Box::new(StartedChannel {
            timeline: opened.timeline,
            is_live,
            cutter: StreamCutter::new(self.settings.segment_duration(), limits),
            stream: None,
            stream_tracks: Vec::new(),
            ended_tracks: Vec::new(),
            segments: 0,
        });
        started.cut_at(&std::mem::take(&mut self.early_splices));
        for track in &mut self.tracks {
            start_track(track, &mut started)?;
        }
        self.state = ChannelState::Started(started);
        self.schedule_key_frames();
        self.warn_of_late(|track| !track.is_known(false));
        Ok(())
    }

    /// Lets the pads request key frames at the starts of segments.
    fn schedule_key_frames(&self) {
        if let Some(opened) = &self.opened {
            for track in &self.tracks {
                let requests = track.pad.key_frame_requests();
                requests.start(opened.timeline, self.settings.segment_duration());
            }
        }
    }

    /// True for a presentation that is published while it grows.
    pub(super) fn is_live(&self) -> bool {
        match self.settings.presentation_type {
            PresentationTypeProperty::Dynamic => true,
            PresentationTypeProperty::Static => false,
            PresentationTypeProperty::Auto => self.tracks.iter().any(|track| {
                let mut latency = gst::query::Latency::new();
                track.pad.peer_query(&mut latency) && latency.result().0
            }),
        }
    }

    /// Returns the running time of this moment; 0 for a pipeline without a clock.
    pub(super) fn running_time_now(&self) -> Duration {
        let now = self.sink.clock().map(|clock| clock.time());
        let running_time = now
            .zip(self.sink.base_time())
            .map(|(now, base)| now.saturating_sub(base));
        running_time.map_or(Duration::ZERO, Duration::from)
    }

    pub(super) fn open_publisher(&self, is_live: bool) -> Result<Publisher<SinkStore>, SinkError> {
        let folder = |source| SinkError::Folder {
            path: self.location.clone(),
            source,
        };
        let store = match is_application(&self.sink) {
            true => SinkStore::Application(ApplicationStore::new(self.sink.clone())),
            false => SinkStore::Folder(FolderStore::open(&self.location).map_err(folder)?),
        };
        let formats = self.settings.manifests;
        let config = self.packaging.as_ref().map(Packaging::config);
        let options = PublisherOptions {
            writes_dash: formats.contains(ManifestsProperty::DASH),
            writes_hls: formats.contains(ManifestsProperty::HLS),
            segment_duration: self.settings.segment_duration(),
            window: self.settings.window(),
            is_live,
            scheme: config.map_or(Scheme::Cenc, |config| config.scheme),
            expects_changes: config.is_some_and(|config| {
                config.key_change == KeyChangeForm::InBand && !config.crypto_period.is_zero()
            }),
            clear_lead: HlsClearLead::KeyFromStart,
            utc_timing: is_live.then(|| UtcTiming {
                scheme: UtcScheme::HttpHead,
                value: MPD_NAME.to_owned(),
            }),
        };
        Publisher::open(store, options, self.host.clone())
            .map_err(|source| self.publish_error(source))
    }
}

/// Gives the cutter what waited for the start of the presentation.
fn start_track(track: &mut ChannelTrack, started: &mut StartedChannel) -> Result<(), SinkError> {
    match (&mut track.source, &track.header) {
        (TrackSource::Text(text), _) => {
            let caps = track.pad.peer_query_caps(Some(&text_input::caps()));
            text.start(started.timeline, TextEncoding::format_of_all(&caps))?;
        }
        (TrackSource::Muxed(muxed), Some(header)) => {
            let index = started.cutter.add_track(header);
            muxed.index = Some(index);
            for sample in std::mem::take(&mut muxed.held) {
                started.push(muxed, header, sample);
            }
            if track.is_ended {
                started.cutter.end_track(index);
            }
        }
        (TrackSource::Muxed(_), None) => (),
    }
    Ok(())
}
