// SPDX-License-Identifier: MPL-2.0
//! Logs the requests to a source of keys and how long they take.

use std::sync::Arc;

use gst::glib;
use gst::prelude::*;

use host_access::Clock;

use content_keys::{CancelRequests, Error, KeyProvider, KeySource, PeriodKeys};

/// The log of an element's requests for keys.
#[derive(Clone)]
pub(crate) struct KeyLog {
    category: gst::DebugCategory,
    /// No reference to the element is held while waiting for the source.
    element: glib::WeakRef<gst::Element>,
    clock: Arc<dyn Clock>,
}

impl KeyLog {
    /// Logs the requests of `element`; `clock` measures how long they take.
    pub(crate) fn new(
        category: gst::DebugCategory,
        element: &gst::Element,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            category,
            element: element.downgrade(),
            clock,
        }
    }

    /// Returns a source that is open and whose answers are logged.
    pub(crate) fn opened(self, source: Box<dyn KeyProvider>) -> KeySource {
        KeySource::Opened(Box::new(LoggedKeys { source, log: self }))
    }

    /// Returns a source that `open` opens when it is needed, and whose answers are logged.
    pub(crate) fn unopened(
        self,
        open: impl Fn() -> Result<Box<dyn KeyProvider>, Error> + Send + 'static,
    ) -> KeySource {
        KeySource::Unopened(Box::new(move || {
            let log = self.clone();
            log.write(|category, element| {
                gst::debug!(category, obj = element, "opens the source of keys");
            });
            Ok(Box::new(LoggedKeys {
                source: open()?,
                log,
            }))
        }))
    }

    /// Runs `write` if the element still exists.
    fn write(&self, write: impl FnOnce(gst::DebugCategory, &gst::Element)) {
        if let Some(element) = self.element.upgrade() {
            write(self.category, &element);
        }
    }
}

/// A source of keys whose answers are logged, without the keys.
struct LoggedKeys {
    source: Box<dyn KeyProvider>,
    log: KeyLog,
}

impl KeyProvider for LoggedKeys {
    fn canceller(&self) -> Option<CancelRequests> {
        self.source.canceller()
    }

    fn takes_first_iv(&self) -> bool {
        self.source.takes_first_iv()
    }

    fn rotates(&self) -> bool {
        self.source.rotates()
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        self.log.write(|category, element| {
            gst::debug!(
                category,
                obj = element,
                "requesting the keys of crypto period {period}"
            );
        });
        let start = self.log.clock.monotonic();
        let answer = self.source.period_keys(period);
        let took = self.log.clock.monotonic().saturating_sub(start);
        self.log.write(|category, element| match &answer {
            Ok(keys) => gst::info!(
                category,
                obj = element,
                "crypto period {period}: keys came after {took:.1?}: {}",
                kids(keys)
            ),
            Err(Error::Pending { .. }) => gst::debug!(
                category,
                obj = element,
                "crypto period {period}: the keys come later"
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
        self.log.write(|category, element| match &recorded {
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
