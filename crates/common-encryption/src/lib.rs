// SPDX-License-Identifier: MPL-2.0
//! Common Encryption, ISO/IEC 23001-7:2023: the ciphers of the four schemes, IVs, subsamples, and the boxes `senc`, `tenc` and `seig`.
//!
//! ```
//! use cenc_types::{ContentKey, Iv, Pattern, Scheme, Subsample, decode_hex};
//! use common_encryption::{EncryptionMethod, SampleCipher, SampleDecryptor};
//!
//! // The first two blocks of NIST SP 800-38A, F.5.1.
//! let key = ContentKey::parse("2b7e151628aed2a6abf7158809cf4f3c")?;
//! let iv = Iv::new(&decode_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").unwrap())?;
//! let clear = decode_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51").unwrap();
//! let encrypted = decode_hex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff").unwrap();
//!
//! // A sample of two slices, each with a clear header of five bytes.
//! let sample_of = |slices: &[u8]| [b"head1", &slices[..16], b"head2", &slices[16..]].concat();
//! let subsamples = [Subsample { clear_bytes: 5, protected_bytes: 16 }; 2];
//! let method = EncryptionMethod { scheme: Scheme::Cenc, pattern: Pattern::NONE };
//!
//! let mut sample = sample_of(&clear);
//! SampleCipher::new(&key).encrypt(method, &iv, &mut sample, &subsamples)?;
//! assert_eq!(sample, sample_of(&encrypted));
//!
//! SampleDecryptor::new(&key).decrypt(method, &iv, &mut sample, &subsamples)?;
//! assert_eq!(sample, sample_of(&clear));
//! # Ok::<(), common_encryption::Error>(())
//! ```
//!
//! | scheme | cipher      | pattern       | IV                               |
//! |--------|-------------|---------------|----------------------------------|
//! | `cenc` | AES-128-CTR | none          | per sample, 8 or 16 bytes        |
//! | `cens` | AES-128-CTR | 1:9 for video | per sample, 8 or 16 bytes        |
//! | `cbc1` | AES-128-CBC | none          | per sample, 16 bytes             |
//! | `cbcs` | AES-128-CBC | 1:9 for video | one constant IV of 16 bytes      |

mod cipher;
mod decrypt;
mod error;
mod iv_source;
mod known_keys;
mod map_check;
mod observed;
mod parsed_protection;
pub mod piff;
mod protector;
mod sample;
mod sample_key;
mod sample_slices;
mod seig;
mod senc;
mod subsample;
mod tenc;

pub use cipher::{ClearSample, EncryptionMethod, FailedSample, SampleCipher};
pub use decrypt::SampleDecryptor;
pub use error::Error;
pub use iv_source::{AscendingIvs, IvSource};
pub use known_keys::{KeyLookup, KnownKeys, MissingKey};
pub use observed::{ObservedProtector, ProtectionObserver};
pub use parsed_protection::ParsedProtection;
pub use piff::BoxFlavor;
pub use protector::{
    EventMessage, EventStart, FragmentProtection, FragmentRule, FragmentTime, InitProtection,
    Protector, TrackProtection,
};
pub use sample::{ProtectedSample, SampleError, SampleProtector};
pub use sample_key::SampleKey;
pub use sample_slices::SampleSlices;
pub use seig::{SEIG, clear_seig};
pub use senc::{ParsedSenc, SampleInformation, SencBuilder};
pub use subsample::{SampleRanges, map_subsamples};
pub use tenc::{Tenc, TrackIv};
