// SPDX-License-Identifier: MPL-2.0
//! The ciphers alone, compared with OpenSSL's EVP and with the crate `ctr`: `cargo bench -p common-encryption`.

#![expect(clippy::unwrap_used, reason = "a benchmark")]
#![expect(clippy::indexing_slicing, reason = "of its own buffers")]

use aes::Aes128Enc;
use cenc_types::{ContentKey, Iv, Pattern, Scheme};
use cipher::{InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use common_encryption::{ClearSample, EncryptionMethod, SampleCipher};
use ctr::Ctr64BE;
use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use test_support::measure::{Variant, compare};
use zeroize::Zeroizing;

const KEY: [u8; 16] = [0x3a; 16];
const IV: [u8; 16] = [0x51; 16];
const BLOCK: usize = 16;

/// The sample sizes of two seconds at 8 Mb/s: 4 to 200 kB, the longest first as in a group of pictures.
fn video() -> Vec<usize> {
    let samples = (0..60u32).map(|index| 200_000 / (1 + index.pow(2) % 47) as usize);
    samples.map(|len| len.max(4000)).collect()
}

fn main() {
    for len in [200, 400, 1024, 8192, 65_536, 1 << 20] {
        samples(
            &format!("{len} bytes"),
            &vec![len; (1usize << 18).div_ceil(len)],
            Scheme::Cenc,
            Pattern::NONE,
        );
    }
    for (name, sizes) in [("video", video()), ("audio", vec![400; 90])] {
        samples(name, &sizes, Scheme::Cbc1, Pattern::NONE);
        samples(name, &sizes, Scheme::Cbcs, Pattern::ONE_IN_TEN);
        samples(name, &sizes, Scheme::Cens, Pattern::ONE_IN_TEN);
    }
}

/// Times whole samples, with a new IV for each.
fn samples(name: &str, sizes: &[usize], scheme: Scheme, pattern: Pattern) {
    let total = sizes.iter().sum();
    let data = || vec![1u8; total];
    let (mut evp_data, mut crate_data, mut own_data) = (data(), data(), data());
    let mut evp = Evp::new(scheme, pattern);
    let key = Aes128Enc::new(&KEY.into());
    let own = SampleCipher::new(&ContentKey::from_bytes(Zeroizing::new(KEY)));
    let method = EncryptionMethod { scheme, pattern };
    let mut variants = vec![Variant::new("OpenSSL EVP", || {
        split(&mut evp_data, sizes).for_each(|sample| evp.encrypt(sample));
    })];
    variants.push(Variant::new("ours", || {
        let mut samples = split(&mut own_data, sizes).map(|bytes| ClearSample {
            number: 0,
            iv: Iv::new(&IV).unwrap(),
            bytes: bytes.into(),
            subsamples: &[],
        });
        own.encrypt_all(method, &mut samples).unwrap();
    }));
    if scheme == Scheme::Cenc {
        variants.push(Variant::new("ctr crate", || {
            for sample in split(&mut crate_data, sizes) {
                let core = InnerIvInit::inner_iv_init(&key, &IV.into());
                let mut stream: Ctr64BE<&Aes128Enc> = StreamCipherCoreWrapper::from_core(core);
                stream.apply_keystream(sample);
            }
        }));
    }
    compare(&format!("{scheme:?} {name}"), total, variants);
}

fn split<'d>(mut data: &'d mut [u8], sizes: &[usize]) -> impl Iterator<Item = &'d mut [u8]> {
    sizes.iter().map(move |&len| {
        let (sample, rest) = std::mem::take(&mut data).split_at_mut(len);
        data = rest;
        sample
    })
}

fn cipher_block(scheme: Scheme) -> usize {
    match scheme {
        Scheme::Cenc | Scheme::Cens => 1,
        Scheme::Cbc1 | Scheme::Cbcs => BLOCK,
    }
}

/// OpenSSL in its usual form: one context, a new IV for each sample, and the blocks of a pattern gathered.
struct Evp {
    context: CipherCtx,
    unit: Option<usize>,
    gathered: Vec<u8>,
    out: Vec<u8>,
    granularity: usize,
}

impl Evp {
    fn new(scheme: Scheme, pattern: Pattern) -> Self {
        let mut context = CipherCtx::new().unwrap();
        let cipher = match scheme {
            Scheme::Cenc | Scheme::Cens => Cipher::aes_128_ctr(),
            Scheme::Cbc1 | Scheme::Cbcs => Cipher::aes_128_cbc(),
        };
        context
            .encrypt_init(Some(cipher), Some(&KEY), Some(&IV))
            .unwrap();
        context.set_padding(false);
        let skip = usize::from(pattern.skip_byte_block);
        Self {
            context,
            unit: (skip > 0).then_some((1 + skip) * BLOCK),
            gathered: Vec::new(),
            out: Vec::new(),
            granularity: cipher_block(scheme),
        }
    }

    fn encrypt(&mut self, sample: &mut [u8]) {
        self.context.encrypt_init(None, None, Some(&IV)).unwrap();
        let Some(unit) = self.unit else {
            let whole = sample.len() - sample.len() % self.granularity;
            self.out.resize(sample.len() + BLOCK, 0);
            let out = Some(self.out.as_mut_slice());
            self.context.cipher_update(&sample[..whole], out).unwrap();
            return;
        };
        self.gathered.clear();
        for block in sample.chunks(unit).filter_map(|unit| unit.get(..BLOCK)) {
            self.gathered.extend_from_slice(block);
        }
        let len = self.gathered.len();
        self.gathered.resize(len + BLOCK, 0);
        let encrypted = self.context.cipher_update_inplace(&mut self.gathered, len);
        encrypted.unwrap();
        let blocks = sample
            .chunks_mut(unit)
            .filter_map(|unit| unit.get_mut(..BLOCK));
        for (block, made) in blocks.zip(self.gathered.chunks(BLOCK)) {
            block.copy_from_slice(made);
        }
    }
}
