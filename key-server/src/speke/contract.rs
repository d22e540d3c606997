// SPDX-License-Identifier: MPL-2.0
//! The encryption contract: the tracks and crypto periods of each key.

use std::collections::{HashMap, HashSet};

use cenc_types::KeyId;
use cpix::{AudioFilter, Bounds, Document, Period, UsageRule, VideoFilter};

use super::Error;
use super::request::Protocol;

/// The tracks of a key that no rule names.
const ALL: &str = "ALL";
/// The most tracks and crypto periods of a request; real ones have about ten.
const MAX_TRACK_PERIODS: usize = 512;

/// A key that a request asks for.
pub struct RequestedKey {
    /// The KID to use, unless the tracks have a key already.
    pub kid: KeyId,
    /// The tracks and crypto periods that use it; never empty.
    pub track_periods: Vec<TrackPeriod>,
}

/// A track in a crypto period.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TrackPeriod {
    /// The tracks, by intendedTrackType.
    pub label: String,
    /// The number of the period; 0 where keys do not change.
    pub period: u64,
}

/// Reads the requested keys with their tracks and crypto periods.
///
/// # Errors
/// If a part of the contract is missing or contradicts another.
pub fn read(protocol: Protocol, document: &Document) -> Result<Vec<RequestedKey>, Error> {
    if document.content_keys.is_empty() {
        return Err(Error::MissingList("ContentKeyList"));
    }
    if let Some(leaf) = document
        .content_keys
        .iter()
        .find(|key| key.depends_on_key.is_some())
    {
        return Err(Error::LeafKey(leaf.kid));
    }
    if protocol.is_strict() {
        check(document)?;
    }
    let periods = numbers(&document.periods)?;
    let keys: Vec<RequestedKey> = document
        .content_keys
        .iter()
        .map(|key| {
            let mut track_periods: Vec<_> = document
                .usage_rules
                .iter()
                .filter(|rule| rule.kid == key.kid)
                .flat_map(|rule| track_periods(rule, &periods))
                .collect();
            if track_periods.is_empty() {
                track_periods.push(without_rule(key.kid, document));
            }
            RequestedKey {
                kid: key.kid,
                track_periods,
            }
        })
        .collect();
    if keys
        .iter()
        .map(|key| key.track_periods.len())
        .sum::<usize>()
        > MAX_TRACK_PERIODS
    {
        return Err(Error::UnsupportedContract);
    }
    let mut seen = HashSet::new();
    match keys
        .iter()
        .flat_map(|key| &key.track_periods)
        .all(|track_period| seen.insert(track_period))
    {
        true => Ok(keys),
        false => Err(Error::MalformedContract),
    }
}

/// Checks the rules that SPEKE 2 demands.
fn check(document: &Document) -> Result<(), Error> {
    if document.drm_systems.is_empty() {
        return Err(Error::MissingList("DRMSystemList"));
    }
    let rules = &document.usage_rules;
    if rules.is_empty() {
        return Err(Error::MissingContract);
    }
    let has_all = rules.iter().any(is_all);
    for rule in rules {
        if rule.not_understood.is_some() {
            return Err(Error::UnsupportedContract);
        }
        if rule.video.is_empty() && rule.audio.is_empty() {
            return Err(Error::MissingContract);
        }
        let is_named = rule
            .intended_track_type
            .as_ref()
            .is_some_and(|name| !name.is_empty());
        // ALL is one key for all tracks, so it excludes other rules.
        let is_alone = !has_all || is_all(rule) && is_bare(rule);
        if !is_named || !rule.labels.is_empty() || !is_alone {
            return Err(Error::MalformedContract);
        }
    }
    let is_named = |kid| rules.iter().any(|rule| rule.kid == kid);
    match document.content_keys.iter().all(|key| is_named(key.kid)) {
        true => Ok(()),
        false => Err(Error::MalformedContract),
    }
}

fn is_all(rule: &UsageRule) -> bool {
    rule.intended_track_type.as_deref() == Some(ALL)
}

fn is_bare(rule: &UsageRule) -> bool {
    rule.video == [VideoFilter::default()] && rule.audio == [AudioFilter::default()]
}

/// Returns the numbers of the periods by their ids.
fn numbers(periods: &[Period]) -> Result<HashMap<&str, u64>, Error> {
    periods
        .iter()
        .filter_map(|period| Some((period.id.as_deref()?, period)))
        .map(|(id, period)| Ok((id, number(period).ok_or(Error::MalformedContract)?)))
        .collect()
}

/// Returns the index of a period, or else its start in milliseconds from 1970 or from the start of the presentation.
fn number(period: &Period) -> Option<u64> {
    const NANOSECONDS: u64 = 1_000_000;
    period.index.or_else(|| match period.bounds? {
        Bounds::Time { start, .. } => Some(u64::try_from(start.0).ok()? / NANOSECONDS),
        Bounds::Offset { start, .. } => Some(start.0 / NANOSECONDS),
    })
}

/// Returns the tracks of a rule in each of its crypto periods.
fn track_periods<'r>(
    rule: &'r UsageRule,
    periods: &'r HashMap<&str, u64>,
) -> impl Iterator<Item = TrackPeriod> + 'r {
    rule.periods
        .iter()
        .filter_map(|id| periods.get(id.as_str()).copied())
        .chain(rule.periods.is_empty().then_some(0))
        .map(|period| TrackPeriod {
            label: label(rule).to_owned(),
            period,
        })
}

/// Returns the label of the tracks of a rule. In SPEKE 1.0 and plain CPIX the filters may imply it.
fn label(rule: &UsageRule) -> &str {
    rule.intended_track_type
        .as_deref()
        .filter(|name| !name.is_empty())
        .or(rule.labels.first().map(String::as_str))
        .unwrap_or(match (rule.video.is_empty(), rule.audio.is_empty()) {
            (false, true) => "VIDEO",
            (true, false) => "AUDIO",
            _ => ALL,
        })
}

/// Returns the tracks of a key without a rule: all tracks for the only key, else a label made of the KID.
fn without_rule(kid: KeyId, document: &Document) -> TrackPeriod {
    let label = match document.content_keys.as_slice() {
        [_] => ALL.to_owned(),
        _ => kid.to_string(),
    };
    TrackPeriod { label, period: 0 }
}
