// SPDX-License-Identifier: MPL-2.0
//! The key schedule on processors without VAES.

use super::{BATCH, BLOCK, CounterBlock};

/// A key schedule that never exists.
pub(crate) enum KeySchedule {}

impl KeySchedule {
    pub(crate) const fn new(_key: &[u8; BLOCK]) -> Option<Self> {
        None
    }

    pub(crate) const fn apply(&self, _counter: CounterBlock, _batches: &mut [[u8; BATCH]]) {
        match *self {}
    }
}
