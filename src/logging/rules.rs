// SPDX-License-Identifier: MPL-2.0
//! Logs the changes of a track's protection within its stream: clear leads, crypto periods and changes by the operator.

use std::collections::HashMap;

use cenc_types::KeyId;
use common_encryption::{FragmentRule, FragmentTime};

use super::{LogTarget, media_time};

/// The last logged protection of each track, by track_ID, so that each change is logged once.
#[derive(Default)]
pub(crate) struct RuleLog(HashMap<u32, LoggedRule>);

/// The protection of a track's samples.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LoggedRule {
    /// As signaled at the start of the stream.
    Track,
    Clear,
    Key(KeyId),
}

impl RuleLog {
    /// Records the rule for samples at a time, and logs it if it differs from the last one.
    pub(crate) fn note(&mut self, target: LogTarget<'_>, time: &FragmentTime, rule: &FragmentRule) {
        let now = match rule {
            FragmentRule::Track => LoggedRule::Track,
            FragmentRule::Clear => LoggedRule::Clear,
            FragmentRule::Key(protection) => LoggedRule::Key(protection.key.kid()),
        };
        let (id, start) = (time.track_id, media_time(time.start));
        if self.0.insert(id, now) == Some(now) {
            return;
        }
        let LogTarget { category, element } = target;
        match now {
            LoggedRule::Track => gst::info!(
                category,
                obj = element,
                "track {id}: protected from {start} on, as in its init segment or caps"
            ),
            LoggedRule::Clear => gst::info!(
                category,
                obj = element,
                "track {id}: clear from {start} on, by clear-lead, a cue, switch-at or protect=false"
            ),
            LoggedRule::Key(kid) => gst::info!(
                category,
                obj = element,
                "track {id}: under KID {kid} from {start} on"
            ),
        }
    }
}
