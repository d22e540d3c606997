// SPDX-License-Identifier: MPL-2.0
//! The element's class: pads, properties and state changes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::Totals;

use super::CATEGORY;
use super::stream::Mp4Stream;
use crate::action_signals::{self, EncryptorElement};
use crate::logging::Logged;
use crate::sent_stream::{SentStream, StreamSender};
use crate::session::{self, Session};
use crate::stream_counts::StreamCounts;
use crate::{caps, lock, pulling};

/// See [`super::PlayReadyEnc`].
pub struct PlayReadyEnc {
    pub(super) sinkpad: gst::Pad,
    pub(super) srcpad: gst::Pad,
    pub(super) session: Session,
    pub(super) sent: SentStream,
    threads: AtomicU32,
    pub(super) counts: StreamCounts,
    /// Some between READY and PAUSED. Only the streaming thread locks it in between, and never while pushing.
    pub(super) stream: Mutex<Option<Mp4Stream>>,
}

impl Logged for PlayReadyEnc {
    fn category() -> gst::DebugCategory {
        *CATEGORY
    }

    fn progress(&self) -> String {
        self.counts.fragment_progress()
    }
}

impl StreamSender for PlayReadyEnc {
    fn sent(&self) -> &SentStream {
        &self.sent
    }
}

impl EncryptorElement for PlayReadyEnc {
    fn session(&self) -> &Session {
        &self.session
    }
}

impl PlayReadyEnc {
    /// Reads the settings, and starts to request keys.
    fn start(&self) -> Result<(), gst::StateChangeError> {
        let packaging = self.session.open(self, &self.sinkpad).map_err(|message| {
            self.obj().post_error_message(message);
            gst::StateChangeError
        })?;
        let threads = self.threads.load(Ordering::Relaxed) as usize;
        let stream = Mp4Stream::new(packaging, threads).map_err(|error| {
            self.session.end();
            crate::error::post(self, &error);
            gst::StateChangeError
        })?;
        self.sent.restart();
        *lock(&self.stream) = Some(stream);
        Ok(())
    }

    fn stop(&self) {
        gst::info!(CATEGORY, imp = self, "stops {}", self.progress());
        if let Some(stream) = lock(&self.stream).take() {
            self.session.close(stream.into_sample_keys());
        }
        self.counts.set(Totals::default());
    }
}

#[glib::object_subclass]
impl ObjectSubclass for PlayReadyEnc {
    const NAME: &'static str = "GstPlayReadyEnc";
    type Type = super::PlayReadyEnc;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let template = |name| class.pad_template(name).expect("pad_templates() has both");
        let refused = || Err(gst::loggable_error!(*CATEGORY, "panic in activation"));
        let sinkpad = gst::Pad::builder_from_template(&template("sink"))
            .activate_function(|pad, _| pulling::activate::<Self>(pad))
            .activatemode_function(move |pad, parent, mode, active| {
                Self::catch_panic_pad_function(parent, refused, |element| {
                    pulling::activate_mode(element, pad, mode, active)
                })
            })
            .chain_function(|pad, parent, buffer| {
                Self::catch_panic_pad_function(
                    parent,
                    || Err(gst::FlowError::Error),
                    |element| element.chain(pad, buffer),
                )
            })
            .chain_list_function(|pad, parent, list| {
                Self::catch_panic_pad_function(
                    parent,
                    || Err(gst::FlowError::Error),
                    |element| element.chain_list(pad, list),
                )
            })
            .event_function(|pad, parent, event| {
                Self::catch_panic_pad_function(parent, || false, |e| e.sink_event(pad, event))
            })
            .query_function(|pad, parent, query| {
                Self::catch_panic_pad_function(parent, || false, |e| e.sink_query(pad, query))
            })
            .flags(gst::PadFlags::PROXY_CAPS)
            .build();
        let srcpad = gst::Pad::builder_from_template(&template("src"))
            .event_function(|pad, parent, event| {
                Self::catch_panic_pad_function(parent, || false, |e| e.src_event(pad, event))
            })
            .query_function(|pad, parent, query| {
                Self::catch_panic_pad_function(parent, || false, |e| e.src_query(pad, query))
            })
            .flags(gst::PadFlags::PROXY_CAPS)
            .build();
        Self {
            sinkpad,
            srcpad,
            session: Session::default(),
            sent: SentStream::default(),
            threads: AtomicU32::new(1),
            counts: StreamCounts::default(),
            stream: Mutex::default(),
        }
    }
}

impl ObjectImpl for PlayReadyEnc {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let mut specs = session::specs();
            specs.push(
                glib::ParamSpecUInt::builder("threads")
                    .nick("Threads")
                    .blurb("Number of threads that encrypt fragments in parallel, including the streaming thread, when the element reads a file itself; the output does not depend on it")
                    .minimum(1)
                    .maximum(64)
                    .default_value(1)
                    .mutable_ready()
                    .build(),
            );
            specs
        });
        &PROPERTIES
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: LazyLock<Vec<Signal>> =
            LazyLock::new(action_signals::signals::<PlayReadyEnc>);
        &SIGNALS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        match spec.name() {
            "threads" if !self.session.takes(self, "threads") => (),
            "threads" => {
                let threads = value.get().expect("GObject has checked the value's type");
                self.threads.store(threads, Ordering::Relaxed);
            }
            name => self.session.set(self, name, value),
        }
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        match spec.name() {
            "stats" => {
                let key_changes = self.session.key_changes();
                self.counts.fragment_stats(key_changes).to_value()
            }
            "threads" => self.threads.load(Ordering::Relaxed).to_value(),
            name => self.session.get(name),
        }
    }

    fn constructed(&self) {
        self.parent_constructed();
        let element = self.obj();
        for pad in [&self.sinkpad, &self.srcpad] {
            element.add_pad(pad).expect("a new element has no pads");
        }
    }
}

impl GstObjectImpl for PlayReadyEnc {}

impl ElementImpl for PlayReadyEnc {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "PlayReady and Common Encryption packager",
                "Codec/Encryptor",
                "Protects MP4 (fragmented, CMAF, DASH, progressive) by Common Encryption and signals PlayReady",
                "The gst-plugin-playready developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let template = |name, direction| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps::mp4())
                    .expect("name and caps are valid")
            };
            vec![
                template("sink", gst::PadDirection::Sink),
                template("src", gst::PadDirection::Src),
            ]
        });
        &TEMPLATES
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        gst::debug!(CATEGORY, imp = self, "changes state: {transition:?}");
        if transition == gst::StateChange::ReadyToPaused {
            self.start()?;
        }
        let changed = self.parent_change_state(transition);
        if transition == gst::StateChange::PausedToReady || changed.is_err() {
            self.stop();
        }
        changed
    }
}
