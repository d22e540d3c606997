// SPDX-License-Identifier: MPL-2.0
//! The settings that an operator changes while a stream runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
    /// True if a switch was ever set.
    was_switched: AtomicBool,
    /// The switches that the stream has not taken, with their running times.
    switches: Mutex<Vec<(Duration, Switch)>>,
}

/// A change at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// A new crypto period starts.
    Key,
    /// Fragments are clear.
    Clear,
    /// Fragments are protected again, also in a break.
    Protect,
}

impl Switch {
    /// Reads the name of a switch.
    ///
    /// # Examples
    /// ```
    /// use protection_policy::Switch;
    ///
    /// assert_eq!(Switch::of_name("clear"), Some(Switch::Clear));
    /// assert_eq!(Switch::of_name("open"), None);
    /// ```
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "key" => Some(Self::Key),
            "clear" => Some(Self::Clear),
            "protect" => Some(Self::Protect),
            _ => None,
        }
    }
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            protect: AtomicBool::new(true),
            was_clear: AtomicBool::new(false),
            rotations: AtomicU64::new(0),
            was_switched: AtomicBool::new(false),
            switches: Mutex::default(),
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

    /// Changes key or protection at the first fragment at or after a running time where decoding can start.
    pub fn switch_at(&self, running_time: Duration, switch: Switch) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        switches.push((running_time, switch));
        self.was_switched.store(true, Ordering::Release);
    }

    /// Removes and returns the switches that the stream has not taken.
    pub(super) fn take_switches(&self) -> Vec<(Duration, Switch)> {
        if !self.was_switched.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *switches)
    }

    pub(super) fn rotations(&self) -> u64 {
        self.rotations.load(Ordering::Relaxed)
    }

    /// True if a switch was used.
    pub(super) fn were_used(&self) -> bool {
        self.was_clear.load(Ordering::Relaxed)
            || self.rotations() > 0
            || self.was_switched.load(Ordering::Acquire)
    }
}
