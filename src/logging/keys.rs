// SPDX-License-Identifier: MPL-2.0
//! Logs what is asked of a source of keys, and how long its answers take.

use std::sync::Arc;
use std::time::Instant;

use gst::glib;
use gst::prelude::*;

use content_keys::{Error, KeyProvider, PeriodKeys};

use super::LogTarget;

/// A source of keys whose answers are logged, without the keys.
pub(crate) struct LoggedKeys {
    source: Box<dyn KeyProvider>,
    category: gst::DebugCategory,
    element: glib::WeakRef<gst::Element>,
}

impl LoggedKeys {
    /// Logs what `source` answers.
    pub(crate) fn new(source: Box<dyn KeyProvider>, target: LogTarget<'_>) -> Self {
        Self {
            source,
            category: target.category,
            element: target.element.downgrade(),
        }
    }

    /// Runs `log` if the element still exists; nothing keeps it while the source is waited for.
    fn log(&self, log: impl FnOnce(gst::DebugCategory, &gst::Element)) {
        if let Some(element) = self.element.upgrade() {
            log(self.category, &element);
        }
    }
}

impl KeyProvider for LoggedKeys {
    fn rotates(&self) -> bool {
        self.source.rotates()
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        self.log(|category, element| {
            gst::debug!(
                category,
                obj = element,
                "asking for the keys of crypto period {period}"
            );
        });
        let asked = Instant::now();
        let answer = self.source.period_keys(period);
        let took = asked.elapsed();
        self.log(|category, element| match &answer {
            Ok(keys) => gst::info!(
                category,
                obj = element,
                "crypto period {period}: keys came after {took:.1?}: {}",
                kids(keys)
            ),
            Err(error) => gst::warning!(
                category,
                obj = element,
                "crypto period {period}: no keys after {took:.1?}: {error}"
            ),
        });
        answer
    }

    fn record_period_start(&mut self, period: u64) -> Result<(), Error> {
        let noted = self.source.record_period_start(period);
        self.log(|category, element| match &noted {
            Ok(()) => gst::debug!(
                category,
                obj = element,
                "crypto period {period}: the source of keys knows that it began"
            ),
            Err(error) => gst::warning!(
                category,
                obj = element,
                "crypto period {period}: the source of keys could not note that it began: {error}"
            ),
        });
        noted
    }
}

/// The KIDs with what they are for.
fn kids(keys: &PeriodKeys) -> String {
    let entries = keys.keys.entries().iter();
    let kids: Vec<String> = entries
        .map(|entry| format!("KID {} for '{}'", entry.kid, entry.selector))
        .collect();
    kids.join(", ")
}
