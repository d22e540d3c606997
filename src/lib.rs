// SPDX-License-Identifier: MPL-2.0
//! The GStreamer plugin `playready`: Common Encryption with PlayReady signaling inside a pipeline.
//!
//! The elements only move buffers and events; the library crates do the rest.
mod action_signals;
mod buffers;
mod byte_stream;
mod caps;
mod cencenc;
mod chunk;
mod clear_caps;
mod clearkeydec;
mod cue_event;
mod downstream;
mod element_keys;
mod error;
mod key_answer;
mod key_answers;
mod key_subject;
mod key_thread;
mod keyframe_meta;
mod logging;
mod meta;
mod mux_bin;
mod open_answers;
mod playreadyenc;
mod playreadysink;
mod protected_caps;
mod pulling;
mod request_key;
mod sent_stream;
mod session;
mod session_keys;
mod settings;
mod signals;
mod stream_counts;
mod stream_keys;
mod time_segment;
mod upstream;
mod wait_stop;

use std::sync::{Mutex, MutexGuard, PoisonError};

use gst::glib;

/// Registers the plugin's elements.
///
/// # Errors
/// If GStreamer refuses an element.
fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    playreadyenc::register(plugin)?;
    cencenc::register(plugin)?;
    clearkeydec::register(plugin)?;
    mux_bin::register(plugin)?;
    playreadysink::register(plugin)
}

/// Locks a mutex, even if a thread panicked while holding it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compiles the Rust in README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

gst::plugin_define!(
    playready,
    env!("CARGO_PKG_DESCRIPTION"),
    register,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MPL-2.0",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_REPOSITORY"),
    env!("BUILD_REL_DATE")
);
