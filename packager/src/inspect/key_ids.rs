// SPDX-License-Identifier: MPL-2.0
//! Whether `pssh` boxes, PlayReady Headers and Widevine data name the KIDs by which the samples are encrypted.

use std::collections::{BTreeMap, BTreeSet};

use cenc_types::{CipherMode, KeyId};
use playready_header::guid;

use super::findings::{Findings, Place};
use super::lint;
use super::report::PsshBox;
use super::track::{Description, TrackState};

/// Holds the KIDs that are named against those that are used.
pub fn check(tracks: &[TrackState], pssh: &[PsshBox], findings: &mut Findings) {
    let used = used(tracks, findings);
    if used.is_empty() {
        return;
    }
    for (source, named) in named(pssh) {
        check_source(&source, &named, &used, findings);
    }
    check_algorithms(pssh, &used, findings);
}

/// The KIDs of `tenc`, `seig` and the samples, with the cipher modes they are used in.
fn used(tracks: &[TrackState], findings: &mut Findings) -> BTreeMap<KeyId, Option<CipherMode>> {
    let mut used = BTreeMap::new();
    for state in tracks {
        let place = Place::track(state.report.track_id, "");
        let mode = mode_of(state);
        for kid in track_key_ids(state) {
            let known = used.insert(kid, mode).flatten();
            if known.is_some() && mode.is_some() && known != mode {
                let message =
                    format!("key {kid} is used in counter mode and in CBC; PlayReady forbids that");
                findings.error("kid-modes", &place, message);
            }
        }
    }
    used
}

fn mode_of(state: &TrackState) -> Option<CipherMode> {
    state
        .descriptions
        .iter()
        .find_map(|description| match description {
            Description::Protected { scheme, .. } => {
                lint::scheme_of((*scheme)?).map(|s| s.cipher_mode())
            }
            Description::Clear => None,
        })
}

fn track_key_ids(state: &TrackState) -> BTreeSet<KeyId> {
    let entries = state
        .descriptions
        .iter()
        .filter_map(|description| match description {
            Description::Protected { tenc, .. } => tenc.as_ref(),
            Description::Clear => None,
        });
    let entries = entries
        .filter(|tenc| tenc.is_protected != 0)
        .map(|tenc| tenc.kid);
    let groups = state
        .report
        .seig
        .iter()
        .filter(|seig| seig.is_protected != 0);
    let groups = groups.map(|seig| seig.kid);
    let samples = state.report.key_ids_used.iter().copied();
    let all = entries.chain(groups).chain(samples);
    all.filter(|kid| !kid.is_nil()).collect()
}

/// The KIDs that each kind of source names.
fn named(pssh: &[PsshBox]) -> BTreeMap<String, BTreeSet<KeyId>> {
    let mut named: BTreeMap<String, BTreeSet<KeyId>> = BTreeMap::new();
    for pssh in pssh {
        let system = pssh.system.unwrap_or(&pssh.system_id);
        if !pssh.kids.is_empty() {
            let source = format!("pssh of {system}");
            named.entry(source).or_default().extend(&pssh.kids);
        }
        let widevine = pssh.widevine.iter().flat_map(|data| &data.kids);
        let mut widevine = widevine.peekable();
        if widevine.peek().is_some() {
            let source = named.entry("Widevine data".to_owned()).or_default();
            source.extend(widevine);
        }
        let header = pssh
            .playready
            .as_ref()
            .and_then(|object| object.header.as_ref());
        let keys = header
            .map(|header| header.key_ids.as_slice())
            .unwrap_or_default();
        if !keys.is_empty() {
            let source = named.entry("PlayReady Header".to_owned()).or_default();
            source.extend(keys.iter().map(|key| key.kid));
        }
    }
    named
}

fn check_source(
    source: &str,
    named: &BTreeSet<KeyId>,
    used: &BTreeMap<KeyId, Option<CipherMode>>,
    findings: &mut Findings,
) {
    let place = Place::file(source);
    for kid in used.keys().filter(|kid| !named.contains(kid)) {
        match named.contains(&swapped(kid)) {
            true => findings.error("kid-order", &place, format!(
                "KID {kid} stands there in the wrong byte order, as {}: boxes have UUID order, a header has GUID order",
                swapped(kid)
            )),
            false => findings.error("kid-missing", &place, format!("KID {kid} of the tracks is not named")),
        }
    }
    let unused = named.iter().filter(|kid| !used.contains_key(kid));
    for kid in unused.filter(|kid| !used.contains_key(&swapped(kid)) && !kid.is_nil()) {
        let message = format!("KID {kid} is named, but no track here uses it");
        findings.note("kid-unused", &place, message);
    }
}

fn check_algorithms(
    pssh: &[PsshBox],
    used: &BTreeMap<KeyId, Option<CipherMode>>,
    findings: &mut Findings,
) {
    let place = Place::file("PlayReady Header");
    let objects = pssh.iter().filter_map(|pssh| pssh.playready.as_ref());
    for key in objects
        .filter_map(|object| object.header.as_ref())
        .flat_map(|h| &h.key_ids)
    {
        let mode = used.get(&key.kid).copied().flatten();
        let wanted = match mode {
            Some(CipherMode::Ctr) => "AESCTR",
            Some(CipherMode::Cbc) => "AESCBC",
            None => continue,
        };
        let stated = key.algorithm.as_deref().unwrap_or(wanted);
        if stated != wanted {
            let message = format!(
                "KID {} has ALGID {stated}, its samples need {wanted}",
                key.kid
            );
            findings.error("algorithm", &place, message);
        }
    }
}

/// The KID that one gets by taking the bytes of one order for the other.
fn swapped(kid: &KeyId) -> KeyId {
    guid::from_guid_bytes(*kid.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(named: &[&str]) -> Vec<&'static str> {
        let kid = |text: &&str| text.parse().unwrap();
        let used = BTreeMap::from([(kid(&"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), None)]);
        let mut findings = Findings::default();
        check_source(
            "pssh",
            &named.iter().map(kid).collect(),
            &used,
            &mut findings,
        );
        findings.into_vec().iter().map(|f| f.code).collect()
    }

    // The KID and its GUID order of Microsoft's "MPEG-DASH for PlayReady", table 2.
    #[test]
    fn missing_unused_and_swapped_key_ids_are_told_apart() {
        let kid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        let swapped = "ae4f1df8-ec7d-d011-a765-00a0c91e6bf6";
        let other = "10000000-1000-1000-1000-100000000001";
        assert_eq!(codes(&[kid]), [""; 0]);
        assert_eq!(codes(&[kid, other]), ["kid-unused"]);
        assert_eq!(codes(&[other]), ["kid-missing", "kid-unused"]);
        assert_eq!(codes(&[swapped]), ["kid-order"]);
    }
}
