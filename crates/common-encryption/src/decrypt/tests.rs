// SPDX-License-Identifier: MPL-2.0
//! Known answers from NIST SP 800-38A (F.2.2 and F.5.2), laid out by the schemes' rules.

use super::*;
use cenc_types::decode_hex;

const KEY: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const CLEAR: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                     30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
const CBC_IV: &str = "000102030405060708090a0b0c0d0e0f";
const CBC: &str = "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
                   73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7";
const CTR_IV: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
const CTR: &str = "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff\
                   5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee";

fn hex(text: &str) -> Vec<u8> {
    decode_hex(text).unwrap().to_vec()
}

fn decrypt(
    (scheme, pattern): (Scheme, Pattern),
    iv: &str,
    sample: &[u8],
    map: &[(u16, u32)],
) -> Result<Vec<u8>, Error> {
    let map = map.iter();
    let map: Vec<_> = map
        .map(|&(clear_bytes, protected_bytes)| Subsample {
            clear_bytes,
            protected_bytes,
        })
        .collect();
    let mut sample = sample.to_vec();
    let iv = Iv::new(&hex(iv)).unwrap();
    let decryptor = SampleDecryptor::new(&ContentKey::parse(KEY).unwrap());
    decryptor.decrypt(EncryptionMethod { scheme, pattern }, &iv, &mut sample, &map)?;
    Ok(sample)
}

#[test]
fn whole_sample_is_plain_ctr_or_cbc() {
    for (scheme, iv, protected) in [
        (Scheme::Cenc, CTR_IV, CTR),
        (Scheme::Cens, CTR_IV, CTR),
        (Scheme::Cbc1, CBC_IV, CBC),
        (Scheme::Cbcs, CBC_IV, CBC),
    ] {
        let clear = decrypt((scheme, Pattern::NONE), iv, &hex(protected), &[]);
        assert_eq!(clear, Ok(hex(CLEAR)), "{scheme}");
    }
}

// 9.4.3, 9.5: a partial last block is encrypted by cenc and clear in the other schemes.
#[test]
fn partial_block_is_encrypted_by_cenc_alone() {
    for (scheme, iv, protected) in [
        (Scheme::Cenc, CTR_IV, [&hex(CTR)[..], b""].concat()),
        (Scheme::Cens, CTR_IV, [&hex(CTR)[..48], b"tail"].concat()),
        (Scheme::Cbc1, CBC_IV, [&hex(CBC)[..48], b"tail"].concat()),
        (Scheme::Cbcs, CBC_IV, [&hex(CBC)[..48], b"tail"].concat()),
    ] {
        let protected = &protected[..52];
        let clear = decrypt((scheme, Pattern::NONE), iv, protected, &[]).unwrap();
        assert_eq!(clear[..48], hex(CLEAR)[..48], "{scheme}");
        match scheme {
            Scheme::Cenc => assert_eq!(clear[48..], hex(CLEAR)[48..52]),
            _ => assert_eq!(&clear[48..], b"tail", "{scheme}"),
        }
    }
}

#[test]
fn cenc_stream_and_cbc1_chain_run_on_over_clear_gaps() {
    let gap = |data: &[u8], at: usize| [b"abc", &data[..at], b"xyz", &data[at..]].concat();
    for at in [16u8, 21, 48] {
        let map = [(3, at.into()), (3, (64 - at).into())];
        let cenc = (Scheme::Cenc, Pattern::NONE);
        let clear = decrypt(cenc, CTR_IV, &gap(&hex(CTR), at.into()), &map);
        assert_eq!(clear, Ok(gap(&hex(CLEAR), at.into())));
    }
    let cbc1 = (Scheme::Cbc1, Pattern::NONE);
    let clear = decrypt(cbc1, CBC_IV, &gap(&hex(CBC), 32), &[(3, 32), (3, 32)]);
    assert_eq!(clear, Ok(gap(&hex(CLEAR), 32)));
}

#[test]
fn cbcs_starts_anew_at_each_subsample() {
    let first = &hex(CBC)[..16];
    let cbcs = (Scheme::Cbcs, Pattern::ONE_IN_TEN);
    let clear = decrypt(cbcs, CBC_IV, &[first, first].concat(), &[(0, 16), (0, 16)]);
    let first = &hex(CLEAR)[..16];
    assert_eq!(clear, Ok([first, first].concat()));
}

// 9.6: counter and chain run over the encrypted blocks only; an incomplete last run counts by whole blocks.
#[test]
fn pattern_skips_blocks() {
    let spread = |blocks: &[u8]| [&blocks[..16], &[5; 144], &blocks[16..32], &[6; 40]].concat();
    let three = |blocks: &[u8]| [&blocks[..48], &[5; 16], &blocks[48..64], b"partial"].concat();
    for (scheme, iv, protected) in [(Scheme::Cens, CTR_IV, CTR), (Scheme::Cbcs, CBC_IV, CBC)] {
        let one_in_ten = (scheme, Pattern::ONE_IN_TEN);
        let clear = decrypt(one_in_ten, iv, &spread(&hex(protected)), &[(0, 216)]);
        assert_eq!(clear, Ok(spread(&hex(CLEAR))), "{scheme}");
        let pattern = Pattern {
            crypt_byte_block: 3,
            skip_byte_block: 1,
        };
        let clear = decrypt((scheme, pattern), iv, &three(&hex(protected)), &[]);
        assert_eq!(clear, Ok(three(&hex(CLEAR))), "{scheme}");
    }
}

// 9.3: the counter wraps without carry into the upper half. AES of the block ff…ff followed by that of ff…ff00…00, by openssl.
#[test]
fn counter_wraps_within_its_eight_bytes() {
    let cenc = (Scheme::Cenc, Pattern::NONE);
    let stream = decrypt(cenc, "ffffffffffffffffffffffffffffffff", &[0; 32], &[]).unwrap();
    let second = decrypt(cenc, "ffffffffffffffff", &[0; 16], &[]).unwrap();
    assert_eq!(stream[..16], hex("8af2860142f786f409307c1a3f7eaaac"));
    assert_eq!(stream[16..], hex("3baa134a129af2fc49a4c0fbb7f8c838"));
    assert_eq!(stream[16..], second);
}

#[test]
fn maps_that_do_not_fit_and_short_ivs_are_refused() {
    let cbcs = (Scheme::Cbcs, Pattern::NONE);
    for map in [[(0, 31)].as_slice(), &[(1, 32)], &[(0, u32::MAX), (9, 9)]] {
        let made = decrypt(cbcs, CBC_IV, &[0; 32], map);
        assert_eq!(made, Err(Error::MapMismatch), "{map:?}");
    }
    let made = decrypt(cbcs, "0001020304050607", &[0; 32], &[]);
    assert_eq!(made, Err(Error::BadIvSize));
}
