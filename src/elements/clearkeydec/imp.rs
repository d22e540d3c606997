// SPDX-License-Identifier: MPL-2.0
//! The element's class: caps, properties and the way of a buffer through it.

use std::sync::{LazyLock, Mutex};

use gst::glib;
use gst_base::subclass::BaseTransformMode;
use gst_base::subclass::prelude::*;

use crate::cenc::Scheme;
use crate::keys::KeyRing;

use super::super::settings::{self, KeySettings, SettingsError};
use super::super::{clear_caps, error, lock, protected_caps};
use super::DecryptError;
use super::sample::Decryptors;

/// See [`super::ClearKeyDec`].
#[derive(Default)]
pub struct ClearKeyDec {
    settings: Mutex<KeySettings>,
    stream: Mutex<Stream>,
}

/// What buffers are decrypted with.
struct Stream {
    decryptors: Decryptors,
    /// As the caps say.
    scheme: Scheme,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            decryptors: Decryptors::default(),
            scheme: Scheme::Cenc,
        }
    }
}

impl ClearKeyDec {
    /// The keys in hand. None at all is no error before a buffer wants one.
    fn keys(&self) -> Result<KeyRing, gst::ErrorMessage> {
        match lock(&self.settings).ring() {
            Err(SettingsError::NoKey) => Ok(KeyRing::default()),
            ring => ring.map_err(|error| error::settings_message(&error)),
        }
    }

    fn take_caps(&self, protected: &gst::CapsRef) -> Result<(), DecryptError> {
        if protected_caps::original_media_type(protected).is_none() {
            return Err(DecryptError::NoType(protected.to_owned()));
        }
        lock(&self.stream).scheme = protected_caps::scheme(protected)?;
        Ok(())
    }
}

#[glib::object_subclass]
impl ObjectSubclass for ClearKeyDec {
    const NAME: &'static str = "GstClearKeyDec";
    type Type = super::ClearKeyDec;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for ClearKeyDec {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            settings::key_specs(
                "Where keys come from: file:///path/x.keys with lines 'selector kid key [iv]', of which the KID counts",
            )
        });
        &PROPERTIES
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        lock(&self.settings).set(spec.name(), value);
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        let value = lock(&self.settings).get(spec.name());
        value.expect("GObject reads only readable properties of key_specs()")
    }
}

impl GstObjectImpl for ClearKeyDec {}

impl ElementImpl for ClearKeyDec {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Common Encryption decryptor with keys in hand",
                "Codec/Decryptor",
                "Decrypts what is protected by Common Encryption, with given keys: for checks, not for playback",
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
            let types = clear_caps::media_types();
            let clear = types.iter().map(gst::Structure::new_empty).collect();
            vec![
                template(
                    "sink",
                    gst::PadDirection::Sink,
                    protected_caps::decryptable(),
                ),
                template("src", gst::PadDirection::Src, clear),
            ]
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for ClearKeyDec {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    /// Reads the keys; not on a streaming thread.
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        lock(&self.stream).decryptors = Decryptors::new(&self.keys()?);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *lock(&self.stream) = Stream::default();
        Ok(())
    }

    fn transform_caps(
        &self,
        direction: gst::PadDirection,
        caps: &gst::Caps,
        filter: Option<&gst::Caps>,
    ) -> Option<gst::Caps> {
        let other = match direction {
            gst::PadDirection::Sink => protected_caps::unprotect(caps),
            _ => protected_caps::wanted(caps),
        };
        Some(protected_caps::filtered(other, filter))
    }

    fn set_caps(
        &self,
        protected: &gst::Caps,
        _clear: &gst::Caps,
    ) -> Result<(), gst::LoggableError> {
        self.take_caps(protected).map_err(|error| {
            error::post_decryption(self, &error);
            gst::loggable_error!(gst::CAT_RUST, "the stream cannot be decrypted")
        })
    }

    /// What was said of the protection ends here, with the protection.
    fn sink_event(&self, event: gst::Event) -> bool {
        match event.type_() {
            gst::EventType::Protection => true,
            _ => self.parent_sink_event(event),
        }
    }

    fn transform_ip(
        &self,
        buffer: &mut gst::BufferRef,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        let decrypted = {
            let stream = lock(&self.stream);
            stream.decryptors.decrypt(buffer, stream.scheme)
        };
        match decrypted {
            Ok(()) => Ok(gst::FlowSuccess::Ok),
            Err(error) => {
                error::post_decryption(self, &error);
                Err(gst::FlowError::Error)
            }
        }
    }
}
