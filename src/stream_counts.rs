// SPDX-License-Identifier: MPL-2.0
//! The counts that `stats` and messages show.

use std::sync::atomic::{AtomicU64, Ordering};

use cenc_mp4::Totals;

/// The counts of the current stream. The streaming thread writes them, and any thread may read them without waiting.
#[derive(Default)]
pub(super) struct StreamCounts {
    samples: AtomicU64,
    bytes: AtomicU64,
    fragments: AtomicU64,
}

impl StreamCounts {
    /// Replaces the counts by `totals`.
    pub(super) fn set(&self, totals: Totals) {
        self.samples.store(totals.samples, Ordering::Relaxed);
        self.bytes.store(totals.bytes, Ordering::Relaxed);
        self.fragments.store(totals.fragments, Ordering::Relaxed);
    }

    /// Counts one more sample.
    pub(super) fn add_sample(&self, bytes: u64) {
        self.samples.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns the counts.
    pub(super) fn get(&self) -> Totals {
        Totals {
            samples: self.samples.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            fragments: self.fragments.load(Ordering::Relaxed),
        }
    }

    /// Says how far an element that protects fragments has come.
    pub(super) fn fragment_progress(&self) -> String {
        let Totals {
            samples,
            bytes,
            fragments,
        } = self.get();
        format!("after {fragments} fragments, {samples} samples and {bytes} bytes of media")
    }

    /// Returns the value of `stats` of an element that protects fragments.
    pub(super) fn fragment_stats(&self, key_changes: u64) -> gst::Structure {
        let totals = self.get();
        gst::Structure::builder("playready-stats")
            .field("samples", totals.samples)
            .field("bytes", totals.bytes)
            .field("fragments", totals.fragments)
            .field("key-changes", key_changes)
            .build()
    }
}
