// SPDX-License-Identifier: MPL-2.0
//! The class of both bins. Their pads and properties are those of the elements inside.

use std::marker::PhantomData;
use std::sync::OnceLock;

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use crate::action_signals::KeySignals;
use crate::logging::Logged;
use crate::playreadyenc::PlayReadyEnc;
use crate::{error, session};

use super::pad::MuxPad;
use super::parts::{Inner, Parts};

/// A muxer and `playreadyenc`.
#[derive(Default)]
pub struct MuxBin<I> {
    /// Set when the object is constructed.
    parts: OnceLock<Parts>,
    inner: PhantomData<I>,
}

/// The GObject types that wrap a [`MuxBin`].
pub trait BinType:
    IsA<gst::Bin> + IsA<gst::Element> + IsA<gst::Object> + IsA<glib::Object> + IsA<gst::ChildProxy>
{
}

impl<T> BinType for T where
    T: IsA<gst::Bin>
        + IsA<gst::Element>
        + IsA<gst::Object>
        + IsA<glib::Object>
        + IsA<gst::ChildProxy>
{
}

/// Returns the properties of `playreadyenc` and `fragment_duration` of the muxer. The bin has them in addition to `enc::…` and
/// `mux::…`, because splitmuxsink's `muxer-properties` cannot reach children.
pub(super) fn properties(fragment_duration: glib::ParamSpec) -> Vec<glib::ParamSpec> {
    let mut specs = session::specs();
    specs.push(fragment_duration);
    specs
}

impl<I: Inner> MuxBin<I>
where
    Self: ObjectSubclass<Type: BinType>,
{
    fn parts(&self) -> Option<&Parts> {
        self.parts.get()
    }

    /// Reports a missing muxer, by GStreamer's message for installers and by an error for the user.
    fn require_muxer(&self) -> Result<(), gst::StateChangeError> {
        if self.parts().is_some_and(|parts| parts.muxer.is_some()) {
            return Ok(());
        }
        let missing = gst::Structure::builder("missing-plugin")
            .field("type", "element")
            .field("detail", I::FACTORY)
            .field("name", format!("GStreamer element {}", I::FACTORY))
            .build();
        let element = self.obj().upcast_ref::<gst::Element>().clone();
        let message = gst::message::Element::builder(missing).src(&element);
        let _ = element.post_message(message.build());
        let text = format!("no element {}: install {}", I::FACTORY, I::ORIGIN);
        gst::error!(I::category(), imp = self, "{text}");
        gst::element_error!(
            element,
            gst::CoreError::MissingPlugin,
            ("{text}"),
            ["the registry has no factory {}", I::FACTORY]
        );
        Err(gst::StateChangeError)
    }

    fn add_parts(&self) -> Result<(), glib::BoolError> {
        let bin = self.obj().upcast_ref::<gst::Bin>().clone();
        let parts = Parts::new::<I>(&bin)?;
        let mut source = I::pad_templates()
            .iter()
            .filter(|template| template.direction() == gst::PadDirection::Src);
        if let (Some(template), Some(target)) = (source.next(), parts.encryptor.static_pad("src")) {
            bin.add_pad(
                &gst::GhostPad::builder_from_template_with_target(template, &target)?.build(),
            )?;
        }
        let _ = self.parts.set(parts);
        Ok(())
    }
}

impl<I: Inner> KeySignals for MuxBin<I>
where
    Self: ObjectSubclass<Type: BinType>,
{
    type Encryptor = <PlayReadyEnc as glib::object::ObjectSubclassIs>::Subclass;

    fn encryptor(&self) -> Option<&Self::Encryptor> {
        Some(self.parts()?.encryptor.imp())
    }
}

impl<I: Inner> Logged for MuxBin<I>
where
    Self: ObjectSubclass<Type: BinType>,
{
    fn category() -> gst::DebugCategory {
        I::category()
    }

    fn progress(&self) -> String {
        "see the element enc in it".to_owned()
    }
}

impl<I: Inner> ObjectImpl for MuxBin<I>
where
    Self: ObjectSubclass<Type: BinType>,
{
    fn properties() -> &'static [glib::ParamSpec] {
        I::properties()
    }

    fn signals() -> &'static [Signal] {
        I::signals()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, spec: &glib::ParamSpec) {
        let Some(parts) = self.parts() else {
            return;
        };
        let Some(part) = parts.holder(spec.name()) else {
            return;
        };
        // `enc` knows itself what it takes while it runs.
        let is_of_muxer = parts.muxer.as_ref() == Some(part);
        match is_of_muxer && self.obj().current_state() > gst::State::Ready {
            true => error::post_late_setting(self, spec.name()),
            false => part.set_property_from_value(spec.name(), value),
        }
    }

    fn property(&self, _id: usize, spec: &glib::ParamSpec) -> glib::Value {
        let part = self.parts().and_then(|parts| parts.holder(spec.name()));
        part.map_or_else(
            || spec.default_value().clone(),
            |part| part.property_value(spec.name()),
        )
    }

    fn constructed(&self) {
        self.parent_constructed();
        self.add_parts()
            .expect("a new bin takes new elements, and both have the pads of their templates");
    }
}

impl<I: Inner> GstObjectImpl for MuxBin<I> where Self: ObjectSubclass<Type: BinType> {}

impl<I: Inner> ElementImpl for MuxBin<I>
where
    Self: ObjectSubclass<Type: BinType>,
{
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        Some(I::metadata())
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        I::pad_templates()
    }

    fn request_new_pad(
        &self,
        template: &gst::PadTemplate,
        name: Option<&str>,
        caps: Option<&gst::Caps>,
    ) -> Option<gst::Pad> {
        let Some(pad) = self.parts()?.request_pad(template, name, caps) else {
            let template = template.name_template();
            gst::warning!(
                I::category(),
                imp = self,
                "the muxer gives no pad {template} ({name:?})"
            );
            return None;
        };
        pad.set_active(true).ok()?;
        self.obj().add_pad(&pad).ok()?;
        let target = pad.target().map(|target| target.path_string());
        gst::debug!(
            I::category(),
            imp = self,
            "gives pad {} for {target:?}",
            pad.name()
        );
        Some(pad.upcast())
    }

    fn release_pad(&self, pad: &gst::Pad) {
        gst::debug!(I::category(), imp = self, "takes pad {} back", pad.name());
        if let (Some(pad), Some(parts)) = (pad.downcast_ref::<MuxPad>(), self.parts()) {
            parts.release_pad(pad);
        }
        let _ = pad.set_active(false);
        let _ = self.obj().remove_pad(pad);
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        gst::debug!(I::category(), imp = self, "changes state: {transition:?}");
        if transition == gst::StateChange::NullToReady {
            self.require_muxer()?;
        }
        self.parent_change_state(transition)
    }
}

impl<I: Inner> BinImpl for MuxBin<I> where Self: ObjectSubclass<Type: BinType> {}

/// The children are the elements inside; pads can also be found by name.
impl<I: Inner> ChildProxyImpl for MuxBin<I>
where
    Self: ObjectSubclass<Type: BinType>,
{
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
