// SPDX-License-Identifier: MPL-2.0
//! What `schm`, `tenc` and `seig` may say together, ISO/IEC 23001-7 clauses 6, 8.2 and 10.

use cenc_types::{CipherMode, Pattern, Scheme};
use common_encryption::ParsedProtection;
use isobmff_boxes::FourCc;

use super::findings::{Findings, Place};
use super::report::pattern;

/// The scheme that a scheme_type means; PIFF's encrypts as `cenc` does.
pub fn scheme_of(scheme_type: FourCc) -> Option<Scheme> {
    let text = std::str::from_utf8(&scheme_type.0).ok()?;
    match text {
        "piff" => Some(Scheme::Cenc),
        _ => text.parse().ok(),
    }
}

/// Checks what a protected sample entry says.
pub fn check_entry(
    scheme_type: Option<FourCc>,
    tenc: Option<&ParsedProtection>,
    place: &Place,
    findings: &mut Findings,
) {
    match scheme_type {
        None => findings.error(
            "schm",
            place,
            "'sinf' has no 'schm': the scheme is not named",
        ),
        Some(unknown) if scheme_of(unknown).is_none() => {
            let message = format!("scheme '{unknown}' is none of cenc, cens, cbc1, cbcs");
            findings.error("schm", place, message);
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
    (scheme_type, tenc): (Option<FourCc>, Option<&ParsedProtection>),
    place: &Place,
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
            "the KID of a 'seig' group is nil: it names no key",
        );
    }
    if let Some(tenc) = tenc.filter(|tenc| tenc.pattern != seig.pattern) {
        let (seig, tenc) = (pattern(seig.pattern), pattern(tenc.pattern));
        let message = format!(
            "pattern {seig} of a 'seig' group differs from {tenc} of 'tenc'; Chromium refuses that"
        );
        findings.error("seig-pattern", place, message);
    }
}

/// Checks IV size, constant IV and pattern against the scheme.
fn check_protection(
    scheme_type: Option<FourCc>,
    found: &ParsedProtection,
    place: &Place,
    findings: &mut Findings,
) {
    if found.is_protected == 0 {
        return;
    }
    if !matches!(found.per_sample_iv_size, 0 | 8 | 16) {
        let message = format!("IV size {}: 0, 8 and 16 exist", found.per_sample_iv_size);
        return findings.error("iv-size", place, message);
    }
    if let Some(scheme) = scheme_type.and_then(scheme_of) {
        check_iv(scheme, found, place, findings);
        check_pattern(scheme, found.pattern, place, findings);
    }
}

fn check_iv(scheme: Scheme, found: &ParsedProtection, place: &Place, findings: &mut Findings) {
    let constant = found.constant_iv.as_deref().map(<[u8]>::len);
    let chained = scheme.cipher_mode() == CipherMode::Cbc;
    match (scheme, found.per_sample_iv_size, constant) {
        // With a nil KID it is a placeholder, and the groups have the IVs that count.
        (Scheme::Cbcs, 0, Some(_)) if found.kid.is_nil() => (),
        (Scheme::Cbcs, 0, Some(16)) => (),
        (Scheme::Cbcs, 0, Some(len)) => {
            findings.error(
                "iv-size",
                place,
                format!("constant IV of {len} bytes: cbcs takes 16"),
            );
        }
        (_, 0, None) => {
            findings.error(
                "constant-iv",
                place,
                "IV size 0, and no constant IV: there is no IV at all",
            );
        }
        (_, 0, Some(_)) => {
            let message = format!(
                "a constant IV is for cbcs, the scheme is {scheme}: IVs repeat under one key"
            );
            findings.error("constant-iv", place, message);
        }
        (_, 8, _) if chained => {
            findings.error(
                "iv-size",
                place,
                format!("IVs of 8 bytes: {scheme} takes 16"),
            );
        }
        (Scheme::Cbcs, _, _) => {
            findings.note(
                "constant-iv",
                place,
                "cbcs with an IV for each sample instead of a constant one",
            );
        }
        _ => (),
    }
}

fn check_pattern(scheme: Scheme, found: Pattern, place: &Place, findings: &mut Findings) {
    if found == Pattern::NONE {
        return;
    }
    if !scheme.has_pattern() {
        let message = format!("pattern {}: {scheme} has none", pattern(found));
        findings.error("pattern", place, message);
    } else if found.crypt_byte_block == 0 {
        let message = format!("pattern {}: nothing is encrypted", pattern(found));
        findings.error("pattern", place, message);
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
        let place = Place::track(1, "stsd");
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
        check_entry(None, None, &Place::track(1, "stsd"), &mut findings);
        assert_eq!(findings.into_vec().len(), 2);
    }
}
