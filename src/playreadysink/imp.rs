// SPDX-License-Identifier: MPL-2.0
//! The element's class: pads, properties and state changes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::Totals;
use common_encryption::BoxFlavor;

use super::CATEGORY;
use super::channel::ChannelTrack;
use super::collector::{Collector, Destination};
use super::error::SinkError;
use super::fragmenter::{MuxedMedia, TrackMuxer};
use super::input_queue::{InputQueue, PadNumber, TrackInput};
use super::properties::{self, SinkSettings};
use super::sink_store;
use super::text_input;
use super::track_pad::TrackPad;
use super::worker::{Worker, WorkerSetup};
use crate::action_signals::{self, EncryptorElement};
use crate::logging::Logged;
use crate::mux_bin::templates;
use crate::session::{self, Session};
use crate::stream_counts::StreamCounts;
use crate::{error, lock};

/// The default of `key-change`: a crypto period is a new Period in DASH, and has an EXT-X-MAP in HLS.
const KEY_CHANGE: &str = "init";

/// See [`super::PlayReadySink`].
pub struct PlayReadySink {
    pub(super) session: Session,
    settings: Mutex<SinkSettings>,
    queue: Arc<InputQueue>,
    tracks: Mutex<Vec<SinkTrack>>,
    /// The number of pads that were ever requested.
    pads: AtomicUsize,
    counts: StreamCounts,
    worker: Mutex<Option<Worker>>,
}

/// A pad and the elements after it.
struct SinkTrack {
    pad: TrackPad,
    number: PadNumber,
    /// None for text.
    muxer: Option<TrackMuxer>,
    collector: Collector,
}

impl Default for PlayReadySink {
    fn default() -> Self {
        Self {
            session: Session::with_default("key-change", KEY_CHANGE),
            settings: Mutex::default(),
            queue: Arc::default(),
            tracks: Mutex::default(),
            pads: AtomicUsize::new(0),
            counts: StreamCounts::default(),
            worker: Mutex::default(),
        }
    }
}

impl Logged for PlayReadySink {
    fn category() -> gst::DebugCategory {
        *CATEGORY
    }

    fn progress(&self) -> String {
        self.counts.fragment_progress()
    }
}

impl EncryptorElement for PlayReadySink {
    fn session(&self) -> &Session {
        &self.session
    }
}

impl PlayReadySink {
    /// Notes the amount of media that was protected.
    pub(super) fn note_totals(&self, totals: Option<Totals>) {
        self.counts.set(totals.unwrap_or_default());
    }

    /// Adds a pad with the elements after it.
    fn add_track(
        &self,
        template: &gst::PadTemplate,
        name: Option<&str>,
    ) -> Result<TrackPad, glib::BoolError> {
        let media = match template.name_template() {
            "video_%u" => Some(MuxedMedia::Video),
            "audio_%u" => Some(MuxedMedia::Audio),
            _ => None,
        };
        let number = PadNumber(self.pads.fetch_add(1, Ordering::Relaxed));
        let name = match name {
            Some(name) => name.to_owned(),
            None => templates::free_name(template, self.obj().upcast_ref()),
        };
        let bin = self.obj();
        let muxer = media.map(|media| TrackMuxer::new(media, &format!("mux_{name}")));
        let muxer = muxer.transpose()?;
        let destination = Destination {
            pad: number,
            queue: Arc::clone(&self.queue),
            is_text: muxer.is_none(),
        };
        let collector = Collector::new(&format!("collector_{name}"), destination);
        bin.add(&collector)?;
        if let Some(muxer) = &muxer {
            bin.add(&muxer.element)?;
            muxer.element.link(&collector)?;
        }
        let target = match &muxer {
            Some(muxer) => Some(muxer.sinkpad.clone()),
            None => collector.static_pad("sink"),
        };
        let pad: TrackPad = gst::PadBuilder::<TrackPad>::from_template(template)
            .name(name)
            .build();
        pad.set_target(target.as_ref())?;
        collector.sync_state_with_parent()?;
        if let Some(muxer) = &muxer {
            pad.watch_buffers(number, &self.queue);
            muxer.element.sync_state_with_parent()?;
        }
        lock(&self.tracks).push(SinkTrack {
            pad: pad.clone(),
            number,
            muxer,
            collector,
        });
        Ok(pad)
    }

