// SPDX-License-Identifier: MPL-2.0
//! The end of an element's waits for a key, by flushes and by its pad.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;

use protection_policy::StopCheck;

/// The flushes of an element.
#[derive(Default)]
pub(super) struct WaitStop {
    is_flushing: Arc<AtomicBool>,
}

impl WaitStop {
    /// Ends waits from the start of a flush to its end.
    pub(super) fn set_flushing(&self, is_flushing: bool) {
        self.is_flushing.store(is_flushing, Ordering::Relaxed);
    }

    /// Returns the check that ends waits: by a flush, by a change to READY, and when the pad is deactivated or taken away.
    ///
    /// The flag of the pad would not suffice, since the end of a flush clears it before the streaming thread has come back.
    pub(super) fn check(&self, sinkpad: &gst::Pad) -> StopCheck {
        let (sinkpad, is_flushing) = (sinkpad.downgrade(), Arc::clone(&self.is_flushing));
        let is_usable = |pad: gst::Pad| {
            pad.parent().is_some() && !pad.pad_flags().contains(gst::PadFlags::FLUSHING)
        };
        Arc::new(move || {
            is_flushing.load(Ordering::Relaxed) || !sinkpad.upgrade().is_some_and(is_usable)
        })
    }
}
