// SPDX-License-Identifier: MPL-2.0
//! What each encryptor is beside its pads: the properties, the keys that outlive a stream, and what the application is told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_types::Scheme;
use protection_policy::{
    Config, Controls, IvRuns, KeyChange, Packaging, Published, SampleKeys, Signals,
};

use super::action_signals::is_answered;
use super::logging::{LogTarget, Logged, LoggedKeys, media_time};
use super::protected_caps::CapsProtection;
use super::request_key::RequestedKeys;
use super::settings::{self, Settings, SettingsError};
use super::signals::{self, ORIGIN_MOOF, ORIGIN_MOOV};
use super::{error, lock};

/// The runs of IVs of all encryptors in this process.
static PROCESS_IVS: LazyLock<Arc<IvRuns>> = LazyLock::new(Arc::default);

/// The read-only properties that change with the stream's protection.
const PUBLISHED: [&str; 5] = [
    "current-key-id",
    "playready-object",
    "content-protection",
    "hls-key",
    "smooth-protection",
];

/// The part of an encryptor that lives from its first stream to its last.
pub(super) struct Session {
    settings: Mutex<Settings>,
    /// The keys of streams before, whose IVs must not come again.
    sample_keys: Mutex<SampleKeys>,
    published: Mutex<Published>,
    controls: Arc<Controls>,
    key_changes: AtomicU64,
}

impl Default for Session {
    /// No keys yet. Their IVs are those of the process: a muxer factory makes an element for each part of a recording.
    fn default() -> Self {
        Self {
            settings: Mutex::default(),
            sample_keys: Mutex::new(sample_keys()),
            published: Mutex::default(),
            controls: Arc::default(),
            key_changes: AtomicU64::new(0),
        }
    }
}

fn sample_keys() -> SampleKeys {
    SampleKeys::drawing_from(Arc::clone(&PROCESS_IVS))
}

impl Session {
    /// Sets a property of `element`; its type was checked by GObject.
    pub(super) fn set<E: Logged>(&self, element: &E, name: &str, value: &glib::Value) {
        match name {
            "protect" => {
                let protect = value.get().expect("GObject has checked the value's type");
                gst::info!(E::category(), obj = element.obj(), "protect={protect}");
                self.controls.set_protect(protect);
            }
            _ => lock(&self.settings).set(name, value),
        }
    }

    /// The value of a readable property.
    pub(super) fn get(&self, name: &str) -> glib::Value {
        if name == "protect" {
            return self.controls.protect().to_value();
        }
        let setting = lock(&self.settings).get(name);
        setting.unwrap_or_else(|| signals::property(&lock(&self.published), name).to_value())
    }

    /// What caps say of the protection that is set.
    pub(super) fn caps_protection(&self) -> CapsProtection {
        lock(&self.settings).caps_protection()
    }

    /// Reads the settings and keys, for the streams to come; not on a streaming thread.
    ///
    /// # Errors
    /// Settings or keys that cannot be used.
    pub(super) fn open<E: Logged>(&self, element: &E) -> Result<Packaging, gst::ErrorMessage> {
        let object = element.obj().upcast_ref::<gst::Element>().clone();
        let target = LogTarget {
            category: E::category(),
            element: &object,
        };
        let (config, provider) = {
            let settings = lock(&self.settings);
            let both = settings.config().and_then(|config| {
                let provider = match settings.provider() {
                    Err(SettingsError::NoKey) if is_answered(&object) => None,
                    provider => Some(provider?),
                };
                Ok((config, provider))
            });
            both.map_err(|error| error::settings_message(element, &error))?
        };
        self.log_settings(target, &config, provider.is_none());
        self.warn_of_settings(element, &config);
        let provider = provider.unwrap_or_else(|| Box::new(RequestedKeys::of(&object)));
        let provider = Box::new(LoggedKeys::new(provider, target));
        *lock(&self.published) = Published::default();
        let keys = std::mem::replace(&mut *lock(&self.sample_keys), sample_keys());
        self.controls.set_stopped(false);
        let controls = Arc::clone(&self.controls);
        Packaging::open(config, provider, (keys, controls))
            .map_err(|error| error::settings_message(element, &error.into()))
    }

