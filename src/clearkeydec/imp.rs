// SPDX-License-Identifier: MPL-2.0
//! The element's class: caps, properties and the path of a buffer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;
use host_access::Host;

use common_encryption::KnownKeys;

use super::CATEGORY;
use super::requested::KeyIdRequests;
use super::stream::DecryptedStream;
use crate::action_signals::request_key;
use crate::logging::Logged;
use crate::request_key::KeyHandlers;
use crate::sent_stream::{SentStream, StreamSender};
use crate::settings::{self, DecryptionKeys, KeySettings, SettingsError};
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
    /// Some if the application gives the keys.
    pub(super) requested: Mutex<Option<Arc<KeyIdRequests>>>,
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
        lock(&self.stream)
            .as_ref()
            .map_or_else(|| "before the stream".to_owned(), DecryptedStream::progress)
    }
}

impl StreamSender for ClearKeyDec {
    fn sent(&self) -> &SentStream {
        &self.sent
    }
}

impl ClearKeyDec {
    /// Reads the keys. Having none is an error only when a sample needs one.
    fn keys(&self) -> Result<KnownKeys, gst::ErrorMessage> {
        match lock(&self.settings).decryption_keys(&*Host::system().files) {
            Err(SettingsError::NoKey) => Ok(self.requested_keys()),
            Err(error) => Err(error::settings_message(self, &error)),
            Ok(DecryptionKeys::Seed(seed)) => Ok(KnownKeys::looked_up(Box::new(move |kid| {
                Some(seed.content_key(&kid))
            }))),
            Ok(DecryptionKeys::Ring(ring)) => {
                let entries = ring.entries().iter();
                for kid in entries.clone().map(|entry| entry.kid) {
                    gst::info!(CATEGORY, imp = self, "has the key of KID {kid}");
                }
                Ok(entries.map(|entry| (entry.kid, &entry.key)).collect())
            }
        }
    }

    /// Returns keys that the application gives by `request-key`, or none if it answers no requests.
    fn requested_keys(&self) -> KnownKeys {
        let handlers = KeyHandlers::default();
        handlers.element.set(Some(self.obj().upcast_ref()));
        if !handlers.are_connected() {
            gst::warning!(CATEGORY, imp = self, "no keys: only clear streams can pass");
            return KnownKeys::default();
        }
        let requested = KeyIdRequests::new(handlers, self.waits.check(&self.sinkpad));
        let requested = Arc::clone(lock(&self.requested).insert(Arc::new(requested)));
        KnownKeys::looked_up(Box::new(move |kid| requested.request(kid)))
    }

    /// Reads the keys. It is not called on a streaming thread.
    fn start(&self) -> Result<(), gst::StateChangeError> {
        self.waits.set_flushing(false);
        self.is_of_samples.store(false, Ordering::Relaxed);
        *lock(&self.requested) = None;
        let keys = self.keys().map_err(|message| {
            self.obj().post_error_message(message);
            gst::StateChangeError
        })?;
        self.sent.restart();
        self.is_open.store(true, Ordering::Relaxed);
        *lock(&self.stream) = Some(DecryptedStream::new(keys));
        Ok(())
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
            requested: Mutex::default(),
            is_of_samples: AtomicBool::new(false),
            stream: Mutex::default(),
        }
    }
}

impl ObjectImpl for ClearKeyDec {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            settings::key_specs(
                "Location of the keys: file:///path/x.keys with lines 'selector kid key [iv]', or file:///path/x.cpix with keys in the clear. Keys are found by their KID; selectors have no effect",
            )
        });
        &PROPERTIES
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: LazyLock<Vec<Signal>> = LazyLock::new(|| vec![request_key()]);
        &SIGNALS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        match self.is_open.load(Ordering::Relaxed) {
            true => error::post_late_setting(self, spec.name()),
            false => lock(&self.settings).set(spec.name(), value),
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
            gst::info!(CATEGORY, imp = self, "stops {}", self.progress());
            *lock(&self.stream) = None;
            self.is_open.store(false, Ordering::Relaxed);
        }
        changed
    }
}
