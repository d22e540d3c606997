// SPDX-License-Identifier: MPL-2.0
//! The announcements of an encryptor's protection: events downstream, properties, and messages for the application.

use std::sync::atomic::Ordering;

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_types::Scheme;
use protection_policy::{KeyChange, ProtectionChange, Published, Signals};

use super::Session;
use crate::lock;
use crate::logging::{Logged, media_time};
use crate::signals::{self, ORIGIN_MOOF, ORIGIN_MOOV};

/// A change of a stream's protection, and the buffer with which it begins.
pub(crate) struct AnnouncedChange {
    pub(crate) change: ProtectionChange,
    pub(crate) scheme: Scheme,
    /// The timestamp of the buffer.
    pub(crate) at: Option<gst::ClockTime>,
}

impl Session {
    /// Signals the protection downstream by events on `pad`. If it changed, also updates the properties and posts a message for the
    /// application.
    pub(crate) fn announce<E: Logged>(
        &self,
        element: &E,
        pad: &gst::Pad,
        signals: &Signals,
        scheme: Scheme,
    ) {
        gst::info!(
            E::category(),
            obj = element.obj(),
            "protected {}",
            describe(signals)
        );
        push_events(pad, signals, ORIGIN_MOOV);
        if let Some(published) = self.replace(Published::new(signals, scheme)) {
            self.post(
                element,
                signals::structure(&published, "playready-protection"),
            );
        }
    }

    /// Signals a change at a fragment before that is pushed: a new crypto period in the same ways, and whether the stream is protected
    /// by a message and an event.
    pub(crate) fn announce_change<E: Logged>(
        &self,
        element: &E,
        pad: &gst::Pad,
        announced: &AnnouncedChange,
    ) {
        let change = &announced.change;
        let time = running_time(pad, announced.at).unwrap_or(media_time(change.start));
        if let Some(keys) = &change.keys {
            self.announce_keys(element, pad, keys, announced.scheme, time);
        }
        if let Some(is_protected) = change.is_protected {
            self.announce_state(element, pad, is_protected, time);
        }
    }

    fn announce_keys<E: Logged>(
        &self,
        element: &E,
        pad: &gst::Pad,
        change: &KeyChange,
        scheme: Scheme,
        running_time: gst::ClockTime,
    ) {
        let start = media_time(change.start);
        gst::info!(
            E::category(),
            obj = element.obj(),
            "crypto period {} begins at {start}, protected {}",
            change.period,
            describe(&change.signals)
        );
        let origin = match change.in_init {
            true => ORIGIN_MOOV,
            false => ORIGIN_MOOF,
        };
        push_events(pad, &change.signals, origin);
        self.key_changes.fetch_add(1, Ordering::Relaxed);
        let published = Published::new(&change.signals, scheme);
        let mut structure = signals::structure(&published, "playready-key-change");
        structure.set("period", change.period);
        structure.set("running-time", running_time);
        self.replace(published);
        self.post(element, structure);
    }

    fn announce_state<E: Logged>(
        &self,
        element: &E,
        pad: &gst::Pad,
        is_protected: bool,
        running_time: gst::ClockTime,
    ) {
        let state = if is_protected { "protected" } else { "clear" };
        gst::info!(
            E::category(),
            obj = element.obj(),
            "{state} from running time {running_time} on"
        );
        let published = lock(&self.published).clone();
        let structure = signals::state(is_protected.then_some(&published), running_time);
        pad.push_event(gst::event::CustomDownstream::new(structure.clone()));
        post_structure(element, structure);
    }

    /// Replaces the values of the published properties; None if they are unchanged.
    fn replace(&self, published: Published) -> Option<Published> {
        let before = std::mem::replace(&mut *lock(&self.published), published.clone());
        (before != published).then_some(published)
    }

    fn post(&self, element: &impl Logged, structure: gst::Structure) {
        post_structure(element, structure);
        let object = element.obj();
        for property in signals::published_names() {
            object.notify(property);
        }
    }
}

/// Posts an element message.
fn post_structure(element: &impl Logged, structure: gst::Structure) {
    let element = element.obj();
    let object = element.upcast_ref::<gst::Element>();
    let message = gst::message::Element::builder(structure).src(object);
    let _ = object.post_message(message.build());
}

fn push_events(pad: &gst::Pad, signals: &Signals, origin: &str) {
    for event in signals::events(signals, origin) {
        pad.push_event(event);
    }
}

/// Returns the running time of a timestamp, if the stream has a segment in time.
fn running_time(pad: &gst::Pad, at: Option<gst::ClockTime>) -> Option<gst::ClockTime> {
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    let segment = segment.segment().downcast_ref::<gst::ClockTime>()?;
    segment.to_running_time(at?)
}

/// Returns the KIDs and the DRM systems in `signals`, for the log.
fn describe(signals: &Signals) -> String {
    let kids: Vec<_> = signals
        .kids
        .iter()
        .map(|kid| format!("by KID {kid}"))
        .collect();
    let systems: Vec<_> = signals
        .drms
        .iter()
        .map(|drm| uuid::Uuid::from_bytes(drm.system_id()).to_string())
        .collect();
    format!(
        "{}; signaled to systems: {}",
        kids.join(", "),
        systems.join(", ")
    )
}
