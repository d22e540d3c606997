// SPDX-License-Identifier: MPL-2.0
//! The elements inside a bin: the muxer, which may be missing, and `playreadyenc` after it.

use std::sync::{Mutex, PoisonError};

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use crate::action_signals::EncryptorElement;
use crate::playreadyenc::PlayReadyEnc;

use super::pad::MuxPad;
use super::templates;

/// The muxer in a bin.
pub trait Inner: Default + Send + Sync + 'static {
    /// The muxer's element name.
    const FACTORY: &'static str;
    /// The package that has the muxer.
    const ORIGIN: &'static str;

    /// Returns the debug category of the bin.
    fn category() -> gst::DebugCategory;

    /// Sets up a new muxer.
    fn configure(_muxer: &gst::Element) {}

    fn metadata() -> &'static gst::subclass::ElementMetadata;
    fn pad_templates() -> &'static [gst::PadTemplate];
    fn properties() -> &'static [glib::ParamSpec];
    fn signals() -> &'static [Signal];
}

pub(super) struct Parts {
    /// `mux`.
    pub(super) muxer: Option<gst::Element>,
    /// `enc`.
    pub(super) encryptor: PlayReadyEnc,
    /// Keeps the only pad of a single-track muxer linked until it is requested, since gst-launch-1.0 would add ghost pads for
    /// unlinked pads in a quoted bin.
    spare: Mutex<Option<gst::GhostPad>>,
}

impl Parts {
    /// Creates the parts and links them inside `bin`.
    pub(super) fn new<I: Inner>(bin: &gst::Bin) -> Result<Self, glib::BoolError> {
        let encryptor = glib::Object::builder::<PlayReadyEnc>()
            .property("name", "enc")
            .build();
        encryptor
            .imp()
            .session()
            .keys()
            .request_on(bin.upcast_ref());
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
        *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = self
            .only_pad()
            .as_ref()
            .map(gst::GhostPad::with_target)
            .transpose()?;
        Ok(())
    }

    /// Takes the only pad, if it was not requested yet.
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

    /// Returns the part that has a property of the bin.
    pub(super) fn holder(&self, property: &str) -> Option<&gst::Element> {
        let encryptor: &gst::Element = self.encryptor.upcast_ref();
        match encryptor.find_property(property).is_some() {
            true => Some(encryptor),
            false => self.muxer.as_ref(),
        }
    }

    /// Requests a pad of the muxer and returns a ghost pad for it; None if the muxer has no more. Without a muxer the pad has no
    /// target, and starting the bin fails with an error.
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
            (None, None) => {
                let bin = self.encryptor.parent().and_downcast::<gst::Element>()?;
                pad.name(templates::free_name(template, &bin))
            }
        };
        let pad = pad.build();
        pad.set_target(target.as_ref()).ok().map(|()| pad)
    }

    /// Releases the muxer's pad of the ghost `pad`. A thread that waits in the muxer holds the lock of the ghost pad, which can be
    /// deactivated only after this.
    pub(super) fn release_pad(&self, pad: &MuxPad) {
        let target = pad.target();
        pad.set_pad_flags(gst::PadFlags::FLUSHING);
        // The target is unset first, so that a released pad of the muxer cannot be reached through the ghost pad.
        let unset = pad.set_target(None::<&gst::Pad>);
        if let (Ok(()), Some(muxer), Some(target)) = (unset, &self.muxer, target) {
            match is_request(&target) {
                true => muxer.release_request_pad(&target),
                false => {
                    end_waits(&target);
                    let _ = self.keep_spare();
                }
            }
        }
    }
}

/// Releases the threads that wait in the element of the pad.
fn end_waits(pad: &gst::Pad) {
    if pad.is_active() && pad.send_event(gst::event::FlushStart::new()) {
        pad.send_event(gst::event::FlushStop::new(true));
    }
}

fn is_request(pad: &gst::Pad) -> bool {
    let template = pad.pad_template();
    template.is_some_and(|template| template.presence() == gst::PadPresence::Request)
}
