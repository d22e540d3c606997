// SPDX-License-Identifier: MPL-2.0
//! A pad of the element, with what manifests say of its track.

use std::sync::{Arc, Mutex};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use presentation::model::{Role, is_language_tag};
use segment_packaging::TrackProperties;

use super::cue_input::{CueInput, StreamPosition};
use super::error::SinkError;
use super::input_queue::{FirstBuffer, InputQueue, PadNumber, TrackInput};
use super::key_frame_requests::{self, KeyFrameRequests};
use crate::cue_event::CueFromUpstream;
use crate::lock;
use crate::time_segment::time_segment;

glib::wrapper! {
    /// A ghost of a muxer's pad.
    pub struct TrackPad(ObjectSubclass<imp::TrackPad>)
        @extends gst::GhostPad, gst::ProxyPad, gst::Pad, gst::Object;
}

/// The properties of a track that the user sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TrackPadSettings {
    pub(super) label: Option<String>,
    /// Names of roles, separated by commas.
    pub(super) role: Option<String>,
    pub(super) language: Option<String>,
    /// Bits per second; 0 to measure it.
    pub(super) bandwidth: u32,
}

impl TrackPadSettings {
    /// Returns what manifests say of the track of a pad. The language becomes part of names of files.
    ///
    /// # Errors
    /// [`SinkError::Language`], [`SinkError::Role`].
    pub(super) fn properties(&self, pad: &str) -> Result<TrackProperties, SinkError> {
        let pad = || pad.to_owned();
        if let Some(language) = self.language.as_ref().filter(|tag| !is_language_tag(tag)) {
            let language = language.clone();
            return Err(SinkError::Language {
                pad: pad(),
                language,
            });
        }
        Ok(TrackProperties {
            language: self.language.clone(),
            label: self.label.clone(),
            roles: self
                .roles()
                .map_err(|role| SinkError::Role { pad: pad(), role })?,
        })
    }

    /// Returns the roles.
    ///
    /// # Errors
    /// A name that is no role.
    fn roles(&self) -> Result<Vec<Role>, String> {
        let names = self.role.iter().flat_map(|names| names.split(','));
        names
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| Role::from_dash_value(name).ok_or_else(|| name.to_owned()))
            .collect()
    }
}

impl TrackPad {
    /// Returns what the user says of the track.
    pub(super) fn settings(&self) -> TrackPadSettings {
        lock(&self.imp().settings).clone()
    }

    /// Returns the requests for key frames.
    pub(super) fn key_frame_requests(&self) -> &KeyFrameRequests {
        &self.imp().key_frame_requests
    }

