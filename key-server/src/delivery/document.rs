// SPDX-License-Identifier: MPL-2.0
//! Makes CPIX documents of keys, with the content, scheme, tracks and crypto periods that the store has of them.

use std::collections::BTreeSet;

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{Content, KeySlot, StoredKey};
use content_keys::speke::TrackRule;
use cpix::{ContentKey, Document, Period, UsageRule};

/// A key, with the tracks and crypto periods that use it.
pub struct KeyUse {
    /// The key.
    pub key: StoredKey,
    /// The tracks and crypto periods.
    pub slots: Vec<KeySlot>,
}

/// Makes the document of keys with the tracks and crypto periods of one content. Only contents whose keys rotate have periods.
pub fn document(content: Option<&Content>, keys: Vec<KeyUse>) -> Document {
    let mut periods: BTreeSet<_> = keys
        .iter()
        .flat_map(|key_use| &key_use.slots)
        .map(|slot| slot.period)
        .collect();
    let rotates = content.is_some_and(|content| content.crypto_period.is_some());
    if !rotates && periods.iter().all(|period| *period == 0) {
        periods.clear();
    }
    let mut document = Document {
        content_id: content.map(|content| content.id.clone()),
        periods: periods
            .iter()
            .map(|index| Period::with_index(&period_id(index), *index))
            .collect(),
        ..Document::default()
    };
    for KeyUse { key, slots } in keys {
        document
            .usage_rules
            .extend(rules(key.info.kid, content, &slots, &periods));
        document.content_keys.push(ContentKey::new(
            key.info.kid,
            key.key,
            scheme(key.info.mode, content),
        ));
    }
    document
}

/// Returns a usage rule for each label of a key.
fn rules(
    kid: KeyId,
    content: Option<&Content>,
    slots: &[KeySlot],
    periods: &BTreeSet<u64>,
) -> Vec<UsageRule> {
    let labels: BTreeSet<_> = slots.iter().map(|slot| slot.label.as_str()).collect();
    labels
        .into_iter()
        .map(|label| {
            let own: BTreeSet<_> = slots
                .iter()
                .filter(|slot| slot.label == label)
                .map(|slot| slot.period)
                .collect();
            UsageRule {
                periods: own.intersection(periods).map(period_id).collect(),
                ..tracks(UsageRule::new(kid), label, content)
            }
        })
        .collect()
}

/// Returns the content's scheme, or the usual one of the key's mode if the content has changed to the other mode.
fn scheme(mode: CipherMode, content: Option<&Content>) -> Scheme {
    content
        .map(|content| content.scheme)
        .filter(|scheme| scheme.cipher_mode() == mode)
        .unwrap_or_else(|| mode.usual_scheme())
}

/// Adds the filters of a label: those of the name or of the selectors in SPEKE's encryption contract, else a label filter.
fn tracks(mut rule: UsageRule, label: &str, content: Option<&Content>) -> UsageRule {
    rule.intended_track_type = Some(label.to_owned());
    match TrackRule::from_label(label)
        .ok()
        .or_else(|| by_selectors(label, content?))
    {
        Some(named) => (rule.video, rule.audio) = (named.video, named.audio),
        None => rule.labels.push(label.to_owned()),
    }
    rule
}

/// Returns the filters of all selectors that a content has for a label; None if a selector, such as `track:2`, has no filter.
fn by_selectors(label: &str, content: &Content) -> Option<TrackRule> {
    let names = content
        .tracks
        .iter()
        .filter(|track| track.label == label)
        .map(|track| match track.selector.as_str() {
            "*" => Some("ALL"),
            "video" => Some("VIDEO"),
            "audio" => Some("AUDIO"),
            "sd" => Some("SD"),
            "hd" => Some("HD"),
            "uhd1" => Some("UHD1"),
            "uhd2" => Some("UHD2"),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    TrackRule::from_label(&names.join("+")).ok()
}

fn period_id(index: &u64) -> String {
    format!("period-{index}")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use content_key_store::{KeyInfo, KeyState, Origin, TrackLabel};

    use super::*;

    fn of(key: StoredKey, content: Option<&Content>, slots: &[KeySlot]) -> Document {
        let slots = slots.to_vec();
        document(content, vec![KeyUse { key, slots }])
    }

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
                draining: None,
                retired: None,
                compromised: None,
            },
            key: cenc_types::ContentKey::generate(&host_access::SystemRandom).unwrap(),
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
    fn selectors_of_a_content_become_filters_as_far_as_there_are_some() {
        let mut content = Content::new("film", Scheme::Cenc);
        let track = |selector: &str, label: &str| TrackLabel {
            selector: selector.to_owned(),
            label: label.to_owned(),
        };
        content.tracks = vec![track("audio", "sound"), track("track:7", "seventh")];
        content
            .tracks
            .extend([track("sd", "small"), track("hd", "small")]);
        let slots = ["seventh", "small", "sound"].map(|label| slot(label, 0));
        let document = of(key(CipherMode::Ctr), Some(&content), &slots);
        let counts = document.usage_rules.iter();
        let counts = counts.map(|rule| (rule.labels.len(), rule.video.len(), rule.audio.len()));
        assert_eq!(
            counts.collect::<Vec<_>>(),
            [(1, 0, 0), (0, 2, 0), (0, 0, 1)]
        );
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
