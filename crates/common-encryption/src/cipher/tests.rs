// SPDX-License-Identifier: MPL-2.0
//! Known answers from NIST SP 800-38A (F.2.1 and F.5.1), laid out by the schemes' rules; each sample in one slice, and
//! in slices of other lengths.

use super::*;
use cenc_types::decode_hex;

const KEY: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
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

/// Repeated lengths of slices: one slice, single bytes, and cuts at, before and after the ends of blocks.
const CUTS: [&[usize]; 7] = [
    &[usize::MAX],
    &[1],
    &[7],
    &[16],
    &[15, 17, 1],
    &[33],
    &[1, 0, 100],
];

/// Encrypts the sample in slices of all [`CUTS`], which must give the same result.
fn encrypt(
    scheme: Scheme,
    pattern: Pattern,
    iv: &str,
    sample: &[u8],
    map: &[(u16, u32)],
) -> Result<Vec<u8>, Error> {
    let cipher = SampleCipher::new(&ContentKey::parse(KEY).unwrap());
    let map: Vec<_> = map
        .iter()
        .map(|&(clear_bytes, protected_bytes)| Subsample {
            clear_bytes,
            protected_bytes,
        })
        .collect();
    let method = EncryptionMethod { scheme, pattern };
    let made = CUTS.map(|cut| encrypt_slices(&cipher, (method, iv), sample.to_vec(), (&map, cut)));
    let [first, others @ ..] = made;
    for (other, cut) in others.into_iter().zip(CUTS.get(1..).unwrap()) {
        assert_eq!(other, first, "slices of {cut:?}");
    }
    first
}

fn encrypt_slices(
    cipher: &SampleCipher,
    (method, iv): (EncryptionMethod, &str),
    mut sample: Vec<u8>,
    (subsamples, cut): (&[Subsample], &[usize]),
) -> Result<Vec<u8>, Error> {
    let mut rest = sample.as_mut_slice();
    let mut slices = Vec::new();
    let mut lens = cut.iter().cycle();
    while !rest.is_empty() {
        let len = *lens.next().unwrap();
        let (slice, remainder) = rest.split_at_mut(len.min(rest.len()));
        slices.push(slice);
        rest = remainder;
    }
    let clear = ClearSample {
        number: 0,
        iv: Iv::new(&hex(iv)).unwrap(),
        bytes: slices.as_mut_slice().into(),
        subsamples,
    };
    let encrypted = cipher.encrypt_all(method, &mut std::iter::once(clear));
    encrypted.map_err(|failed| failed.error)?;
    Ok(sample)
}

#[test]
fn whole_sample_is_plain_ctr_or_cbc() {
    let plain = hex(PLAIN);
    let none = Pattern::NONE;
    assert_eq!(
        encrypt(Scheme::Cenc, none, CTR_IV, &plain, &[]),
        Ok(hex(CTR))
    );
    assert_eq!(
        encrypt(Scheme::Cens, none, CTR_IV, &plain, &[]),
        Ok(hex(CTR))
    );
    assert_eq!(
        encrypt(Scheme::Cbc1, none, CBC_IV, &plain, &[]),
        Ok(hex(CBC))
    );
    assert_eq!(
        encrypt(Scheme::Cbcs, none, CBC_IV, &plain, &[]),
        Ok(hex(CBC))
    );
}

// 9.4.2 and 9.5: the key stream runs on, byte for byte; the chain runs on block by block.
#[test]
fn cenc_stream_and_cbc1_chain_run_on_over_clear_gaps() {
    let (plain, ctr, cbc) = (hex(PLAIN), hex(CTR), hex(CBC));
    let gap = |data: &[u8], at: usize| [b"abc", &data[..at], b"xyz", &data[at..]].concat();
    for at in [16u8, 21, 48] {
        let map = [(3, at.into()), (3, (64 - at).into())];
        let (plain, ctr) = (gap(&plain, at.into()), gap(&ctr, at.into()));
        let made = encrypt(Scheme::Cenc, Pattern::NONE, CTR_IV, &plain, &map);
        assert_eq!(made, Ok(ctr));
    }
    let made = encrypt(
        Scheme::Cbc1,
        Pattern::NONE,
        CBC_IV,
        &gap(&plain, 32),
        &[(3, 32), (3, 32)],
    );
    assert_eq!(made, Ok(gap(&cbc, 32)));
}