    /// Tells the thread of the element the running time of the first buffer of a stream, and cues, and requests key frames as buffers
    /// arrive.
    pub(super) fn watch_buffers(&self, number: PadNumber, queue: &Arc<InputQueue>) {
        let queue = Arc::downgrade(queue);
        let last_pts = Mutex::new(LastPts::default());
        let probe = gst::PadProbeType::BUFFER
            | gst::PadProbeType::BUFFER_LIST
            | gst::PadProbeType::EVENT_DOWNSTREAM
            | gst::PadProbeType::EVENT_FLUSH;
        self.add_probe(probe, move |pad, info| {
            let pts = match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => buffer.pts(),
                Some(gst::PadProbeData::BufferList(list)) => {
                    list.get(0).and_then(gst::BufferRef::pts)
                }
                Some(gst::PadProbeData::Event(event)) => {
                    let last = lock(&last_pts).pts;
                    let is_start = matches!(
                        event.type_(),
                        gst::EventType::StreamStart | gst::EventType::FlushStop
                    );
                    if is_start {
                        *lock(&last_pts) = LastPts::default();
                    } else if let Some(cue) = CueFromUpstream::read(event.structure())
                        && let Some(queue) = queue.upgrade()
                        && let Some(cue) = pad.place_cue(cue, last)
                    {
                        // A stopped element takes nothing.
                        let _ = queue.push(number, TrackInput::Cue(cue));
                    }
                    return gst::PadProbeReturn::Ok;
                }
                _ => return gst::PadProbeReturn::Ok,
            };
            let running_time = pts.and_then(|pts| time_segment(pad)?.to_running_time(pts));
            if let Some(running_time) = running_time {
                for request in pad.key_frame_requests().due(running_time.into()) {
                    pad.push_event(request);
                }
            }
            if lock(&last_pts).advance(pts)
                && let Some(queue) = queue.upgrade()
            {
                let _ = queue.push(number, TrackInput::Started(FirstBuffer { running_time }));
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// Gives a cue its place, and requests key frames there. Returns None before the segment of the stream.
    fn place_cue(&self, cue: CueFromUpstream, pts: Option<gst::ClockTime>) -> Option<CueInput> {
        let position = StreamPosition {
            segment: &time_segment(self)?,
            pts,
        };
        let cue = CueInput::new(cue, &position);
        for splice in &cue.splices {
            self.push_event(key_frame_requests::request(*splice));
        }
        Some(cue)
    }
}

/// The time of the last buffer of a stream.
#[derive(Default)]
struct LastPts {
    pts: Option<gst::ClockTime>,
    has_begun: bool,
}

impl LastPts {
    /// Notes a buffer. Returns true for the first one.
    fn advance(&mut self, pts: Option<gst::ClockTime>) -> bool {
        self.pts = pts.or(self.pts);
        !std::mem::replace(&mut self.has_begun, true)
    }
}

mod imp {
    use std::sync::{LazyLock, Mutex};

    use gst::glib;
    use gst::prelude::*;
    use gst::subclass::prelude::*;

    use super::{KeyFrameRequests, TrackPadSettings};
    use crate::lock;

    #[derive(Default)]
    pub struct TrackPad {
        pub(super) settings: Mutex<TrackPadSettings>,
        pub(super) key_frame_requests: KeyFrameRequests,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for TrackPad {
        const NAME: &'static str = "GstPlayReadyTrackPad";
        type Type = super::TrackPad;
        type ParentType = gst::GhostPad;
    }

    impl ObjectImpl for TrackPad {
        fn properties() -> &'static [glib::ParamSpec] {
            static PROPERTIES: LazyLock<[glib::ParamSpec; 4]> = LazyLock::new(|| {
                [
                    glib::ParamSpecString::builder("label")
                        .nick("Label")
                        .blurb("Name of the track in the menu of a player")
                        .mutable_ready()
                        .build(),
                    glib::ParamSpecString::builder("role")
                        .nick("Role")
                        .blurb("Purposes of the track, separated by commas: main, alternate, commentary, dub, description, subtitle, caption, forced-subtitle")
                        .mutable_ready()
                        .build(),
                    glib::ParamSpecString::builder("language")
                        .nick("Language")
                        .blurb("Language of the track, a tag of RFC 5646 such as en; unset to use that of the stream")
                        .mutable_ready()
                        .build(),
                    glib::ParamSpecUInt::builder("bandwidth")
                        .nick("Bandwidth")
                        .blurb("Peak bit rate of the track in bits per second, for the manifests; 0 to measure it")
                        .mutable_ready()
                        .build(),
                ]
            });
            &*PROPERTIES
        }

        fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
            const CHECKED: &str = "GObject has checked the value's type";
            let mut settings = lock(&self.settings);
            match spec.name() {
                "label" => settings.label = value.get().expect(CHECKED),
                "role" => settings.role = value.get().expect(CHECKED),
                "language" => settings.language = value.get().expect(CHECKED),
                "bandwidth" => settings.bandwidth = value.get().expect(CHECKED),
                _ => (),
            }
        }

        fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
            let settings = lock(&self.settings);
            match spec.name() {
                "label" => settings.label.to_value(),
                "role" => settings.role.to_value(),
                "language" => settings.language.to_value(),
                "bandwidth" => settings.bandwidth.to_value(),
                _ => spec.default_value().clone(),
            }
        }
    }

    impl GstObjectImpl for TrackPad {}
    impl PadImpl for TrackPad {}
    impl ProxyPadImpl for TrackPad {}
    impl GhostPadImpl for TrackPad {}
}
