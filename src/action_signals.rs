// SPDX-License-Identifier: MPL-2.0
//! The signals of every encryptor: `request-key` requests keys from the application, `set-key` gives those that it announced,
//! `rotate-key` starts a new crypto period, and `switch-at` does so, or changes the protection, at a time.

use std::ops::ControlFlow;

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use protection_policy::Switch;

use super::logging::Logged;
use super::request_key::REQUEST_KEY;
use super::session::Session;

/// An encryptor.
pub(super) trait EncryptorElement: Logged {
    fn session(&self) -> &Session;
}

/// An element with the signals of an encryptor: the encryptor itself, or a bin with one.
pub(super) trait KeySignals: ObjectSubclass<Type: IsA<glib::Object>> {
    type Encryptor: EncryptorElement;

    /// None before the element is constructed.
    fn encryptor(&self) -> Option<&Self::Encryptor>;
}

impl<T: EncryptorElement> KeySignals for T {
    type Encryptor = Self;

    fn encryptor(&self) -> Option<&Self> {
        Some(self)
    }
}

/// An element with the signal `set-key`.
pub(super) trait KeyReceiver: ObjectSubclass<Type: IsA<glib::Object>> {
    /// Takes a key of the application. Returns false if it is not awaited.
    fn give_key(&self, answer: &gst::StructureRef) -> bool;
}

impl<T: KeySignals> KeyReceiver for T {
    fn give_key(&self, answer: &gst::StructureRef) -> bool {
        self.encryptor().is_some_and(|encryptor| {
            let answers = encryptor.session().keys().answers();
            answers.give(encryptor, answer)
        })
    }
}

/// Returns the signals of an element class.
pub(super) fn signals<T: KeySignals>() -> Vec<Signal> {
    vec![
        request_key(),
        set_key::<T>(),
        rotate_key::<T>(),
        switch_at::<T>(),
    ]
}

/// Emission stops at the first handler that returns a structure.
pub(super) fn request_key() -> Signal {
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

/// The action that gives a key which a handler of `request-key` announced.
pub(super) fn set_key<T: KeyReceiver>() -> Signal {
    Signal::builder("set-key")
        .param_types([gst::Structure::static_type()])
        .return_type::<bool>()
        .action()
        .run_last()
        .class_handler(|values| {
            let element = values.first()?.get::<T::Type>().ok()?;
            let answer = values.get(1)?.get::<Option<&gst::StructureRef>>().ok()?;
            let is_taken = answer.is_some_and(|answer| T::from_obj(&element).give_key(answer));
            Some(is_taken.to_value())
        })
        .build()
}

fn rotate_key<T: KeySignals>() -> Signal {
    Signal::builder("rotate-key")
        .action()
        .run_last()
        .class_handler(|values| {
            let element = values.first()?.get::<T::Type>().ok()?;
            let encryptor = T::from_obj(&element).encryptor()?;
            gst::info!(
                T::Encryptor::category(),
                obj = encryptor.obj(),
                "rotate-key: a new crypto period starts at the next possible fragment"
            );
            encryptor.session().controls().rotate();
            None
        })
        .build()
}

/// The action that changes key or protection at a running time. Returns false for a change that it does not know.
fn switch_at<T: KeySignals>() -> Signal {
    Signal::builder("switch-at")
        .param_types([u64::static_type(), String::static_type()])
        .return_type::<bool>()
        .action()
        .run_last()
        .class_handler(|values| {
            let element = values.first()?.get::<T::Type>().ok()?;
            let running_time = values.get(1)?.get::<gst::ClockTime>().ok();
            let name = values.get(2)?.get::<Option<&str>>().ok()?;
            let switch = name.and_then(Switch::of_name);
            let encryptor = T::from_obj(&element).encryptor()?;
            let switched = running_time.zip(switch);
            if let Some((running_time, switch)) = switched {
                gst::info!(
                    T::Encryptor::category(),
                    obj = encryptor.obj(),
                    "switch-at: {switch:?} at running time {running_time}"
                );
                let controls = encryptor.session().controls();
                controls.switch_at(running_time.into(), switch);
            }
            Some(switched.is_some().to_value())
        })
        .build()
}
