// SPDX-License-Identifier: MPL-2.0
//! The elements inside: the muxer, which may be missing, and `playreadyenc` behind it.

use std::sync::{Mutex, PoisonError};

use gst::glib;
use gst::prelude::*;

use crate::playreadyenc::PlayReadyEnc;

use super::pad::MuxPad;

/// What tells one bin from the other.
pub trait Inner: Default + Send + Sync + 'static {
    /// The muxer's element name.
    const FACTORY: &'static str;
    /// Where the muxer is to be had.
    const ORIGIN: &'static str;

    /// The debug category of the bin.
    fn category() -> gst::DebugCategory;

    /// Sets up a new muxer.
    fn configure(_muxer: &gst::Element) {}

    fn metadata() -> &'static gst::subclass::ElementMetadata;
    fn pad_templates() -> &'static [gst::PadTemplate];
    fn properties() -> &'static [glib::ParamSpec];
}

pub(super) struct Parts {
    /// `mux`.
    pub(super) muxer: Option<gst::Element>,
    /// `enc`.
    pub(super) encryptor: gst::Element,
    /// Keeps the one pad of a muxer for one track linked until it is requested: gst-launch-1.0 gives a bin in quotes pads of
    /// its own for what it finds unlinked in there.
    spare: Mutex<Option<gst::GhostPad>>,
}

impl Parts {
    /// The parts, linked inside `bin`.
    pub(super) fn new<I: Inner>(bin: &gst::Bin) -> Result<Self, glib::BoolError> {
        let encryptor = glib::Object::builder::<PlayReadyEnc>()
            .property("name", "enc")
            .build()
            .upcast::<gst::Element>();
        bin.add(&encryptor)?;
        let factory = gst::ElementFactory::find(I::FACTORY);
        let muxer = factory.and_then(|factory| factory.create().name("mux").build().ok());
        if let Some(muxer) = &muxer {
            I::configure(muxer);
            bin.add(muxer)?;
            muxer.link(&encryptor)?;
        }
        let parts = Self {
            muxer,
            encryptor,
            spare: Mutex::default(),
        };
        parts.keep_spare()?;
        Ok(parts)
    }

    fn only_pad(&self) -> Option<gst::Pad> {
        self.muxer.as_ref()?.static_pad("sink")
    }

    fn keep_spare(&self) -> Result<(), glib::BoolError> {
        let pad = self.only_pad().as_ref().map(gst::GhostPad::with_target);
        *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = pad.transpose()?;
        Ok(())
    }

    /// The one pad, if it is not given yet.
    fn take_spare(&self) -> Option<gst::Pad> {
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()?;
        let target = spare.target();
        spare.set_target(None::<&gst::Pad>).ok()?;
        target
    }

    /// The part that has a property of the bin.
    pub(super) fn holder(&self, property: &str) -> Option<&gst::Element> {
        let encryptor = &self.encryptor;
        match encryptor.find_property(property).is_some() {
            true => Some(encryptor),
            false => self.muxer.as_ref(),
        }
    }

    /// Requests a pad of the muxer and returns one that stands for it; None when the muxer gives no more. Without a muxer the
    /// pad leads nowhere: then the start of the bin says what is missing.
    pub(super) fn request_pad(
        &self,
        template: &gst::PadTemplate,
        name: Option<&str>,
        caps: Option<&gst::Caps>,
    ) -> Option<MuxPad> {
        let target = match &self.muxer {
            Some(muxer) => Some(match muxer.pad_template(template.name_template()) {
                Some(template) => muxer.request_pad(&template, name, caps)?,
                None => self.take_spare()?,
            }),
            None => None,
        };
        let own = target.as_ref().filter(|target| is_request(target));
        let pad = gst::PadBuilder::<MuxPad>::from_template(template);
        let pad = match (own, name) {
            (Some(target), _) => pad.name(target.name()),
            (None, Some(name)) => pad.name(name),
            (None, None) => pad.name(self.free_name(template)),
        };
        let pad = pad.build();
        pad.set_target(target.as_ref()).ok().map(|()| pad)
    }

    /// The first name of a template that no pad of the bin has; splitmuxsink asks for it again at the next file.
    fn free_name(&self, template: &gst::PadTemplate) -> String {
        let bin = self.encryptor.parent().and_downcast::<gst::Element>();
        let is_taken = |name: &str| {
            bin.as_ref()
                .is_some_and(|bin| bin.static_pad(name).is_some())
        };
        let template = template.name_template();
        let mut names = (0u32..).map(|number| template.replace("%u", &number.to_string()));
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// Gives the muxer back what stood behind `pad`.
    pub(super) fn release_pad(&self, pad: &MuxPad) {
        let target = pad.target();
        // Unset first: a pad that the muxer has taken back must not be reached through the bin's.
        let unset = pad.set_target(None::<&gst::Pad>);
        if let (Ok(()), Some(muxer), Some(target)) = (unset, &self.muxer, target) {
            match is_request(&target) {
                true => muxer.release_request_pad(&target),
                false => _ = self.keep_spare(),
            }
        }
    }
}

fn is_request(pad: &gst::Pad) -> bool {
    let template = pad.pad_template();
    template.is_some_and(|template| template.presence() == gst::PadPresence::Request)
}
