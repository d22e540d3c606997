// SPDX-License-Identifier: MPL-2.0
//! The element's class: caps, properties and the processing of a buffer.

use std::sync::{Arc, LazyLock, Mutex};

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::BaseTransformMode;
use gst_base::subclass::prelude::*;

use cenc_mp4::Totals;

use super::stream::ElementaryStream;
use super::{CATEGORY, StreamError};
use crate::action_signals::{self, EncryptorElement};
use crate::cue_event::CueFromUpstream;
use crate::error::WaitEnd;
use crate::logging::{self, LogTarget, Logged};
use crate::sent_stream::{self, SentStream, StreamSender};
use crate::session::{self, Session};
use crate::settings::TrackTypeProperty;
use crate::stream_counts::StreamCounts;
use crate::{clear_caps, lock, protected_caps};

/// See [`super::CencEnc`].
#[derive(Default)]
pub struct CencEnc {
    session: Session,
    sent: SentStream,
    track_type: Mutex<TrackTypeProperty>,
    counts: Arc<StreamCounts>,
    /// Some between start and stop. Only the streaming thread locks it in between, and never while pushing.
    stream: Mutex<Option<ElementaryStream>>,
}

impl Logged for CencEnc {
    fn category() -> gst::DebugCategory {
        *CATEGORY
    }

    fn progress(&self) -> String {
        let Totals { samples, bytes, .. } = self.counts.get();
        format!("after {samples} protected samples of {bytes} bytes")
    }
}

impl StreamSender for CencEnc {
    fn sent(&self) -> &SentStream {
        &self.sent
    }
}

impl EncryptorElement for CencEnc {
    fn session(&self) -> &Session {
        &self.session
    }
}

impl CencEnc {
    /// Runs `work` on the current stream and posts its error.
    fn with_stream<T>(
        &self,
        work: impl FnOnce(&mut ElementaryStream, LogTarget<'_>) -> Result<T, StreamError>,
    ) -> Result<T, gst::FlowError> {
        let element = self.obj();
        let target = LogTarget {
            category: *CATEGORY,
            element: element.upcast_ref(),
        };
        if self.sent.is_refused() {
            return Err(gst::FlowError::Error);
        }
        let worked = {
            let mut stream = lock(&self.stream);
            work(stream.as_mut().ok_or(gst::FlowError::Flushing)?, target)
        };
        worked.map_err(|error| match error.wait_end() {
            Some(WaitEnd::Stopped) => gst::FlowError::Flushing,
            Some(WaitEnd::Reported) => sent_stream::refuse_reported(self),
            None => sent_stream::refuse(self, &error),
        })
    }

    fn stats(&self) -> gst::Structure {
        let totals = self.counts.get();
        gst::Structure::builder("playready-stats")
            .field("samples", totals.samples)
            .field("bytes", totals.bytes)
            .field("key-changes", self.session.key_changes())
            .build()
    }
}

#[glib::object_subclass]
impl ObjectSubclass for CencEnc {
    const NAME: &'static str = "GstCencEnc";
    type Type = super::CencEnc;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for CencEnc {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let mut specs = session::specs();
            specs.push(
                glib::ParamSpecEnum::builder::<TrackTypeProperty>("track-type")
                    .nick("Track type")
                    .blurb("Type of stream that the element accepts; in any case the caps decide which key is used")
                    .mutable_ready()
                    .build(),
            );
            specs
        });
        &PROPERTIES
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: LazyLock<Vec<Signal>> = LazyLock::new(action_signals::signals::<CencEnc>);
        &SIGNALS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        match spec.name() {
            "track-type" if !self.session.takes(self, "track-type") => (),
            "track-type" => {
                *lock(&self.track_type) =
                    value.get().expect("GObject has checked the value's type");
            }
            name => self.session.set(self, name, value),
        }
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        match spec.name() {
            "track-type" => lock(&self.track_type).to_value(),
            "stats" => self.stats().to_value(),
            name => self.session.get(name),
        }
    }
}

impl GstObjectImpl for CencEnc {}

