// SPDX-License-Identifier: MPL-2.0
//! What the operator changes while a stream runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared by whoever holds the controls and the [`super::Packaging`] that follows them, at the next fragment.
#[derive(Debug)]
pub struct Controls {
    protect: AtomicBool,
    /// Whether `protect` was ever false.
    was_clear: AtomicBool,
    rotations: AtomicU64,
    stopped: AtomicBool,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            protect: AtomicBool::new(true),
            was_clear: AtomicBool::new(false),
            rotations: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }
}

impl Controls {
    /// Chooses whether the fragments to come are protected.
    pub fn set_protect(&self, protect: bool) {
        self.was_clear.fetch_or(!protect, Ordering::Relaxed);
        self.protect.store(protect, Ordering::Relaxed);
    }

    /// Whether fragments are protected.
    pub fn protect(&self) -> bool {
        self.protect.load(Ordering::Relaxed)
    }

    /// Begins a new crypto period with the next fragment that can begin one.
    pub fn rotate(&self) {
        self.rotations.fetch_add(1, Ordering::Relaxed);
    }

    /// Says whether the stream ends or jumps, so that nobody is to wait for keys any more.
    pub fn set_stopped(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Relaxed);
    }

    pub(super) fn rotations(&self) -> u64 {
        self.rotations.load(Ordering::Relaxed)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Whether they have changed anything so far.
    pub(super) fn were_used(&self) -> bool {
        self.was_clear.load(Ordering::Relaxed) || self.rotations() > 0
    }
}
