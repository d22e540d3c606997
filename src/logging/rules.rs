// SPDX-License-Identifier: MPL-2.0
//! Logs where the protection of a track changes within its stream: clear leads, crypto periods, what the operator asks for.

use cenc_types::KeyId;
use common_encryption::{FragmentRule, FragmentTime};

use super::{LogTarget, media_time};

/// What counts for each track, so that a change is logged once.
#[derive(Default)]
pub(crate) struct RuleLog(Vec<(u32, Counting)>);

/// What counts for a track.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// What was said of it at the start.
    Track,
    Clear,
    Key(KeyId),
}

impl RuleLog {
    /// Takes note of the rule for samples at a time, and logs it where it differs from the one before.
    pub(crate) fn note(&mut self, target: LogTarget<'_>, time: &FragmentTime, rule: &FragmentRule) {
        let now = match rule {
            FragmentRule::Track => Counting::Track,
            FragmentRule::Clear => Counting::Clear,
            FragmentRule::Key(protection) => Counting::Key(protection.key.kid()),
        };
        let (id, start) = (time.track_id, media_time(time.start));
        match self.0.iter_mut().find(|(known, _)| *known == id) {
            Some((_, before)) if *before == now => return,
            Some((_, before)) => *before = now,
            None => self.0.push((id, now)),
        }
        let LogTarget { category, element } = target;
        match now {
            Counting::Track => gst::info!(
                category,
                obj = element,
                "track {id}: protected from {start} on, as its init segment or caps say"
            ),
            Counting::Clear => gst::info!(
                category,
                obj = element,
                "track {id}: clear from {start} on, by clear-lead or protect=false"
            ),
            Counting::Key(kid) => gst::info!(
                category,
                obj = element,
                "track {id}: under KID {kid} from {start} on"
            ),
        }
    }
}
