// SPDX-License-Identifier: MPL-2.0
//! Processors that have no VAES.

use super::{BATCH, BLOCK};

/// There is none.
pub(crate) enum Schedule {}

impl Schedule {
    pub(crate) const fn new(_key: &[u8; BLOCK]) -> Option<Self> {
        None
    }

    pub(crate) const fn apply(&self, _counter: (u64, u64), _batches: &mut [[u8; BATCH]]) {
        match *self {}
    }
}
