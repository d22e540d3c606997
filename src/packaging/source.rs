// SPDX-License-Identifier: MPL-2.0
//! The keys of the crypto periods, as the packager gets to them.

use std::sync::Arc;

use crate::keys::{self, KeyProvider, KeySchedule, PeriodKeys};

use super::Controls;

/// A source of keys that has answered once.
pub(super) struct Source {
    first: Arc<PeriodKeys>,
    /// None: the first keys are those of all periods.
    later: Option<KeySchedule>,
}

impl Source {
    /// Asks for the first keys, and ahead for the next.
    pub(super) fn open(mut provider: Box<dyn KeyProvider>) -> Result<Self, keys::Error> {
        let first = provider.period_keys(0)?;
        let later = match provider.rotates() {
            true => Some(KeySchedule::start(provider)?),
            false => None,
        };
        let mut source = Self { first, later };
        source.ask(1);
        Ok(source)
    }

    /// Whether crypto periods have keys of their own.
    pub(super) const fn rotates(&self) -> bool {
        self.later.is_some()
    }

    /// The keys of a period, waiting for them unless `controls` say that the stream stopped.
    pub(super) fn keys(
        &mut self,
        period: u64,
        controls: &Controls,
    ) -> Result<Arc<PeriodKeys>, keys::Error> {
        let keys = match (&mut self.later, period) {
            (None, _) | (_, 0) => return Ok(Arc::clone(&self.first)),
            (Some(later), _) => later.wait(period, || controls.is_stopped())?,
        };
        self.ask(period.saturating_add(1));
        Ok(keys)
    }

    fn ask(&mut self, period: u64) {
        if let Some(later) = &mut self.later {
            later.ask(period);
        }
    }
}