impl ElementImpl for CencEnc {
    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        gst::debug!(CATEGORY, imp = self, "changes state: {transition:?}");
        self.parent_change_state(transition)
    }

    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Common Encryption of elementary streams",
                "Codec/Encryptor",
                "Protects the samples of one stream by Common Encryption and signals PlayReady",
                "The gst-plugin-playready developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let template = |name, direction, caps| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
                    .expect("name and caps are valid")
            };
            vec![
                template("sink", gst::PadDirection::Sink, clear_caps::framed()),
                template(
                    "src",
                    gst::PadDirection::Src,
                    gst::Caps::new_empty_simple(protected_caps::PROTECTED),
                ),
            ]
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for CencEnc {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    /// Reads the settings, and starts to request keys.
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let packaging = self.session.open(self, self.obj().sink_pad())?;
        let counts = Arc::clone(&self.counts);
        self.sent.restart();
        *lock(&self.stream) = Some(ElementaryStream::new(packaging, counts));
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        gst::info!(CATEGORY, imp = self, "stops {}", self.progress());
        if let Some(stream) = lock(&self.stream).take() {
            self.session.close(stream.into_sample_keys());
        }
        self.counts.set(Totals::default());
        Ok(())
    }

    fn transform_caps(
        &self,
        direction: gst::PadDirection,
        caps: &gst::Caps,
        filter: Option<&gst::Caps>,
    ) -> Option<gst::Caps> {
        let protection = self.session.caps_protection();
        let other = match direction {
            gst::PadDirection::Sink => protected_caps::protect(caps, &protection),
            _ => protected_caps::unprotect(&protected_caps::fitting(caps, &protection)),
        };
        Some(protected_caps::filtered(other, filter))
    }

    /// Accepts caps of known media types in any framing; `set_caps` refuses an unsupported framing with a remedy.
    fn accept_caps(&self, direction: gst::PadDirection, caps: &gst::Caps) -> bool {
        if direction != gst::PadDirection::Sink {
            return self.parent_accept_caps(direction, caps);
        }
        let name = caps.structure(0).map(|structure| structure.name().as_str());
        let is_known =
            name.is_some_and(|name| clear_caps::media_types().iter().any(|known| known == name));
        if !is_known {
            gst::warning!(
                CATEGORY,
                imp = self,
                "refuses caps of no known codec: {caps}"
            );
        }
        is_known
    }

    fn set_caps(&self, clear: &gst::Caps, protected: &gst::Caps) -> Result<(), gst::LoggableError> {
        gst::debug!(CATEGORY, imp = self, "caps in: {clear}");
        gst::debug!(CATEGORY, imp = self, "caps out: {protected}");
        let track_type = *lock(&self.track_type);
        self.with_stream(|stream, _| stream.set_caps(clear, track_type))
            .map_err(|_| gst::loggable_error!(CATEGORY, "the stream cannot be protected"))
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        logging::event::<Self>(self.obj().sink_pad(), &event);
        match event.view() {
            gst::EventView::StreamStart(_) => {
                self.sent.restart();
                if let Some(stream) = lock(&self.stream).as_mut() {
                    stream.restart();
                }
            }
            gst::EventView::Segment(event) => {
                if let Some(stream) = lock(&self.stream).as_mut() {
                    stream.set_segment(event.segment());
                }
            }
            gst::EventView::FlushStart(_) => self.session.waits.set_flushing(true),
            gst::EventView::FlushStop(_) => {
                self.session.waits.set_flushing(false);
                self.sent.flush();
                if let Some(stream) = lock(&self.stream).as_mut() {
                    stream.flush();
                }
            }
            gst::EventView::CustomDownstream(event) => {
                if let (Some(cue), Some(stream)) = (
                    CueFromUpstream::read(event.structure()),
                    lock(&self.stream).as_mut(),
                ) {
                    stream.take_cue(&cue);
                }
            }
            // It would make an incomplete stream look complete.
            gst::EventView::Eos(_) if self.sent.is_refused() => return false,
            _ => (),
        }
        self.parent_sink_event(event)
    }

    fn src_event(&self, event: gst::Event) -> bool {
        logging::event::<Self>(self.obj().src_pad(), &event);
        self.parent_src_event(event)
    }

    fn transform_ip(
        &self,
        buffer: &mut gst::BufferRef,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        gst::log!(CATEGORY, imp = self, "received {buffer:?}");
        let (announcement, change, warnings) = self.with_stream(|stream, target| {
            stream.protect(buffer, target)?;
            Ok((
                stream.announcement(buffer.pts()),
                stream.next_change(buffer.pts()),
                stream.warnings(),
            ))
        })?;
        self.session.warn_of_keys(self, warnings);
        let element = self.obj();
        // This comes after the caps, since the caps of the source pad must go first.
        if let Some(start) = announcement {
            self.session.announce(self, element.src_pad(), &start);
        }
        if let Some(change) = change {
            self.session
                .announce_change(self, element.src_pad(), &change);
        }
        Ok(gst::FlowSuccess::Ok)
    }
}
