// SPDX-License-Identifier: MPL-2.0
//! The element's class: pads, properties and state changes.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use crate::cenc::Scheme;
use crate::packaging::{Config, Packaging, SampleKeys};
use crate::signaling::System;

use super::super::settings::{self, Settings};
use super::super::signals::Published;
use super::super::{caps, error};
use super::stream::Stream;

/// See [`super::PlayReadyEnc`].
pub struct PlayReadyEnc {
    pub(super) sinkpad: gst::Pad,
    pub(super) srcpad: gst::Pad,
    settings: Mutex<Settings>,
    /// Some between READY and PAUSED. Never locked while pushing.
    pub(super) stream: Mutex<Option<Stream>>,
    /// The keys of streams before, whose IVs must not come again.
    sample_keys: Mutex<SampleKeys>,
    pub(super) published: Mutex<Published>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PlayReadyEnc {
    /// Reads the settings and keys; not on a streaming thread.
    fn start(&self) -> Result<(), gst::StateChangeError> {
        let config = lock(&self.settings).config().map_err(|error| {
            error::post_settings(self, &error);
            gst::StateChangeError
        })?;
        self.warn(&config);
        let keys = std::mem::take(&mut *lock(&self.sample_keys));
        *lock(&self.published) = Published::default();
        *lock(&self.stream) = Some(Stream::new(Packaging::new(config, keys)));
        Ok(())
    }

    fn warn(&self, config: &Config) {
        use gst::ResourceError::Settings;
        let scheme = config.scheme;
        if lock(&self.settings).has_public_seed() {
            gst::element_imp_warning!(
                self,
                Settings,
                [
                    "key-seed is the public one of Microsoft's test server: whoever knows the KID knows the key"
                ]
            );
        }
        if matches!(scheme, Scheme::Cens | Scheme::Cbc1) {
            gst::element_imp_warning!(
                self,
                Settings,
                ["no PlayReady client plays scheme {scheme}: use cenc or cbcs"]
            );
        }
        if config.systems.contains(&System::FairPlay) && scheme != Scheme::Cbcs {
            gst::element_imp_warning!(
                self,
                Settings,
                [
                    "no FairPlay client plays scheme {scheme}: use cbcs, or take fairplay out of systems"
                ]
            );
        }
    }

    fn stop(&self) {
        if let Some(stream) = lock(&self.stream).take() {
            *lock(&self.sample_keys) = stream.into_sample_keys();
        }
    }

    pub(super) fn notify_published(&self) {
        for name in PUBLISHED {
            self.obj().notify(name);
        }
    }

    fn stats(&self) -> gst::Structure {
        let totals = lock(&self.stream).as_ref().map(Stream::totals);
        let totals = totals.unwrap_or_default();
        gst::Structure::builder("playready-stats")
            .field("samples", totals.samples)
            .field("bytes", totals.bytes)
            .field("fragments", totals.fragments)
            .build()
    }
}

/// The read-only properties that change with the stream's protection.
const PUBLISHED: [&str; 5] = [
    "current-key-id",
    "playready-object",
    "content-protection",
    "hls-key",
    "smooth-protection",
];

#[glib::object_subclass]
impl ObjectSubclass for PlayReadyEnc {
    const NAME: &'static str = "GstPlayReadyEnc";
    type Type = super::PlayReadyEnc;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let template = |name| class.pad_template(name).expect("pad_templates() has both");
        let sinkpad = gst::Pad::builder_from_template(&template("sink"))
            .chain_function(|_, parent, buffer| {
                Self::catch_panic_pad_function(
                    parent,
                    || Err(gst::FlowError::Error),
                    |element| element.chain(buffer),
                )
            })
            .chain_list_function(|_, parent, list| {
                Self::catch_panic_pad_function(
                    parent,
                    || Err(gst::FlowError::Error),
                    |element| element.chain_list(list),
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
            settings: Mutex::default(),
            stream: Mutex::default(),
            sample_keys: Mutex::default(),
            published: Mutex::default(),
        }
    }
}

impl ObjectImpl for PlayReadyEnc {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let mut specs = settings::specs();
            specs.extend(published_specs());
            specs
        });
        &PROPERTIES
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        lock(&self.settings).set(spec.name(), value);
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        if spec.name() == "stats" {
            return self.stats().to_value();
        }
        let setting = lock(&self.settings).get(spec.name());
        setting.unwrap_or_else(|| lock(&self.published).get(spec.name()).to_value())
    }

    fn constructed(&self) {
        self.parent_constructed();
        let element = self.obj();
        for pad in [&self.sinkpad, &self.srcpad] {
            element.add_pad(pad).expect("a new element has no pads");
        }
    }
}

fn published_specs() -> Vec<glib::ParamSpec> {
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
    let mut specs: Vec<_> = PUBLISHED.into_iter().zip(blurbs).map(text).collect();
    specs.push(
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("What went through: samples, bytes (of media), fragments")
            .read_only()
            .build(),
    );
    specs
}

impl GstObjectImpl for PlayReadyEnc {}

impl ElementImpl for PlayReadyEnc {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "PlayReady and Common Encryption packager",
                "Codec/Encryptor",
                "Protects fragmented MP4 (CMAF, DASH) by Common Encryption and signals PlayReady",
                "The gst-plugin-playready developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let template = |name, direction| {
                let always = gst::PadPresence::Always;
                gst::PadTemplate::new(name, direction, always, &caps::mp4())
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
