// SPDX-License-Identifier: MPL-2.0
//! CHECKSUM of a PlayReady Header, by which a client checks that its key belongs to the KID.
//!
//! AESCBC has no checksum.

use cipher::{BlockCipherEncrypt, KeyInit};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use cenc_types::{ContentKey, KeyId};

use super::{Error, guid};

/// The number of SHA-1 rounds in a COCKTAIL checksum.
const COCKTAIL_ROUNDS: usize = 5;

/// Returns the checksum for AESCTR: the first 8 bytes of the KID in GUID order, encrypted by AES-128-ECB with the content key.
pub fn aes_ctr(kid: &KeyId, key: &ContentKey) -> [u8; 8] {
    let mut block = guid::to_guid_bytes(kid).into();
    aes::Aes128::new(key.as_bytes().into()).encrypt_block(&mut block);
    let [a, b, c, d, e, f, g, h, ..]: [u8; 16] = block.into();
    [a, b, c, d, e, f, g, h]
}

/// Returns the checksum for COCKTAIL: the first 7 bytes of five rounds of SHA-1 over the key, padded with zeros to 21 bytes. It does
/// not depend on the KID.
///
/// # Errors
/// [`Error::LongCocktailKey`] if the key is longer than 21 bytes; real keys have 7.
pub fn cocktail(key: &[u8]) -> Result<[u8; 7], Error> {
    let mut filled = Zeroizing::new([0; 21]);
    filled
        .get_mut(..key.len())
        .ok_or(Error::LongCocktailKey { len: key.len() })?
        .copy_from_slice(key);
    let mut digest = Sha1::digest(filled.as_slice());
    for _ in 1..COCKTAIL_ROUNDS {
        digest = Sha1::digest(digest);
    }
    let [a, b, c, d, e, f, g, ..]: [u8; 20] = digest.into();
    Ok([a, b, c, d, e, f, g])
}

#[cfg(test)]
mod tests {
    use super::*;

    // PlayReady Header specification, example of version 4.0; the key comes from the public test key seed.
    #[test]
    fn aes_ctr_checksum_is_that_of_the_specification() {
        let kid = "09e091ab-f838-41d2-9e35-58531fd19ec7".parse().unwrap();
        let key = ContentKey::parse("nLBhFktwE+rvzH1tGEJMLA==").unwrap();
        assert_eq!(
            aes_ctr(&kid, &key),
            [0xc3, 0xe3, 0x99, 0x56, 0xbf, 0x2f, 0xce, 0xb4]
        );
    }

    // No published value exists; the literal reading of the text, which other implementations share.
    #[test]
    fn cocktail_checksum_takes_five_rounds() {
        let checksum = cocktail(&[1, 2, 3, 4, 5, 6, 7]).unwrap();
        assert_eq!(checksum, [0x5d, 0x0a, 0x77, 0x55, 0xd6, 0x5a, 0x6b]);
    }

    #[test]
    fn cocktail_key_over_the_buffer_is_refused() {
        assert!(cocktail(&[1; 21]).is_ok());
        assert_eq!(cocktail(&[1; 22]), Err(Error::LongCocktailKey { len: 22 }));
    }
}
