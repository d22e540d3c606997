// SPDX-License-Identifier: MPL-2.0
//! The constant IV of `cbcs`. It follows from the key, so that packagers that agree on keys write fragments for each other's init
//! segments.

use cenc_types::{ContentKey, Iv, KeyId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Separates this use of the content key from all others. Packagers agree only while it stays the same.
const LABEL: &[u8] = b"gst-plugin-playready cbcs constant IV";

/// Returns the first 16 bytes of HMAC-SHA-256 under the content key, of [`LABEL`] and the KID in big-endian order.
pub(super) fn constant_iv(kid: KeyId, key: &ContentKey) -> Iv {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_bytes())
        .expect("HMAC takes keys of any length")
        .chain_update(LABEL)
        .chain_update(kid.as_bytes())
        .finalize()
        .into_bytes();
    mac.get(..16)
        .and_then(|iv| Iv::new(iv).ok())
        .expect("a MAC of 32 bytes begins with an IV of 16")
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    // python3: hmac.new(bytes(range(16)), b"gst-plugin-playready cbcs constant IV" + kid, "sha256").digest()[:16]
    #[test]
    fn constant_iv_is_that_of_another_implementation() {
        let key = ContentKey::from_bytes(Zeroizing::new(
            0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes(),
        ));
        let kid = KeyId::from_bytes(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes());
        assert_eq!(
            constant_iv(kid, &key).as_bytes(),
            [
                0xf4, 0xdb, 0x3a, 0xea, 0xbc, 0x68, 0x56, 0x3c, 0x00, 0x20, 0x23, 0xfb, 0x24, 0xf0,
                0xd8, 0x2d
            ]
        );
    }
}
