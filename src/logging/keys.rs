// SPDX-License-Identifier: MPL-2.0
//! Logs the requests to a source of keys and how long they take.

use std::sync::Arc;

use gst::glib;
use gst::prelude::*;

use host_access::Clock;

use content_keys::{Error, KeyProvider, PeriodKeys};

use super::LogTarget;

/// A source of keys whose answers are logged, without the keys.
pub(crate) struct LoggedKeys {
    source: Box<dyn KeyProvider>,
    category: gst::DebugCategory,
    element: glib::WeakRef<gst::Element>,
    clock: Arc<dyn Clock>,
}

impl LoggedKeys {
    /// Logs the answers of `source`; `clock` measures how long they take.
    pub(crate) fn new(
        source: Box<dyn KeyProvider>,
        target: LogTarget<'_>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            source,
            category: target.category,
            element: target.element.downgrade(),
            clock,
        }
    }

    /// Runs `log` if the element still exists. No reference to the element is held while waiting for the source.
    fn log(&self, log: impl FnOnce(gst::DebugCategory, &gst::Element)) {
        if let Some(element) = self.element.upgrade() {
            log(self.category, &element);
        }
    }
}

impl KeyProvider for LoggedKeys {
    fn takes_first_iv(&self) -> bool {
        self.source.takes_first_iv()
    }

    fn rotates(&self) -> bool {
        self.source.rotates()
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        self.log(|category, element| {
            gst::debug!(
                category,
                obj = element,
                "requesting the keys of crypto period {period}"
            );
        });
        let start = self.clock.monotonic();
        let answer = self.source.period_keys(period);
        let took = self.clock.monotonic().saturating_sub(start);
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
        let recorded = self.source.record_period_start(period);
        self.log(|category, element| match &recorded {
            Ok(()) => gst::debug!(
                category,
                obj = element,
                "crypto period {period}: its start is recorded at the source of keys"
            ),
            Err(error) => gst::warning!(
                category,
                obj = element,
                "crypto period {period}: its start could not be recorded at the source of keys: {error}"
            ),
        });
        recorded
    }
}

/// Returns the KIDs with their selectors.
fn kids(keys: &PeriodKeys) -> String {
    keys.keys
        .entries()
        .iter()
        .map(|entry| format!("KID {} for '{}'", entry.kid, entry.selector))
        .chain(
            keys.keys
                .clear_selectors()
                .iter()
                .map(|selector| format!("'{selector}' stays clear")),
        )
        .collect::<Vec<_>>()
        .join(", ")
}
