// SPDX-License-Identifier: MPL-2.0
//! The encryption contract: which tracks and crypto periods each key is for.

use std::collections::{HashMap, HashSet};

use cenc_types::KeyId;
use cpix::{AudioFilter, Bounds, Document, Period, UsageRule, VideoFilter};

use super::Error;
use super::request::Protocol;

/// The tracks of a key that no rule names.
const ALL: &str = "ALL";
/// Tracks times crypto periods of a request: real ones have ten.
const MAX_PLACES: usize = 512;

/// A key that is asked for.
pub struct Asked {
    /// The KID that it is to have, unless the tracks have a key already.
    pub kid: KeyId,
    /// What it is for; never empty.
    pub places: Vec<Place>,
}

/// A track in a crypto period.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The tracks, by intendedTrackType.
    pub label: String,
    /// The number of the period; 0 where keys do not change.
    pub period: u64,
}

/// Reads which keys are asked for.
///
/// # Errors
/// What is missing or contradicts itself.
pub fn read(protocol: Protocol, document: &Document) -> Result<Vec<Asked>, Error> {
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
    let keys = document.content_keys.iter().map(|key| {
        let rules = document
            .usage_rules
            .iter()
            .filter(|rule| rule.kid == key.kid);
        let places = rules.flat_map(|rule| places(rule, &periods));
        let mut places: Vec<Place> = places.collect();
        if places.is_empty() {
            places.push(without_rule(key.kid, document));
        }
        Asked {
            kid: key.kid,
            places,
        }
    });
    let keys: Vec<Asked> = keys.collect();
    if keys.iter().map(|key| key.places.len()).sum::<usize>() > MAX_PLACES {
        return Err(Error::UnsupportedContract);
    }
    let mut seen = HashSet::new();
    let mut all = keys.iter().flat_map(|key| &key.places);
    match all.all(|place| seen.insert(place)) {
        true => Ok(keys),
        false => Err(Error::MalformedContract),
    }
}

/// What SPEKE 2 asks of the rules.
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
        let named = rule.intended_track_type.as_ref();
        let named = named.is_some_and(|name| !name.is_empty());
        // ALL is one key for all tracks: nothing stands beside it.
        let fits = !has_all || is_all(rule) && is_bare(rule);
        if !named || !rule.labels.is_empty() || !fits {
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

/// The periods by their ids.
fn numbers(periods: &[Period]) -> Result<HashMap<&str, u64>, Error> {
    let with_id = periods
        .iter()
        .filter_map(|period| Some((period.id.as_deref()?, period)));
    let numbers = with_id.map(|(id, period)| {
        let number = number(period).ok_or(Error::MalformedContract)?;
        Ok((id, number))
    });
    numbers.collect()
}

/// The index; without one, milliseconds from 1970 or from the start of the presentation.
fn number(period: &Period) -> Option<u64> {
    const NANOSECONDS: u64 = 1_000_000;
    period.index.or_else(|| match period.bounds? {
        Bounds::Time { start, .. } => Some(u64::try_from(start.0).ok()? / NANOSECONDS),
        Bounds::Offset { start, .. } => Some(start.0 / NANOSECONDS),
    })
}

fn places<'r>(
    rule: &'r UsageRule,
    periods: &'r HashMap<&str, u64>,
) -> impl Iterator<Item = Place> + 'r {
    let numbers = rule
        .periods
        .iter()
        .filter_map(|id| periods.get(id.as_str()));
    let none = rule.periods.is_empty().then_some(0);
    numbers.copied().chain(none).map(|period| Place {
        label: label(rule).to_owned(),
        period,
    })
}

/// What the tracks of a rule are called; SPEKE 1.0 and plain CPIX may leave it to the filters.
fn label(rule: &UsageRule) -> &str {
    let named = rule
        .intended_track_type
        .as_deref()
        .filter(|name| !name.is_empty());
    let labelled = rule.labels.first().map(String::as_str);
    let filtered = match (rule.video.is_empty(), rule.audio.is_empty()) {
        (false, true) => "VIDEO",
        (true, false) => "AUDIO",
        _ => ALL,
    };
    named.or(labelled).unwrap_or(filtered)
}

/// One key is that of all tracks; several without rules are told by what they are called.
fn without_rule(kid: KeyId, document: &Document) -> Place {
    let label = match document.content_keys.as_slice() {
        [_] => ALL.to_owned(),
        _ => kid.to_string(),
    };
    Place { label, period: 0 }
}