// 10.4.2: the constant IV starts every subsample anew.
#[test]
fn cbcs_restarts_at_each_subsample() {
    let first = hex(PLAIN)[..16].to_vec();
    let made = encrypt(
        Scheme::Cbcs,
        Pattern::ONE_IN_TEN,
        CBC_IV,
        &[first.clone(), first].concat(),
        &[(0, 16), (0, 16)],
    );
    assert_eq!(made.unwrap(), [&hex(CBC)[..16], &hex(CBC)[..16]].concat());
}

// 9.6: one block in ten; chain and counter run over the encrypted blocks only.
#[test]
fn pattern_skips_nine_blocks() {
    let spread = |blocks: &[u8]| [&blocks[..16], &[5; 144], &blocks[16..32], &[6; 40]].concat();
    let sample = spread(&hex(PLAIN));
    let map = [(0, 216)];
    let cbcs = encrypt(Scheme::Cbcs, Pattern::ONE_IN_TEN, CBC_IV, &sample, &map);
    assert_eq!(cbcs, Ok(spread(&hex(CBC))));
    let cens = encrypt(Scheme::Cens, Pattern::ONE_IN_TEN, CTR_IV, &sample, &map);
    assert_eq!(cens, Ok(spread(&hex(CTR))));
}

// Shaka Packager, Bento4 and Chromium agree: the whole blocks of an incomplete last run are encrypted.
#[test]
fn incomplete_last_run_is_encrypted_by_whole_blocks() {
    let pattern = Pattern {
        crypt_byte_block: 3,
        skip_byte_block: 1,
    };
    let sample = [&hex(PLAIN)[..32], b"partial"].concat();
    let made = encrypt(Scheme::Cbcs, pattern, CBC_IV, &sample, &[]);
    assert_eq!(made.unwrap(), [&hex(CBC)[..32], b"partial"].concat());
}

#[test]
fn partial_block_at_the_end_stays_clear_but_in_cenc() {
    let sample = &hex(PLAIN)[..23];
    for scheme in [Scheme::Cbc1, Scheme::Cbcs] {
        let made = encrypt(scheme, Pattern::NONE, CBC_IV, sample, &[]).unwrap();
        assert_eq!(made, [&hex(CBC)[..16], &sample[16..]].concat());
    }
    let cens = encrypt(Scheme::Cens, Pattern::NONE, CTR_IV, sample, &[]).unwrap();
    assert_eq!(cens, [&hex(CTR)[..16], &sample[16..]].concat());
    let cenc = encrypt(Scheme::Cenc, Pattern::NONE, CTR_IV, sample, &[]).unwrap();
    assert_eq!(cenc, &hex(CTR)[..23]);
}

// 9.3: an 8-byte IV is the upper half, and the block counter starts at zero.
#[test]
fn eight_byte_iv_counts_in_the_lower_half() {
    let short = encrypt(
        Scheme::Cenc,
        Pattern::NONE,
        "0102030405060708",
        &[0; 40],
        &[],
    );
    let long = "01020304050607080000000000000000";
    assert_eq!(
        short,
        encrypt(Scheme::Cenc, Pattern::NONE, long, &[0; 40], &[])
    );
}

#[test]
fn map_that_does_not_add_up_is_refused() {
    for map in [
        [(1, 62)].as_slice(),
        &[(1, 64)],
        &[(0, u32::MAX), (u16::MAX, 0)],
    ] {
        let made = encrypt(Scheme::Cenc, Pattern::NONE, CTR_IV, &hex(PLAIN), map);
        assert_eq!(made, Err(Error::MapMismatch));
    }
}

#[test]
fn pattern_that_skips_all_is_not_passed_off_as_protection() {
    let cipher = SampleCipher::new(&ContentKey::parse(KEY).unwrap());
    let pattern = Pattern {
        crypt_byte_block: 0,
        skip_byte_block: 9,
    };
    let method = EncryptionMethod {
        scheme: Scheme::Cens,
        pattern,
    };
    let iv = Iv::new(&hex(CTR_IV)).unwrap();
    let made = cipher.encrypt(method, &iv, &mut hex(PLAIN), &[]);
    assert_eq!(made, Err(Error::StillClear));
}
