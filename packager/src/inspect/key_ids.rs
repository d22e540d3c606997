// SPDX-License-Identifier: MPL-2.0
//! Checks that `pssh` boxes, PlayReady Headers and Widevine data name the KIDs of the encrypted samples.

use std::collections::{BTreeMap, BTreeSet};

use cenc_types::{CipherMode, KeyId};
use playready_header::guid;

use super::findings::{FindingPlace, Findings};
use super::report::PsshReport;
use super::track::TrackState;

/// Compares the named KIDs with the used ones.
pub fn check(tracks: &[TrackState], pssh: &[PsshReport], findings: &mut Findings) {
    let used = used_key_ids(tracks, findings);
    if used.is_empty() {
        return;
    }
    for (source, named) in named_key_ids(pssh) {
        check_source(&source, &named, &used, findings);
    }
    check_algorithms(pssh, &used, findings);
    check_order(pssh, &used, findings);
    check_shared(tracks, findings);
}

/// Finds `pssh` boxes of another protection in front of those of the tracks: a player requests the licence of the first box.
fn check_order(
    boxes: &[PsshReport],
    used: &BTreeMap<KeyId, Option<CipherMode>>,
    findings: &mut Findings,
) {
    for (index, pssh) in boxes.iter().enumerate() {
        let named = box_key_ids(pssh);
        if named.is_empty() || named.iter().any(|kid| used.contains_key(kid)) {
            continue;
        }
        let is_in_front = boxes
            .iter()
            .skip(index + 1)
            .filter(|later| later.system_id == pssh.system_id)
            .any(|later| box_key_ids(later).iter().any(|kid| used.contains_key(kid)));
        if is_in_front {
            let place = FindingPlace::file(format!("pssh in {}", pssh.place));
            findings.error(
                "pssh-left-over",
                &place,
                format_args!(
                    "the box of {} for KIDs that no track has is in front of the one for the tracks, so that players request the wrong licence: \
                     it is left over from another protection, remove it",
                    pssh.system.unwrap_or(&pssh.system_id)
                ),
            );
        }
    }
}

/// Finds KIDs that video and audio share.
fn check_shared(tracks: &[TrackState], findings: &mut Findings) {
    let of_handler = |handler: &str| -> BTreeSet<KeyId> {
        tracks
            .iter()
            .filter(|state| state.report.handler == handler)
            .flat_map(|state| state.report.key_ids())
            .collect()
    };
    for kid in of_handler("vide").intersection(&of_handler("soun")) {
        findings.note(
            "kid-shared",
            &FindingPlace::default(),
            format_args!(
                "audio and video share KID {kid}: PlayReady SL3000 needs video keys that audio does not have"
            ),
        );
    }
}

/// Returns the KIDs that a box names in its list or its data.
fn box_key_ids(pssh: &PsshReport) -> BTreeSet<KeyId> {
    let header = pssh
        .playready
        .as_ref()
        .and_then(|object| object.header.as_ref());
    pssh.kids
        .iter()
        .chain(pssh.widevine.iter().flat_map(|data| &data.kids))
        .copied()
        .chain(
            header
                .iter()
                .flat_map(|header| header.key_ids.iter().map(|key| key.kid)),
        )
        .collect()
}

/// Returns the KIDs of `tenc`, `seig` and the samples, with their cipher modes.
fn used_key_ids(
    tracks: &[TrackState],
    findings: &mut Findings,
) -> BTreeMap<KeyId, Option<CipherMode>> {
    let mut used = BTreeMap::new();
    for state in tracks {
        let place = FindingPlace::track(state.report.track_id, "");
        let mode = state.cipher_mode();
        for kid in state.report.key_ids() {
            let known = used.insert(kid, mode).flatten();
            if known.is_some() && mode.is_some() && known != mode {
                let message =
                    format!("KID {kid} is used in CTR and in CBC, which PlayReady forbids");
                findings.error("kid-modes", &place, message);
            }
        }
    }
    used
}

/// Returns the KIDs that each kind of source names.
fn named_key_ids(boxes: &[PsshReport]) -> BTreeMap<String, BTreeSet<KeyId>> {
    let mut named: BTreeMap<String, BTreeSet<KeyId>> = BTreeMap::new();
    let mut add = |source: String, kids: Vec<KeyId>| {
        if !kids.is_empty() {
            named.entry(source).or_default().extend(kids);
        }
    };
    for pssh in boxes {
        let system = pssh.system.unwrap_or(&pssh.system_id);
        add(format!("pssh of {system}"), pssh.kids.clone());
        if let Some(data) = &pssh.widevine {
            add("Widevine data".to_owned(), data.kids.clone());
        }
        if let Some(header) = pssh
            .playready
            .as_ref()
            .and_then(|object| object.header.as_ref())
        {
            add(
                "PlayReady Header".to_owned(),
                header.key_ids.iter().map(|key| key.kid).collect(),
            );
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
    let place = FindingPlace::file(source);
    for kid in used.keys().filter(|kid| !named.contains(kid)) {
        match named.contains(&swapped(kid)) {
            true => findings.error("kid-order", &place, format!(
                "KID {kid} has the wrong byte order here, {}: boxes use UUID order, a PlayReady Header uses GUID order",
                swapped(kid)
            )),
            false => findings.error("kid-missing", &place, format!("KID {kid} of the tracks is not named")),
        }
    }
    for kid in named
        .iter()
        .filter(|kid| !used.contains_key(kid))
        .filter(|kid| !used.contains_key(&swapped(kid)) && !kid.is_nil())
    {
        findings.note(
            "kid-unused",
            &place,
            format_args!("KID {kid} is named, but no track here uses it"),
        );
    }
}

fn check_algorithms(
    pssh: &[PsshReport],
    used: &BTreeMap<KeyId, Option<CipherMode>>,
    findings: &mut Findings,
) {
    let place = FindingPlace::file("PlayReady Header");
    for key in pssh
        .iter()
        .filter_map(|pssh| pssh.playready.as_ref()?.header.as_ref())
        .flat_map(|header| &header.key_ids)
    {
        let expected = match used.get(&key.kid).copied().flatten() {
            Some(CipherMode::Ctr) => "AESCTR",
            Some(CipherMode::Cbc) => "AESCBC",
            None => continue,
        };
        let stated = key.algorithm.as_deref().unwrap_or(expected);
        if stated != expected {
            findings.error(
                "algorithm",
                &place,
                format_args!(
                    "KID {} has ALGID {stated}, its samples need {expected}",
                    key.kid
                ),
            );
        }
    }
}

/// Returns the KID in the other byte order: GUID order for UUID order.
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
    fn missing_unused_and_swapped_key_ids_are_distinguished() {
        let kid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        let swapped = "ae4f1df8-ec7d-d011-a765-00a0c91e6bf6";
        let other = "10000000-1000-1000-1000-100000000001";
        assert_eq!(codes(&[kid]), [""; 0]);
        assert_eq!(codes(&[kid, other]), ["kid-unused"]);
        assert_eq!(codes(&[other]), ["kid-missing", "kid-unused"]);
        assert_eq!(codes(&[swapped]), ["kid-order"]);
    }
}
