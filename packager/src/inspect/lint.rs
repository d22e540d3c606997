// SPDX-License-Identifier: MPL-2.0
//! Checks `schm`, `tenc` and `seig` against each other, ISO/IEC 23001-7 clauses 6, 8.2 and 10.

use cenc_types::{CipherMode, Pattern, Scheme};
use common_encryption::ParsedProtection;
use isobmff_boxes::FourCc;

use super::findings::{FindingPlace, Findings};
use super::report::pattern_text;
use super::runs::ProtectionRun;

/// Returns the scheme of a scheme_type; that of PIFF encrypts like `cenc`.
pub fn scheme_of(scheme_type: FourCc) -> Option<Scheme> {
    scheme_named(std::str::from_utf8(&scheme_type.0).ok()?)
}

/// Returns the scheme with this scheme_type, as a report has it.
pub fn scheme_named(scheme_type: &str) -> Option<Scheme> {
    match scheme_type {
        "piff" => Some(Scheme::Cenc),
        _ => scheme_type.parse().ok(),
    }
}

/// Checks a protected sample entry.
pub fn check_entry(
    scheme_type: Option<FourCc>,
    tenc: Option<&ParsedProtection>,
    place: &FindingPlace,
    findings: &mut Findings,
) {
    match scheme_type {
        None => findings.error(
            "schm",
            place,
            "'sinf' has no 'schm': the scheme is not named",
        ),
        Some(unknown) if scheme_of(unknown).is_none() => {
            findings.error(
                "schm",
                place,
                format_args!("the scheme is '{unknown}', not one of cenc, cens, cbc1, cbcs"),
            );
        }
        Some(_) => (),
    }
    match tenc {
        None => findings.error(
            "tenc",
            place,
            "'schi' has no 'tenc': KID and IV size are not stated",
        ),
        Some(tenc) => check_protection(scheme_type, tenc, place, findings),
    }
}

/// Checks a `seig` entry by itself and against the `tenc` of its track.
pub fn check_seig(
    seig: &ParsedProtection,
    scheme_type: Option<FourCc>,
    tenc: Option<&ParsedProtection>,
    place: &FindingPlace,
    findings: &mut Findings,
) {
    if seig.is_protected == 0 {
        return;
    }
    check_protection(scheme_type, seig, place, findings);
    if seig.kid.is_nil() {
        findings.error(
            "kid-nil",
            place,
            "the KID of a 'seig' group is nil, so that no key is named",
        );
    }
    if let Some(tenc) = tenc.filter(|tenc| tenc.pattern != seig.pattern) {
        let (seig, tenc) = (pattern_text(seig.pattern), pattern_text(tenc.pattern));
        findings.error(
            "seig-pattern",
            place,
            format_args!(
                "pattern {seig} of a 'seig' group differs from {tenc} of 'tenc', which Chromium refuses"
            ),
        );
    }
}

/// Checks IV size, constant IV and pattern against the scheme.
fn check_protection(
    scheme_type: Option<FourCc>,
    found: &ParsedProtection,
    place: &FindingPlace,
    findings: &mut Findings,
) {
    if found.is_protected == 0 {
        return;
    }
    if !matches!(found.per_sample_iv_size, 0 | 8 | 16) {
        return findings.error(
            "iv-size",
            place,
            format_args!(
                "the IV size is {}, not 0, 8 or 16",
                found.per_sample_iv_size
            ),
        );
    }
    if let Some(scheme) = scheme_type.and_then(scheme_of) {
        check_iv(scheme, found, place, findings);
        check_pattern(scheme, found.pattern, place, findings);
    }
}

