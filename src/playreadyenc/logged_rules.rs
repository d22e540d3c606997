// SPDX-License-Identifier: MPL-2.0
//! Logs the protection of fragments.

use common_encryption::{FragmentProtection, FragmentTime, ProtectionObserver};

use crate::logging::{LogTarget, RuleLog};

/// Logs each change of the protection of a track.
pub(super) struct LoggedRules<'a> {
    pub(super) rules: &'a mut RuleLog,
    pub(super) target: LogTarget<'a>,
}

impl<P> ProtectionObserver<P> for LoggedRules<'_> {
    fn note_fragment(&mut self, fragments: &[FragmentTime], protection: &FragmentProtection) {
        for (time, rule) in fragments.iter().zip(&protection.rules) {
            self.rules.note(self.target, time, rule);
        }
    }
}
