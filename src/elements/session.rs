// SPDX-License-Identifier: MPL-2.0
//! What each encryptor is beside its pads: the properties, the keys that outlive a stream, and what the application is told.

use std::sync::Mutex;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use crate::cenc::Scheme;
use crate::packaging::{Config, IvRuns, Packaging, SampleKeys, Signals};
use crate::signaling::System;

use super::protected_caps::CapsProtection;
use super::settings::{self, Settings};
use super::signals::Published;
use super::{error, lock};

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
}

impl Default for Session {
    /// No keys yet. Their IVs are those of the process: a muxer factory makes an element for each part of a recording.
    fn default() -> Self {
        Self {
            settings: Mutex::default(),
            sample_keys: Mutex::new(sample_keys()),
            published: Mutex::default(),
        }
    }
}

fn sample_keys() -> SampleKeys {
    SampleKeys::drawing_from(IvRuns::of_process())
}

impl Session {
    /// Sets a property; its type was checked by GObject.
    pub(super) fn set(&self, name: &str, value: &glib::Value) {
        lock(&self.settings).set(name, value);
    }

    /// The value of a readable property.
    pub(super) fn get(&self, name: &str) -> glib::Value {
        let setting = lock(&self.settings).get(name);
        setting.unwrap_or_else(|| lock(&self.published).get(name).to_value())
    }

    /// What caps say of the protection that is set.
    pub(super) fn caps_protection(&self) -> CapsProtection {
        lock(&self.settings).caps_protection()
    }

    /// Reads the settings and keys, for the streams to come; not on a streaming thread.
    ///
    /// # Errors
    /// Settings or keys that cannot be used.
    pub(super) fn open(&self, element: &impl ElementImpl) -> Result<Packaging, gst::ErrorMessage> {
        let (config, has_public_seed) = {
            let settings = lock(&self.settings);
            let config = settings.config();
            let config = config.map_err(|error| error::settings_message(&error))?;
            (config, settings.has_public_seed())
        };
        if has_public_seed {
            warn(
                element,
                "key-seed is the public one of Microsoft's test server: whoever knows the KID knows the key",
            );
        }
        warn_of_scheme(element, &config);
        *lock(&self.published) = Published::default();
        let keys = std::mem::replace(&mut *lock(&self.sample_keys), sample_keys());
        Ok(Packaging::new(config, keys))
    }

    /// Takes the keys back.
    pub(super) fn close(&self, sample_keys: SampleKeys) {
        *lock(&self.sample_keys) = sample_keys;
    }

    /// Tells the application what is signaled, by properties and a message, unless it knows.
    pub(super) fn publish(&self, element: &impl ElementImpl, signals: &Signals, scheme: Scheme) {
        let published = Published::new(signals, scheme);
        let before = std::mem::replace(&mut *lock(&self.published), published.clone());
        if before == published {
            return;
        }
        let element = element.obj();
        let object = element.upcast_ref::<gst::Element>();
        let structure = published.to_structure("playready-protection");
        let message = gst::message::Element::builder(structure).src(object);
        let _ = object.post_message(message.build());
        for name in PUBLISHED {
            object.notify(name);
        }
    }
}

/// Says which of the systems asked for play nothing of the scheme.
fn warn_of_scheme(element: &impl ElementImpl, config: &Config) {
    let scheme = config.scheme;
    if matches!(scheme, Scheme::Cens | Scheme::Cbc1) {
        warn(
            element,
            &format!("no PlayReady client plays scheme {scheme}: use cenc or cbcs"),
        );
    }
    if config.systems.contains(&System::FairPlay) && scheme != Scheme::Cbcs {
        warn(
            element,
            &format!(
                "no FairPlay client plays scheme {scheme}: use cbcs, or take fairplay out of systems"
            ),
        );
    }
}

fn warn(element: &impl ElementImpl, text: &str) {
    gst::element_imp_warning!(element, gst::ResourceError::Settings, ["{text}"]);
}

/// The properties of every encryptor.
pub(super) fn specs() -> Vec<glib::ParamSpec> {
    let mut specs = settings::specs();
    specs.extend(published_specs());
    specs.push(
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb(
                "What went through: samples, bytes (of media), fragments where the stream has them",
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
