// SPDX-License-Identifier: MPL-2.0
//! Logs the protection of fragments.

use std::error::Error;

use cenc_types::Track;
use common_encryption::{BoxFlavor, FragmentProtection, FragmentTime, InitProtection, Protector};
use protection_policy::Packaging;

use crate::logging::{LogTarget, RuleLog};

/// A packaging that logs the protection of each fragment.
pub(super) struct LoggedPackaging<'a> {
    pub(super) packaging: &'a mut Packaging,
    pub(super) rules: &'a mut RuleLog,
    pub(super) target: LogTarget<'a>,
}

impl Protector for LoggedPackaging<'_> {
    fn flavor(&self) -> BoxFlavor {
        self.packaging.flavor()
    }

    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
        self.packaging.protect(tracks)
    }

    fn renews_init(&self) -> bool {
        Protector::renews_init(&*self.packaging)
    }

    fn follows_time(&self) -> bool {
        self.packaging.follows_time()
    }

    fn fragment(
        &mut self,
        fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn Error + Send + Sync>> {
        let protection = self.packaging.fragment(fragments)?;
        for (time, rule) in fragments.iter().zip(&protection.rules) {
            self.rules.note(self.target, time, rule);
        }
        Ok(protection)
    }
}
