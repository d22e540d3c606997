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
use crate::time_segment::time_segment;

/// A change of a stream's protection, and the buffer with which it begins.
pub(crate) struct AnnouncedChange {
    pub(crate) change: ProtectionChange,
    pub(crate) scheme: Scheme,
    /// The timestamp of the buffer.
    pub(crate) at: Option<gst::ClockTime>,
}

/// The protection that an init segment, or the start of an elementary stream, states.
pub(crate) struct AnnouncedStart {
    pub(crate) signals: Signals,
    pub(crate) scheme: Scheme,
    /// The crypto period of its keys.
    pub(crate) period: u64,
    /// The timestamp of the first buffer, if it has one.
    pub(crate) at: Option<gst::ClockTime>,
}

/// Keys that an element without a source pad has taken into use.
pub(crate) struct PublishedKeys<'a> {
    pub(crate) signals: &'a Signals,
    pub(crate) scheme: Scheme,
    /// Their crypto period.
    pub(crate) period: u64,
    /// The running time of the first sample under them.
    pub(crate) running_time: gst::ClockTime,
    /// True for a new crypto period.
    pub(crate) is_change: bool,
}

impl Session {
    /// Signals the protection downstream by events on `pad`. If it changed, also updates the properties and posts a message for the
    /// application.
    pub(crate) fn announce<E: Logged>(&self, element: &E, pad: &gst::Pad, start: &AnnouncedStart) {
        let signals = &start.signals;
        gst::info!(
            E::category(),
            obj = element.obj(),
            "protected {}",
            describe(signals)
        );
        push_events(pad, signals, ORIGIN_MOOV);
        self.period.store(start.period, Ordering::Relaxed);
        let published = Published::new(signals, start.scheme);
        let time = running_time(pad, start.at);
        let structure = signals::structure(&published, "playready-protection", start.period, time);
        push_structure(pad, &structure);
        if self.replace(published) {
            self.post(element, structure);
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

    /// Publishes keys that an element without a source pad has taken into use, by properties and a message.
    pub(crate) fn publish_keys<E: Logged>(&self, element: &E, news: &PublishedKeys<'_>) {
        gst::info!(
            E::category(),
            obj = element.obj(),
            "crypto period {}, protected {}",
            news.period,
            describe(news.signals)
        );
        self.period.store(news.period, Ordering::Relaxed);
        let published = Published::new(news.signals, news.scheme);
        let name = match news.is_change {
            true => "playready-key-change",
            false => "playready-protection",
        };
        if news.is_change {
            self.key_changes.fetch_add(1, Ordering::Relaxed);
        }
        let structure = signals::structure(&published, name, news.period, Some(news.running_time));
        if self.replace(published) || news.is_change {
            self.post(element, structure);
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
        self.period.store(change.period, Ordering::Relaxed);
        let published = Published::new(&change.signals, scheme);
        let structure = signals::structure(
            &published,
            "playready-key-change",
            change.period,
            Some(running_time),
        );
        push_structure(pad, &structure);
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
        let period = self.period.load(Ordering::Relaxed);
        let structure = signals::state(is_protected.then_some(&published), period, running_time);
        push_structure(pad, &structure);
        post_structure(element, structure);
    }

    /// Replaces the values of the published properties. Returns true if they changed.
    fn replace(&self, published: Published) -> bool {
        let mut current = lock(&self.published);
        let changed = *current != published;
        *current = published;
        changed
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

/// Sends a message downstream too, so that a sink gets it before the fragment.
fn push_structure(pad: &gst::Pad, structure: &gst::Structure) {
    pad.push_event(gst::event::CustomDownstream::new(structure.clone()));
}

fn push_events(pad: &gst::Pad, signals: &Signals, origin: &str) {
    for event in signals::events(signals, origin) {
        pad.push_event(event);
    }
}

/// Returns the running time of a timestamp, if the stream has a segment in time.
fn running_time(pad: &gst::Pad, at: Option<gst::ClockTime>) -> Option<gst::ClockTime> {
    time_segment(pad)?.to_running_time(at?)
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
