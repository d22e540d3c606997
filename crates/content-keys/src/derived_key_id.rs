// SPDX-License-Identifier: MPL-2.0
//! KIDs that follow from a content, track and crypto period. Packagers propose them to key servers, and contents whose keys are derived
//! from a seed have them.

use cenc_types::{CipherMode, KeyId};
use sha1::{Digest, Sha1};

/// The namespace of these KIDs, for RFC 9562, 5.5 (UUID version 5).
const NAMESPACE: [u8; 16] = 0x2a6f3b0e_5d1c_4c57_9e0b_7f6d1b8a4c93_u128.to_be_bytes();

/// Returns the KID that follows from a content, track and crypto period. Equal arguments give the same KID, so that redundant
/// packagers agree and requests can be repeated. Counter and chaining mode have different KIDs, since no key may be used in both.
///
/// The KID is a version 5 UUID (RFC 9562) over content id, `ctr` or `cbc`, label, and the period's number or `-`, each preceded by
/// its length in 64 bits.
///
/// ```
/// use cenc_types::CipherMode;
/// use content_keys::key_id_for;
///
/// // The value of Python's uuid and hashlib.
/// assert_eq!(
///     key_id_for("film", CipherMode::Cbc, "SD+HD1", Some(7)).to_string(),
///     "8b53f935-a9e9-5018-acf2-7526afa686f5"
/// );
/// ```
pub fn key_id_for(content_id: &str, mode: CipherMode, label: &str, period: Option<u64>) -> KeyId {
    let mode = match mode {
        CipherMode::Ctr => "ctr",
        CipherMode::Cbc => "cbc",
    };
    let period = period.map_or_else(|| "-".to_owned(), |index| index.to_string());
    let mut hash = Sha1::new_with_prefix(NAMESPACE);
    for part in [content_id, mode, label, &period] {
        // The lengths keep different arguments from having the same text.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..]: [u8; 20] = hash.finalize().into();
    KeyId::from_bytes(
        uuid::Builder::from_sha1_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
            .into_uuid()
            .into_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_question_has_a_kid_of_its_own_and_always_the_same() {
        let kid = |content, mode, label, period| key_id_for(content, mode, label, period);
        let (ctr, cbc) = (CipherMode::Ctr, CipherMode::Cbc);
        let kids = [
            kid("a", ctr, "SD", None),
            kid("a", cbc, "SD", None),
            kid("a", ctr, "HD", None),
            kid("aS", ctr, "D", None),
            kid("a", ctr, "SD", Some(0)),
            kid("a", ctr, "SD", Some(1)),
        ];
        assert_eq!(HashSet::from(kids).len(), kids.len());
        assert_eq!(kids[0], kid("a", ctr, "SD", None));
        // RFC 9562, 4.1 and 4.2: version 5, variant 10.
        assert!(
            kids.iter()
                .all(|kid| kid.as_bytes()[6] >> 4 == 5 && kid.as_bytes()[8] >> 6 == 2)
        );
    }

    // The value is computed by Python's hashlib and uuid from the rule in the comment of key_id_for.
    #[test]
    fn kids_do_not_change_between_releases() {
        let kid = key_id_for("film", CipherMode::Cbc, "SD+HD1", Some(7));
        assert_eq!(kid.to_string(), "8b53f935-a9e9-5018-acf2-7526afa686f5");
    }
}
