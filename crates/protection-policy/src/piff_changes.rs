// SPDX-License-Identifier: MPL-2.0
//! The changes of protection that fragments of PIFF can signal. There is one form, Microsoft's rotating keys for Smooth Streaming: `seig` and
//! leaf licences under an ONDEMAND header.

use common_encryption::BoxFlavor;

use super::timeline::Phase;
use super::{Config, CueAction, Error, KeyChangeForm};

impl Config {
    /// Checks that boxes of this kind can signal the changes of protection that the settings have.
    pub(super) fn check_flavor_changes(&self, flavor: BoxFlavor) -> Result<(), Error> {
        let has_clear_parts = !self.clear_lead.is_zero() || self.cue_action == CueAction::Clear;
        let has_form = self.key_change == KeyChangeForm::Embedded && !has_clear_parts;
        match flavor {
            BoxFlavor::Piff if self.is_timed() && !has_form => Err(Error::PiffPeriods),
            BoxFlavor::Piff | BoxFlavor::Cenc => Ok(()),
        }
    }

    /// Checks that the boxes can signal that a fragment is in this phase.
    pub(super) fn check_flavor_phase(&self, phase: Phase) -> Result<(), Error> {
        let has_form = self.key_change == KeyChangeForm::Embedded && phase != Phase::Clear;
        match self.flavor {
            BoxFlavor::Piff if !has_form => Err(Error::PiffPeriods),
            BoxFlavor::Piff | BoxFlavor::Cenc => Ok(()),
        }
    }
}