fn check_iv(
    scheme: Scheme,
    found: &ParsedProtection,
    place: &FindingPlace,
    findings: &mut Findings,
) {
    let constant = found.constant_iv.as_deref().map(<[u8]>::len);
    let is_cbc = scheme.cipher_mode() == CipherMode::Cbc;
    match (scheme, found.per_sample_iv_size, constant) {
        // With a nil KID, the sample entry is a placeholder for the sample groups, which have their own IVs.
        (Scheme::Cbcs, 0, Some(_)) if found.kid.is_nil() => (),
        (Scheme::Cbcs, 0, Some(16)) => (),
        (Scheme::Cbcs, 0, Some(len)) => {
            findings.error(
                "iv-size",
                place,
                format!("the constant IV has {len} bytes, cbcs needs 16"),
            );
        }
        (_, 0, None) => {
            findings.error(
                "constant-iv",
                place,
                "the IV size is 0 and there is no constant IV, so that there is no IV at all",
            );
        }
        (_, 0, Some(_)) => {
            findings.error(
                "constant-iv",
                place,
                format_args!(
                    "a constant IV is for cbcs, but the scheme is {scheme}, so that IVs repeat under one key"
                ),
            );
        }
        (_, 8, _) if is_cbc => {
            findings.error(
                "iv-size",
                place,
                format!("the IVs have 8 bytes, {scheme} needs 16"),
            );
        }
        (Scheme::Cbcs, _, _) => {
            findings.note(
                "constant-iv",
                place,
                "cbcs with an IV per sample instead of a constant IV",
            );
        }
        _ => (),
    }
}

fn check_pattern(scheme: Scheme, found: Pattern, place: &FindingPlace, findings: &mut Findings) {
    if found == Pattern::NONE {
        return;
    }
    if !scheme.has_pattern() {
        findings.error(
            "pattern",
            place,
            format_args!(
                "pattern {}, but {scheme} has no pattern",
                pattern_text(found)
            ),
        );
    } else if found.crypt_byte_block == 0 {
        findings.error(
            "pattern",
            place,
            format_args!("pattern {} encrypts nothing", pattern_text(found)),
        );
    }
}

/// Checks that every protected sample has a KID.
pub fn check_kids(runs: &[ProtectionRun<'_>], place: &FindingPlace, findings: &mut Findings) {
    if runs.iter().any(|run| {
        run.protection
            .is_some_and(|protection| protection.kid.is_nil())
    }) {
        findings.error(
            "kid-nil",
            place,
            "neither 'tenc' nor a 'seig' group names the KID of protected samples",
        );
    }
}

#[cfg(test)]
mod tests {
    use cenc_types::KeyId;

    use super::*;

    fn codes(scheme: &[u8; 4], iv: (u8, Option<usize>), crypt: u8) -> Vec<&'static str> {
        let tenc = ParsedProtection {
            is_protected: 1,
            pattern: Pattern {
                crypt_byte_block: crypt,
                skip_byte_block: 9 * crypt,
            },
            per_sample_iv_size: iv.0,
            kid: KeyId::from_bytes([1; 16]),
            constant_iv: iv.1.map(|len| vec![7; len]),
        };
        let mut findings = Findings::default();
        let place = FindingPlace::track(1, "stsd");
        check_entry(Some(FourCc(*scheme)), Some(&tenc), &place, &mut findings);
        findings.into_vec().iter().map(|f| f.code).collect()
    }

    // 23001-7 clause 10.
    #[test]
    fn each_scheme_has_its_ivs_and_patterns() {
        for (scheme, iv, crypt) in [
            (b"cenc", (8, None), 0),
            (b"piff", (8, None), 0),
            (b"cens", (16, None), 1),
            (b"cbc1", (16, None), 0),
            (b"cbcs", (0, Some(16)), 1),
        ] {
            assert_eq!(codes(scheme, iv, crypt), [""; 0], "{scheme:?}");
        }
        assert_eq!(codes(b"cenc", (0, Some(16)), 0), ["constant-iv"]);
        assert_eq!(codes(b"cenc", (8, None), 1), ["pattern"]);
        assert_eq!(codes(b"cbc1", (8, None), 0), ["iv-size"]);
        assert_eq!(codes(b"cbcs", (0, Some(8)), 1), ["iv-size"]);
        assert_eq!(codes(b"cbcs", (0, None), 1), ["constant-iv"]);
        assert_eq!(codes(b"cenc", (12, None), 0), ["iv-size"]);
        assert_eq!(codes(b"odkm", (8, None), 0), ["schm"]);
    }

    #[test]
    fn entry_without_scheme_or_tenc_is_found() {
        let mut findings = Findings::default();
        check_entry(None, None, &FindingPlace::track(1, "stsd"), &mut findings);
        assert_eq!(findings.into_vec().len(), 2);
    }
}
