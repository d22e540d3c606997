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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::cenc::{self, KeyId};
    use crate::keys::store::{KeyInfo, KeyState, Origin};

    fn key(mode: CipherMode) -> StoredKey {
        StoredKey {
            info: KeyInfo {
                kid: KeyId::from_bytes([7; 16]),
                mode,
                origin: Origin::Random,
                seed: None,
                state: KeyState::Planned,
                created: SystemTime::UNIX_EPOCH,
                delivered: None,
                activated: None,
                retired: None,
            },
            key: cenc::ContentKey::generate().unwrap(),
            is_new: false,
        }
    }

    fn slot(label: &str, period: u64) -> KeySlot {
        KeySlot {
            content_id: "film".to_owned(),
            label: label.to_owned(),
            period,
            mode: CipherMode::Ctr,
        }
    }

    #[test]
    fn each_label_has_a_rule_with_its_periods() {
        let mut content = Content::new("film", Scheme::Cenc);
        content.crypto_period = Some(Duration::from_secs(1));
        let slots = [slot("HD", 0), slot("music", 0), slot("HD", 1)];
        let document = of(key(CipherMode::Ctr), Some(&content), &slots);
        let periods: Vec<_> = document.periods.iter().map(|p| p.index).collect();
        assert_eq!(periods, [Some(0), Some(1)]);
        let [hd, music] = document.usage_rules.as_slice() else {
            panic!("{:?}", document.usage_rules);
        };
        // SPEKE 2.0, encryption contract: HD is what is larger than 1024x576, up to 1920x1080.
        let limits = hd.video.iter().map(|f| (f.min_pixels, f.max_pixels));
        assert_eq!(
            limits.collect::<Vec<_>>(),
            [(Some(589_825), Some(2_073_600))]
        );
        assert_eq!((hd.labels.len(), hd.periods.len()), (0, 2));
        assert_eq!(music.labels, ["music"]);
        assert_eq!(music.periods, ["period-0"]);
    }

    #[test]
    fn keys_that_do_not_change_have_no_period() {
        let content = Content::new("film", Scheme::Cenc);
        let document = of(key(CipherMode::Ctr), Some(&content), &[slot("ALL", 0)]);
        assert!(document.periods.is_empty());
        assert!(document.usage_rules.iter().all(|r| r.periods.is_empty()));
        let document = of(key(CipherMode::Ctr), None, &[]);
        assert!(document.usage_rules.is_empty() && document.content_id.is_none());
    }

    #[test]
    fn scheme_is_one_of_the_keys_mode() {
        for (content, mode, expected) in [
            (Some(Scheme::Cens), CipherMode::Ctr, Scheme::Cens),
            (Some(Scheme::Cens), CipherMode::Cbc, Scheme::Cbcs),
            (Some(Scheme::Cbc1), CipherMode::Cbc, Scheme::Cbc1),
            (None, CipherMode::Ctr, Scheme::Cenc),
        ] {
            let content = content.map(|scheme| Content::new("film", scheme));
            assert_eq!(scheme(mode, content.as_ref()), expected);
        }
    }
}
