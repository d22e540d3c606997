// SPDX-License-Identifier: MPL-2.0
//! The state of an encryptor apart from its pads: the properties, the keys that outlive a stream, and the published signaling.

mod announcements;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use host_access::Host;
use protection_policy::properties::PROPERTIES;
use protection_policy::{
    Config, Controls, IvRuns, Packaging, PackagingSetup, PreparedPackaging, PropertySpec,
    Published, SampleKeys, StopCheck, Warning,
};

use super::logging::{Logged, media_time};
use super::protected_caps::CapsProtection;
use super::session_keys::SessionKeys;
use super::settings::{self, Settings};
use super::signals;
use super::stream_keys::StreamKeys;
use super::wait_stop::WaitStop;
use super::{error, key_thread, lock};
pub(super) use announcements::{AnnouncedChange, AnnouncedStart, PublishedKeys};

/// The sequences of IVs shared by all encryptors in this process.
static PROCESS_IVS: LazyLock<Arc<IvRuns>> = LazyLock::new(Arc::default);

/// The state of an encryptor that lasts from its first stream to its last.
pub(super) struct Session {
    settings: Mutex<Settings>,
    keys: SessionKeys,
    /// The keys of earlier streams, whose IVs must not be reused.
    sample_keys: Mutex<SampleKeys>,
    published: Mutex<Published>,
    /// The crypto period of the published values.
    period: AtomicU64,
    controls: Arc<Controls>,
    pub(super) waits: WaitStop,
    /// True while a stream uses the settings.
    is_open: AtomicBool,
    key_changes: AtomicU64,
}

impl Default for Session {
    /// Returns a session without keys. IVs are shared in the process, since a muxer factory makes an element for each part of a
    /// recording.
    fn default() -> Self {
        Self {
            settings: Mutex::default(),
            keys: SessionKeys::default(),
            sample_keys: Mutex::new(sample_keys()),
            published: Mutex::default(),
            period: AtomicU64::new(0),
            controls: Arc::default(),
            waits: WaitStop::default(),
            is_open: AtomicBool::new(false),
            key_changes: AtomicU64::new(0),
        }
    }
}

fn sample_keys() -> SampleKeys {
    SampleKeys::drawing_from(Arc::clone(&PROCESS_IVS))
}

impl Session {
    /// Returns a session without keys in which a property with named values has another default.
    pub(super) fn with_default(name: &str, nick: &'static str) -> Self {
        let session = Self::default();
        lock(&session.settings).set_choice(name, nick);
        session
    }

    /// Sets a property of `element`; its type was checked by GObject.
    pub(super) fn set<E: Logged>(&self, element: &E, name: &str, value: &glib::Value) {
        if !self.takes(element, name) {
            return;
        }
        match name {
            "protect" => {
                let protect = value.get().expect("GObject has checked the value's type");
                gst::info!(E::category(), obj = element.obj(), "protect={protect}");
                self.controls.set_protect(protect);
            }
            _ => {
                lock(&self.settings).set(name, value);
                if name == "key-uri" {
                    self.keys.forget();
                }
            }
        }
    }

    /// Returns the value of a readable property.
    pub(super) fn get(&self, name: &str) -> glib::Value {
        if name == "protect" {
            return self.controls.protect().to_value();
        }
        let setting = lock(&self.settings).get(name);
        setting.unwrap_or_else(|| signals::property(&lock(&self.published), name).to_value())
    }

    /// Returns the protection to name in caps.
    pub(super) fn caps_protection(&self) -> CapsProtection {
        lock(&self.settings).caps_protection()
    }

