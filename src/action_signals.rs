// SPDX-License-Identifier: MPL-2.0
//! The signals of every encryptor: `request-key` requests keys from the application, `rotate-key` starts a new crypto period.

use std::ops::ControlFlow;

use gst::glib;
use gst::glib::subclass::{Signal, SignalId};
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::logging::Logged;
use super::request_key::REQUEST_KEY;
use super::session::Session;

/// An encryptor.
pub(super) trait Encryptor: Logged {
    fn session(&self) -> &Session;
}

/// The signals of an element class.
pub(super) fn signals<T: Encryptor>() -> Vec<Signal> {
    vec![request_key(), rotate_key::<T>()]
}

/// True if a handler for `request-key` is connected.
pub(super) fn is_answered(element: &gst::Element) -> bool {
    SignalId::lookup(REQUEST_KEY, element.type_())
        .is_some_and(|id| glib::signal::signal_has_handler_pending(element, id, None, false))
}

/// Emission stops at the first handler that returns a structure.
fn request_key() -> Signal {
    Signal::builder(REQUEST_KEY)
        .param_types([gst::Structure::static_type()])
        .return_type::<Option<gst::Structure>>()
        .run_last()
        .accumulator(
            |_, _, answer| match answer.get::<Option<gst::Structure>>() {
                Ok(Some(_)) => ControlFlow::Break(answer.clone()),
                _ => ControlFlow::Continue(answer.clone()),
            },
        )
        .build()
}

fn rotate_key<T: Encryptor>() -> Signal {
    Signal::builder("rotate-key")
        .action()
        .run_last()
        .class_handler(|values| {
            let element = values.first()?.get::<T::Type>().ok()?;
            gst::info!(
                T::category(),
                obj = element,
                "rotate-key: a new crypto period starts at the next possible fragment"
            );
            T::from_obj(&element).session().controls().rotate();
            None
        })
        .build()
}