    /// Reads the settings, and starts to request keys and to publish. After an error, [`Self::stop`] ends what was started.
    fn start(&self) -> Result<(), gst::StateChangeError> {
        let settings = lock(&self.settings).clone();
        let failed = |error: &SinkError| {
            error::post(self, error);
            gst::StateChangeError
        };
        if settings.location.is_none() && !sink_store::is_application(&self.obj()) {
            return Err(failed(&SinkError::NoLocation));
        }
        settings.check().map_err(|error| failed(&error))?;
        let queue = Arc::clone(&self.queue);
        let is_stopped = Arc::new(move || !queue.is_open());
        self.queue.open();
        let packaging = self
            .session
            .open_until(self, is_stopped)
            .map_err(|message| {
                self.obj().post_error_message(message);
                gst::StateChangeError
            })?;
        if packaging.config().flavor == BoxFlavor::Piff {
            return Err(failed(&SinkError::Piff));
        }
        let tracks = lock(&self.tracks);
        for pad in tracks.iter().map(|track| &track.pad) {
            let properties = pad.settings().properties(&pad.name());
            properties.map_err(|error| failed(&error))?;
        }
        for muxer in tracks.iter().filter_map(|track| track.muxer.as_ref()) {
            muxer.configure(settings.segment_duration());
        }
        let setup = WorkerSetup {
            sink: self.obj().clone(),
            queue: Arc::clone(&self.queue),
            settings,
            packaging,
            tracks: tracks
                .iter()
                .map(|track| {
                    let muxer = track.muxer.as_ref().map(|muxer| muxer.kind);
                    ChannelTrack::new(track.pad.clone(), track.number, muxer)
                })
                .collect(),
            collectors: tracks.iter().map(|track| track.collector.clone()).collect(),
        };
        let worker = Worker::start(setup)
            .map_err(|source| failed(&SinkError::Protection(cenc_mp4::Error::Threads(source))))?;
        *lock(&self.worker) = Some(worker);
        Ok(())
    }

    fn stop(&self) {
        self.queue.close();
        let worker = lock(&self.worker).take();
        match worker.and_then(Worker::join) {
            Some(sample_keys) => self.session.close(sample_keys),
            None => self.session.end(),
        }
        gst::info!(CATEGORY, imp = self, "stops {}", self.progress());
        self.counts.set(Totals::default());
    }
}

#[glib::object_subclass]
impl ObjectSubclass for PlayReadySink {
    const NAME: &'static str = "GstPlayReadySink";
    type Type = super::PlayReadySink;
    type ParentType = gst::Bin;
    type Interfaces = (gst::ChildProxy,);
}

impl ObjectImpl for PlayReadySink {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let mut specs = session::specs_with_default("key-change", KEY_CHANGE);
            specs.extend(properties::specs());
            specs
        });
        &PROPERTIES
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: LazyLock<Vec<Signal>> = LazyLock::new(|| {
            let mut signals = action_signals::signals::<PlayReadySink>();
            signals.extend(sink_store::signals());
            signals
        });
        &SIGNALS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        let mut settings = lock(&self.settings);
        if settings.get(spec.name()).is_none() {
            drop(settings);
            self.session.set(self, spec.name(), value);
        } else if self.session.takes(self, spec.name()) {
            settings.set(spec.name(), value);
        }
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        match spec.name() {
            "stats" => {
                let key_changes = self.session.key_changes();
                self.counts.fragment_stats(key_changes).to_value()
            }
            name => {
                let own = lock(&self.settings).get(name);
                own.unwrap_or_else(|| self.session.get(name))
            }
        }
    }

    fn constructed(&self) {
        self.parent_constructed();
        let bin = self.obj();
        // It is a sink before it has pads, too.
        bin.set_suppressed_flags(gst::ElementFlags::SINK | gst::ElementFlags::SOURCE);
        bin.set_element_flags(gst::ElementFlags::SINK);
    }
}

