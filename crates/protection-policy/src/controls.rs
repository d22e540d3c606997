// SPDX-License-Identifier: MPL-2.0
//! The settings that an operator changes while a stream runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Switches shared between an operator and the [`super::Packaging`] that applies them from the next fragment on.
///
/// # Examples
/// ```
/// use protection_policy::Controls;
///
/// let controls = Controls::default();
/// assert!(controls.protect());
/// controls.set_protect(false);
/// assert!(!controls.protect());
/// ```
#[derive(Debug)]
pub struct Controls {
    protect: AtomicBool,
    /// True if `protect` was ever false.
    was_clear: AtomicBool,
    rotations: AtomicU64,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            protect: AtomicBool::new(true),
            was_clear: AtomicBool::new(false),
            rotations: AtomicU64::new(0),
        }
    }
}

impl Controls {
    /// Turns protection on or off for the following fragments.
    pub fn set_protect(&self, protect: bool) {
        self.was_clear.fetch_or(!protect, Ordering::Relaxed);
        self.protect.store(protect, Ordering::Relaxed);
    }

    /// True if fragments are protected.
    pub fn protect(&self) -> bool {
        self.protect.load(Ordering::Relaxed)
    }

    /// Starts a new crypto period at the next fragment where decoding can start.
    pub fn rotate(&self) {
        self.rotations.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn rotations(&self) -> u64 {
        self.rotations.load(Ordering::Relaxed)
    }

    /// True if a switch was used.
    pub(super) fn were_used(&self) -> bool {
        self.was_clear.load(Ordering::Relaxed) || self.rotations() > 0
    }
}
