// SPDX-License-Identifier: MPL-2.0
//! The CPIX document of a key: whose it is, its scheme, its tracks and crypto periods, as far as the store knows them.

use std::collections::BTreeSet;

use crate::cenc::{CipherMode, Scheme};
use crate::cpix::{ContentKey, Document, Period, UsageRule};
use crate::keys::speke::TrackRule;
use crate::keys::store::{Content, KeySlot, StoredKey};

/// The document of a key, for one content. Only contents whose keys change have crypto periods.
pub(super) fn of(key: StoredKey, content: Option<&Content>, slots: &[KeySlot]) -> Document {
    let kid = key.info.kid;
    let scheme = scheme(key.info.mode, content);
    let changes = content.is_some_and(|content| content.crypto_period.is_some());
    let mut periods = BTreeSet::new();
    if changes || slots.iter().any(|slot| slot.period > 0) {
        periods.extend(slots.iter().map(|slot| slot.period));
    }
    let labels: BTreeSet<_> = slots.iter().map(|slot| slot.label.as_str()).collect();
    let rules = labels.into_iter().map(|label| {
        let mut rule = tracks(UsageRule::new(kid), label);
        let own = slots.iter().filter(|slot| slot.label == label);
        let own: BTreeSet<_> = own.map(|slot| slot.period).collect();
        rule.periods = own.intersection(&periods).map(period_id).collect();
        rule
    });
    Document {
        content_id: content.map(|content| content.id.clone()),
        usage_rules: rules.collect(),
        periods: periods
            .iter()
            .map(|index| Period::with_index(&period_id(index), *index))
            .collect(),
        content_keys: vec![ContentKey::new(kid, key.key, scheme)],
        ..Document::default()
    }
}

/// The content's scheme, unless it was changed to another cipher mode after the key was made.
fn scheme(mode: CipherMode, content: Option<&Content>) -> Scheme {
    let usual = match mode {
        CipherMode::Ctr => Scheme::Cenc,
        CipherMode::Cbc => Scheme::Cbcs,
    };
    let scheme = content.map(|content| content.scheme);
    scheme
        .filter(|scheme| scheme.cipher_mode() == mode)
        .unwrap_or(usual)
}

/// Names of SPEKE's encryption contract become its filters; others are labels of tracks.
fn tracks(mut rule: UsageRule, label: &str) -> UsageRule {
    rule.intended_track_type = Some(label.to_owned());
    match TrackRule::named(label) {
        Ok(named) => (rule.video, rule.audio) = (named.video, named.audio),
        Err(_) => rule.labels.push(label.to_owned()),
    }
    rule
}

fn period_id(index: &u64) -> String {
    format!("period-{index}")
}
