// SPDX-License-Identifier: MPL-2.0
//! The changes of a stream's protection, from the fragment that makes one to its announcement.

use std::collections::VecDeque;
use std::time::Duration;

use super::Signals;

/// The start of a crypto period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The number of the period, counted from 0.
    pub period: u64,
    /// The decode time of its first fragment.
    pub start: Duration,
    /// The signaling of its keys.
    pub signals: Signals,
    /// True if an init segment signals them, which is new unless the stream starts with the period.
    pub in_init: bool,
}

/// The changes in the protection of a stream at a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionChange {
    /// The decode time of the fragment.
    pub start: Duration,
    /// The crypto period that starts.
    pub keys: Option<KeyChange>,
    /// True if fragments are protected from here on, false if they are clear; None if that does not change. A stream starts protected.
    pub is_protected: Option<bool>,
}

/// The changes that are still to be announced, and the state after the last one.
#[derive(Debug, Default)]
pub(super) struct ChangeQueue {
    changes: VecDeque<ProtectionChange>,
    /// True while fragments are clear.
    is_clear: bool,
}

impl ChangeQueue {
    /// Starts another stream.
    pub(super) const fn restart(&mut self) {
        self.is_clear = false;
    }

    /// Returns the number of changes.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Removes and returns the oldest change.
    pub(super) fn next(&mut self) -> Option<ProtectionChange> {
        self.changes.pop_front()
    }

    /// Adds the start of a crypto period.
    pub(super) fn add_keys(&mut self, keys: KeyChange) {
        self.changes.push_back(ProtectionChange {
            start: keys.start,
            keys: Some(keys),
            is_protected: None,
        });
    }

    /// Notes whether fragments are clear from a time on, and adds the change if it is one.
    pub(super) fn note_state(&mut self, is_clear: bool, start: Duration) {
        if std::mem::replace(&mut self.is_clear, is_clear) != is_clear {
            self.changes.push_back(ProtectionChange {
                start,
                keys: None,
                is_protected: Some(!is_clear),
            });
        }
    }

    /// Joins the changes after the first `announced` to one, as they are of one fragment. Of crypto periods that tracks enter at once,
    /// the last is announced.
    pub(super) fn join_after(&mut self, announced: usize) {
        let joined = self
            .changes
            .drain(announced..)
            .reduce(|first, next| ProtectionChange {
                start: next.start,
                keys: next.keys.or(first.keys),
                is_protected: next.is_protected.or(first.is_protected),
            });
        self.changes.extend(joined);
    }
}
