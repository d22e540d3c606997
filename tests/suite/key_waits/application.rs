// SPDX-License-Identifier: MPL-2.0
//! An application that answers requests for keys.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use gst::prelude::*;

use super::places::PATIENCE;

/// An application that answers `request-key` up to a period, and then does not return from the handler.
#[derive(Clone, Default)]
pub struct Application(Arc<(Mutex<Held>, Condvar)>);

#[derive(Default)]
pub struct Held {
    /// The first period that stays without an answer. None: all are answered.
    from: Option<u64>,
    pub requested: Vec<u64>,
}

impl Application {
    pub fn holding_from(period: u64) -> Self {
        let application = Self::default();
        application.held().from = Some(period);
        application
    }

    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.0.0.lock().unwrap()
    }

    pub fn answers(&self, element: &gst::Element) {
        let application = self.clone();
        element.connect("request-key", false, move |values| {
            let request: gst::Structure = values[1].get().unwrap();
            Some(Some(application.answer(request.get("period").unwrap())).to_value())
        });
    }

    pub fn answer(&self, period: u64) -> gst::Structure {
        let mut held = self.held();
        held.requested.push(period);
        self.0.1.notify_all();
        while held.from.is_some_and(|from| period >= from) {
            held = self.0.1.wait(held).unwrap();
        }
        key(period)
    }

    pub fn release(&self) {
        self.held().from = None;
        self.0.1.notify_all();
    }

    /// Waits until the keys of a period are requested.
    pub fn until_requested(&self, period: u64) {
        let held = self.held();
        let waited = self
            .0
            .1
            .wait_timeout_while(held, PATIENCE, |held| !held.requested.contains(&period));
        assert!(
            !waited.unwrap().1.timed_out(),
            "period {period} is requested"
        );
    }
}

/// The answer for a period.
pub fn key(period: u64) -> gst::Structure {
    gst::Structure::builder("keys")
        .field("key-id", format!("0c1d2e3f-4051-6273-8495-{period:012x}"))
        .field("key", format!("{:032x}", period + 1))
        .build()
}