impl GstObjectImpl for PlayReadySink {}

impl ElementImpl for PlayReadySink {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "PlayReady DASH and HLS packager",
                "Sink/Muxer/Encryptor",
                "Publishes DASH and HLS, live or on demand, protected by Common Encryption, with PlayReady signaling",
                "The gst-plugin-playready developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            vec![
                templates::of_type(
                    "video_%u",
                    &templates::video_caps(),
                    TrackPad::static_type(),
                ),
                templates::of_type(
                    "audio_%u",
                    &templates::audio_caps(),
                    TrackPad::static_type(),
                ),
                templates::of_type("text_%u", &text_input::caps(), TrackPad::static_type()),
            ]
        });
        &TEMPLATES
    }

    fn request_new_pad(
        &self,
        template: &gst::PadTemplate,
        name: Option<&str>,
        _caps: Option<&gst::Caps>,
    ) -> Option<gst::Pad> {
        if self.obj().current_state() > gst::State::Ready {
            gst::warning!(
                CATEGORY,
                imp = self,
                "pads are requested in the state NULL or READY"
            );
            return None;
        }
        match self.add_track(template, name) {
            Ok(pad) => {
                let bin = self.obj();
                bin.add_pad(&pad).ok()?;
                // gst-launch-1.0 sets the properties of pads that it has named before.
                bin.child_added(&pad, &pad.name());
                Some(pad.upcast())
            }
            Err(error) => {
                gst::error!(CATEGORY, imp = self, "no pad: {error}");
                gst::element_imp_error!(self, gst::CoreError::MissingPlugin, ("{error}"));
                None
            }
        }
    }

    fn release_pad(&self, pad: &gst::Pad) {
        let mut tracks = lock(&self.tracks);
        let position = tracks
            .iter()
            .position(|track| track.pad.upcast_ref::<gst::Pad>() == pad);
        let Some(track) = position.map(|position| tracks.remove(position)) else {
            return;
        };
        drop(tracks);
        let bin = self.obj();
        // The others go on without it.
        let _ = self.queue.push(track.number, TrackInput::End);
        let _ = pad.set_active(false);
        let _ = track.pad.set_target(None::<&gst::Pad>);
        let muxer = track.muxer.map(|muxer| muxer.element);
        for element in muxer.into_iter().chain([track.collector.upcast()]) {
            let _ = element.set_state(gst::State::Null);
            let _ = bin.remove(&element);
        }
        let _ = bin.remove_pad(pad);
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        gst::debug!(CATEGORY, imp = self, "changes state: {transition:?}");
        match transition {
            gst::StateChange::ReadyToPaused => self.start().inspect_err(|_| self.stop())?,
            // Streaming threads that wait for room come back.
            gst::StateChange::PausedToReady => self.queue.close(),
            _ => (),
        }
        let changed = self.parent_change_state(transition);
        if transition == gst::StateChange::PausedToReady
            || (transition == gst::StateChange::ReadyToPaused && changed.is_err())
        {
            self.stop();
        }
        changed
    }
}

impl BinImpl for PlayReadySink {}

/// The children are the elements inside; pads can also be found by name.
impl ChildProxyImpl for PlayReadySink {
    fn child_by_name(&self, name: &str) -> Option<glib::Object> {
        self.parent_child_by_name(name)
            .or_else(|| self.obj().static_pad(name).map(gst::Pad::upcast))
    }

    fn child_by_index(&self, index: u32) -> Option<glib::Object> {
        self.parent_child_by_index(index)
    }

    fn children_count(&self) -> u32 {
        self.parent_children_count()
    }
}
