// SPDX-License-Identifier: MPL-2.0
//! The thread on which an element requests keys.

use std::thread;

use gst::subclass::prelude::*;

use protection_policy::KeyTask;

use super::error;
use super::logging::Logged;

/// Starts the requests of `task` on a thread of its own. If the first keys fail, it posts the error, and then lets the stream know.
///
/// Nobody waits for the thread. The end of the stream cancels a request to a key server, but a call to the application may take long
/// after it. The thread ends when that call returns, and holds no reference to the element meanwhile.
///
/// # Errors
/// The operating system starts no thread.
pub(super) fn spawn<E: Logged>(element: &E, mut task: KeyTask) -> std::io::Result<()> {
    let element = element.ref_counted().downgrade();
    thread::Builder::new()
        .name("playready-keys".to_owned())
        .spawn(move || match task.request_first() {
            Ok(()) => task.run(),
            Err(error) => {
                if let Some(element) = element.upgrade().filter(|_| !task.is_unwanted()) {
                    error::post(&*element, &error);
                }
            }
        })
        .map(drop)
}