    /// Reads the settings for the following streams, and starts to request the first keys on a thread of its own. The stream waits for
    /// them at its first buffer, until `sinkpad` flushes.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub(super) fn open<E: Logged>(
        &self,
        element: &E,
        sinkpad: &gst::Pad,
    ) -> Result<Packaging, gst::ErrorMessage> {
        self.waits.set_flushing(false);
        self.open_until(element, self.waits.check(sinkpad))
    }

    /// As [`Self::open`], for a stream that waits for keys until `is_stopped`.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub(super) fn open_until<E: Logged>(
        &self,
        element: &E,
        is_stopped: StopCheck,
    ) -> Result<Packaging, gst::ErrorMessage> {
        let host = Host::system();
        let opened = lock(&self.settings)
            .config(host.clone())
            .map_err(|error| error::settings_message(element, &error))?;
        self.warn_of_settings(element, &opened);
        let StreamKeys {
            source,
            cache,
            answers,
        } = self
            .keys
            .of_stream(element, &lock(&self.settings), &host)
            .map_err(|error| error::settings_message(element, &error))?;
        self.log_settings(element, &opened);
        *lock(&self.published) = Published::default();
        let PreparedPackaging {
            packaging,
            key_task,
        } = Packaging::set_up(PackagingSetup {
            config: opened,
            source,
            cache,
            sample_keys: std::mem::replace(&mut *lock(&self.sample_keys), sample_keys()),
            controls: Arc::clone(&self.controls),
            is_stopped,
        })
        .map_err(|error| error::settings_message(element, &error))?;
        self.keys.take_answers(answers, packaging.key_waker());
        key_thread::spawn(element, key_task).map_err(|error| {
            let error = protection_policy::Error::Keys(content_keys::Error::Thread(error));
            error::settings_message(element, &error)
        })?;
        self.is_open.store(true, Ordering::Relaxed);
        Ok(packaging)
    }

    /// Returns the keys of the element and the ways by which it gets them.
    pub(super) const fn keys(&self) -> &SessionKeys {
        &self.keys
    }

    /// True if a property may be set now. If a stream uses its value already, warns that this value stays.
    pub(super) fn takes(&self, element: &impl Logged, name: &str) -> bool {
        let is_mutable =
            |property: &PropertySpec| property.name == name && property.is_mutable_in_playing;
        let takes = !self.is_open.load(Ordering::Relaxed) || PROPERTIES.iter().any(is_mutable);
        if !takes {
            error::post_late_setting(element, name);
        }
        takes
    }

    fn log_settings<E: Logged>(&self, element: &E, config: &Config) {
        let (category, element) = (E::category(), element.obj());
        gst::info!(
            category,
            obj = element,
            "scheme {}, flavor {:?}, systems {:?}, keys from {}",
            config.scheme,
            config.flavor,
            config.systems,
            self.key_source()
        );
        gst::info!(
            category,
            obj = element,
            "content-id {:?}, crypto-period {} (period-clock {:?}, on-key-missing {:?}), clear-lead {}, protect={}",
            config.content_id,
            media_time(config.crypto_period),
            config.clock,
            config.on_key_missing,
            media_time(config.clear_lead),
            self.controls.protect()
        );
    }

    /// Returns the source of keys for display, without credentials.
    fn key_source(&self) -> String {
        let settings = lock(&self.settings);
        let uri = settings.get("key-uri");
        let uri = uri.and_then(|uri| uri.get::<Option<String>>().ok());
        match (uri.flatten(), settings.source()) {
            (Some(uri), _) => uri,
            (None, Err(_)) => "the signal request-key".to_owned(),
            (None, Ok(_)) => "key-id and key or key-seed".to_owned(),
        }
    }

    fn warn_of_settings(&self, element: &impl Logged, config: &Config) {
        let warn = |text: &str| error::post_warning(element, gst::ResourceError::Settings, text);
        if lock(&self.settings).has_public_seed() {
            warn(
                "key-seed is the published seed of Microsoft's test server: anyone who knows the KID can compute the key",
            );
        }
        config.warnings().iter().for_each(|text| warn(text));
    }

    /// Returns the settings that an operator changes while a stream runs.
    pub(super) fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Notes that no stream uses the settings any longer.
    pub(super) fn end(&self) {
        self.is_open.store(false, Ordering::Relaxed);
        self.keys.end();
    }

    /// Takes the keys back when the stream has ended.
    pub(super) fn close(&self, sample_keys: SampleKeys) {
        self.end();
        *lock(&self.sample_keys) = sample_keys;
    }

    /// Posts warnings of missing or unwanted keys.
    pub(super) fn warn_of_keys(&self, element: &impl Logged, warnings: Vec<Warning>) {
        for warning in warnings {
            let text = warning.to_string();
            match warning {
                Warning::MissingKeys { .. } => {
                    error::post_warning(element, gst::ResourceError::NotFound, &text);
                }
                Warning::UnreadableCue(_) | Warning::TooManyCues => {
                    error::post_warning(element, gst::StreamError::Demux, &text);
                }
                _ => error::post_warning(element, gst::ResourceError::Settings, &text),
            }
        }
    }

    /// Returns the number of crypto periods started in all streams so far.
    pub(super) fn key_changes(&self) -> u64 {
        self.key_changes.load(Ordering::Relaxed)
    }
}

/// Returns the properties of every encryptor.
pub(super) fn specs() -> Vec<glib::ParamSpec> {
    with_published(settings::specs())
}

/// Returns the properties of every encryptor for an element in which one with named values has another default.
pub(super) fn specs_with_default(name: &str, nick: &str) -> Vec<glib::ParamSpec> {
    with_published(settings::specs_with_default(name, nick))
}

fn with_published(mut specs: Vec<glib::ParamSpec>) -> Vec<glib::ParamSpec> {
    specs.extend(signals::specs());
    specs.push(
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb(
                "Counts so far: samples, bytes (of media), fragments (in MP4 only) and key-changes",
            )
            .read_only()
            .build(),
    );
    specs
}