    fn log_settings(&self, target: LogTarget<'_>, config: &Config, is_requested: bool) {
        let LogTarget { category, element } = target;
        gst::info!(
            category,
            obj = element,
            "scheme {}, flavor {:?}, systems {:?}, keys by {}",
            config.scheme,
            config.flavor,
            config.systems,
            self.key_source(is_requested)
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

    /// The source of keys, as it may be shown.
    fn key_source(&self, is_requested: bool) -> String {
        let uri = lock(&self.settings).get("key-uri");
        let uri = uri.and_then(|uri| uri.get::<Option<String>>().ok());
        match uri.flatten() {
            Some(uri) => uri,
            None if is_requested => "the signal request-key".to_owned(),
            None => "key-id and key or key-seed".to_owned(),
        }
    }

    fn warn_of_settings(&self, element: &impl Logged, config: &Config) {
        let warn = |text: &str| error::post_warning(element, gst::ResourceError::Settings, text);
        if lock(&self.settings).has_public_seed() {
            warn(
                "key-seed is the public one of Microsoft's test server: whoever knows the KID knows the key",
            );
        }
        config.warnings().iter().for_each(|text| warn(text));
    }

    /// What the operator changes while a stream runs.
    pub(super) fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Takes the keys back.
    pub(super) fn close(&self, sample_keys: SampleKeys) {
        *lock(&self.sample_keys) = sample_keys;
    }

    /// Tells downstream of the protection by events on `pad`, and the application by properties and a message, unless it knows.
    pub(super) fn announce<E: Logged>(
        &self,
        (element, pad): (&E, &gst::Pad),
        (signals, scheme): (&Signals, Scheme),
    ) {
        let category = E::category();
        gst::info!(category, obj = element.obj(), "protected {}", told(signals));
        push_events(pad, signals, ORIGIN_MOOV);
        let published = Published::new(signals, scheme);
        if let Some(published) = self.replace(published) {
            self.post(
                element,
                signals::structure(&published, "playready-protection"),
            );
        }
    }

    /// The same for a crypto period that begins with the buffer of timestamp `at`.
    pub(super) fn announce_change<E: Logged>(
        &self,
        (element, pad): (&E, &gst::Pad),
        (change, scheme): (&KeyChange, Scheme),
        at: Option<gst::ClockTime>,
    ) {
        let start = media_time(change.start);
        gst::info!(
            E::category(),
            obj = element.obj(),
            "crypto period {} begins at {start}, protected {}",
            change.period,
            told(&change.signals)
        );
        push_events(pad, &change.signals, ORIGIN_MOOF);
        self.key_changes.fetch_add(1, Ordering::Relaxed);
        let published = Published::new(&change.signals, scheme);
        let mut structure = signals::structure(&published, "playready-key-change");
        structure.set("period", change.period);
        structure.set("running-time", running_time(pad, at).unwrap_or(start));
        self.replace(published);
        self.post(element, structure);
    }

    /// Warns of keys that are missing or soon will be.
    pub(super) fn warn_of_keys(&self, element: &impl Logged, warnings: Vec<String>) {
        for text in warnings {
            error::post_warning(element, gst::ResourceError::NotFound, &text);
        }
    }

    /// How many crypto periods began in the streams so far.
    pub(super) fn key_changes(&self) -> u64 {
        self.key_changes.load(Ordering::Relaxed)
    }

    /// Lets the properties tell of `published`; None when they do already.
    fn replace(&self, published: Published) -> Option<Published> {
        let before = std::mem::replace(&mut *lock(&self.published), published.clone());
        (before != published).then_some(published)
    }

    fn post(&self, element: &impl Logged, structure: gst::Structure) {
        let element = element.obj();
        let object = element.upcast_ref::<gst::Element>();
        let message = gst::message::Element::builder(structure).src(object);
        let _ = object.post_message(message.build());
        for name in PUBLISHED {
            object.notify(name);
        }
    }
}

fn push_events(pad: &gst::Pad, signals: &Signals, origin: &str) {
    for event in signals::events(signals, origin) {
        pad.push_event(event);
    }
}

/// The running time of a timestamp, where the stream has a segment in time.
fn running_time(pad: &gst::Pad, at: Option<gst::ClockTime>) -> Option<gst::ClockTime> {
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    let segment = segment.segment().downcast_ref::<gst::ClockTime>()?;
    segment.to_running_time(at?)
}

/// The KIDs, and the systems that are told of them.
fn told(signals: &Signals) -> String {
    let list = |texts: Vec<String>| texts.join(", ");
    let kids = signals.kids.iter().map(|kid| format!("by KID {kid}"));
    let systems = signals.drms.iter();
    let systems = systems.map(|drm| uuid::Uuid::from_bytes(drm.system_id()).to_string());
    format!(
        "{}; told to systems: {}",
        list(kids.collect()),
        list(systems.collect())
    )
}

/// The properties of every encryptor.
pub(super) fn specs() -> Vec<glib::ParamSpec> {
    let mut specs = settings::specs();
    specs.extend(published_specs());
    specs.push(
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb(
                "What went through: samples, bytes (of media), fragments where the stream has them, key-changes",
            )
            .read_only()
            .build(),
    );
    specs
}

fn published_specs() -> impl Iterator<Item = glib::ParamSpec> {
    let text = |(name, blurb)| {
        glib::ParamSpecString::builder(name)
            .blurb(blurb)
            .read_only()
            .build()
    };
    let blurbs = [
        "KIDs in use as UUIDs, in the order of the tracks, separated by commas",
        "The PlayReady Object in base64; none unless systems has playready",
        "ContentProtection elements for an MPD, a line each; of the mp4protection ones take that with the track's KID",
        "EXT-X-KEY lines for HLS media playlists, of those with KEYID or skd: take that of the track's KID; none for cens and cbc1, which HLS cannot name",
        "Protection element for a Smooth Streaming manifest; none unless systems has playready",
    ];
    PUBLISHED.into_iter().zip(blurbs).map(text)
}
