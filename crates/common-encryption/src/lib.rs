// SPDX-License-Identifier: MPL-2.0
//! Common Encryption, ISO/IEC 23001-7:2023: schemes, keys, IVs, subsamples, the ciphers and the boxes it defines.
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
pub use iv_source::IvSource;
pub use known_keys::{KnownKeys, MissingKey};
pub use parsed_protection::ParsedProtection;
pub use piff::BoxFlavor;
pub use protector::{
    FragmentProtection, FragmentRule, FragmentTime, InitProtection, Protector, TrackProtection,
};
pub use sample::{ProtectedSample, SampleError, SampleProtector};
pub use sample_key::SampleKey;
pub use sample_slices::SampleSlices;
pub use seig::{SEIG, clear_seig};
pub use senc::{ParsedSenc, SampleInformation, SencBuilder};
pub use subsample::map_subsamples;
pub use tenc::{Tenc, TrackIv};
