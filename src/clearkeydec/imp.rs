// SPDX-License-Identifier: MPL-2.0
//! The element's class: caps, properties and the path of a buffer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::Totals;

use super::CATEGORY;
use super::keys::DecryptorKeys;
use super::stream::DecryptedStream;
use crate::action_signals::{KeyReceiver, request_key, set_key};
use crate::logging::Logged;
use crate::sent_stream::{SentStream, StreamSender};
use crate::settings::{self, KeySettings};
use crate::stream_counts::StreamCounts;
use crate::wait_stop::WaitStop;
use crate::{caps, clear_caps, error, lock, protected_caps, pulling};

/// See [`super::ClearKeyDec`].
pub struct ClearKeyDec {
    pub(super) sinkpad: gst::Pad,
    pub(super) srcpad: gst::Pad,
    pub(super) sent: SentStream,
    settings: Mutex<KeySettings>,
    /// True while a stream uses the settings.
    is_open: AtomicBool,
    pub(super) waits: WaitStop,
    pub(super) keys: DecryptorKeys,
    /// Read by any thread, for messages.
    counts: Arc<StreamCounts>,
    /// True if buffers are samples of an elementary stream. It is read while the stream waits for a key.
    pub(super) is_of_samples: AtomicBool,
    /// Some between READY and PAUSED. Never locked while pushing.
    pub(super) stream: Mutex<Option<DecryptedStream>>,
}

impl Logged for ClearKeyDec {
    fn category() -> gst::DebugCategory {
        *CATEGORY
    }

    fn progress(&self) -> String {
        let Totals { samples, bytes, .. } = self.counts.get();
        match self.is_of_samples() {
            true => format!("after {samples} buffers"),
            false => format!("after {bytes} bytes of MP4"),
        }
    }
}

impl StreamSender for ClearKeyDec {
    fn sent(&self) -> &SentStream {
        &self.sent
    }
}

impl KeyReceiver for ClearKeyDec {
    fn give_key(&self, answer: &gst::StructureRef) -> bool {
        self.keys.answers.give(self, answer)
    }
}

impl ClearKeyDec {
    /// Reads the settings, and starts to read a key file. It is not called on a streaming thread.
    fn start(&self) -> Result<(), gst::StateChangeError> {
        self.waits.set_flushing(false);
        self.is_of_samples.store(false, Ordering::Relaxed);
        self.counts.set(Totals::default());
        let keys = self.keys.of_stream(self, &lock(&self.settings));
        let keys = keys.map_err(|message| {
            self.obj().post_error_message(message);
            gst::StateChangeError
        })?;
        self.sent.restart();
        self.is_open.store(true, Ordering::Relaxed);
        let counts = Arc::clone(&self.counts);
        *lock(&self.stream) = Some(DecryptedStream::new(keys, counts));
        Ok(())
    }

    fn stop(&self) {
        gst::info!(CATEGORY, imp = self, "stops {}", self.progress());
        *lock(&self.stream) = None;
        self.keys.end();
        self.is_open.store(false, Ordering::Relaxed);
    }
}

#[glib::object_subclass]
impl ObjectSubclass for ClearKeyDec {
    const NAME: &'static str = "GstClearKeyDec";
    type Type = super::ClearKeyDec;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let template = |name| class.pad_template(name).expect("pad_templates() has both");
        let refused = || Err(gst::loggable_error!(*CATEGORY, "panic in activation"));
        let failed = || Err(gst::FlowError::Error);
        let sinkpad = gst::Pad::builder_from_template(&template("sink"))
            .activate_function(|pad, _| pulling::activate::<Self>(pad))
            .activatemode_function(move |pad, parent, mode, active| {
                Self::catch_panic_pad_function(parent, refused, |element| {
                    pulling::activate_mode(element, pad, mode, active)
                })
            })
            .chain_function(move |pad, parent, buffer| {
                Self::catch_panic_pad_function(parent, failed, |e| e.chain(pad, buffer))
            })
            .chain_list_function(move |pad, parent, list| {
                Self::catch_panic_pad_function(parent, failed, |e| e.chain_list(pad, list))
            })
            .event_function(|pad, parent, event| {
                Self::catch_panic_pad_function(parent, || false, |e| e.sink_event(pad, event))
            })
            .query_function(|pad, parent, query| {
                Self::catch_panic_pad_function(parent, || false, |e| e.query(pad, query))
            })
            .flags(gst::PadFlags::ACCEPT_TEMPLATE)
            .build();
        let srcpad = gst::Pad::builder_from_template(&template("src"))
            .event_function(|pad, parent, event| {
                Self::catch_panic_pad_function(parent, || false, |e| e.src_event(pad, event))
            })
            .query_function(|pad, parent, query| {
                Self::catch_panic_pad_function(parent, || false, |e| e.query(pad, query))
            })
            .build();
        Self {
            sinkpad,
            srcpad,
            sent: SentStream::default(),
            settings: Mutex::default(),
            is_open: AtomicBool::new(false),
            waits: WaitStop::default(),
            keys: DecryptorKeys::default(),
            counts: Arc::default(),
            is_of_samples: AtomicBool::new(false),
            stream: Mutex::default(),
        }
    }
}

impl ObjectImpl for ClearKeyDec {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            settings::key_specs(
                "Location of the keys: file:///path/x.keys with lines 'selector kid key [iv]', or file:///path/x.cpix with keys in the clear. Keys are found by their KID; selectors have no effect. If no property gives keys, the signal request-key requests them: a handler gets a structure with the field key-id (string), and returns one with key-id and key (strings), or one named 'pending' before set-key",
            )
        });
        &PROPERTIES
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: LazyLock<Vec<Signal>> =
            LazyLock::new(|| vec![request_key(), set_key::<ClearKeyDec>()]);
        &SIGNALS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        match self.is_open.load(Ordering::Relaxed) {
            true => error::post_late_setting(self, spec.name()),
            false => {
                lock(&self.settings).set(spec.name(), value);
                self.keys.forget();
            }
        }
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        lock(&self.settings)
            .get(spec.name())
            .expect("GObject reads only readable properties of key_specs()")
    }

    fn constructed(&self) {
        self.parent_constructed();
        let element = self.obj();
        for pad in [&self.sinkpad, &self.srcpad] {
            element.add_pad(pad).expect("a new element has no pads");
        }
    }
}

impl GstObjectImpl for ClearKeyDec {}

impl ElementImpl for ClearKeyDec {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Common Encryption decryptor with given keys",
                "Codec/Decryptor",
                "Decrypts samples and MP4 protected by Common Encryption with given keys, for checks and not for playback",
                "The gst-plugin-playready developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let template = |name, direction, caps: gst::Caps| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
                    .expect("name and caps are valid")
            };
            let mut clear: gst::Caps = clear_caps::media_types()
                .iter()
                .map(gst::Structure::new_empty)
                .collect();
            clear.merge(caps::mp4());
            let mut protected = protected_caps::decryptable();
            protected.merge(caps::mp4());
            vec![
                template("sink", gst::PadDirection::Sink, protected),
                template("src", gst::PadDirection::Src, clear),
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
