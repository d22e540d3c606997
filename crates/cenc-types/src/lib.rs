// SPDX-License-Identifier: MPL-2.0
//! The vocabulary of Common Encryption (ISO/IEC 23001-7:2023) that key sources, DRM systems and packagers share.

mod error;
mod iv;
mod key;
mod pssh;
mod scheme;
mod subsample;
mod track;

pub use error::Error;
pub use iv::{Iv, IvSize};
pub use key::{ContentKey, KeyId, decode_hex, decode_secret};
pub use pssh::{PIFF_PSSH, Pssh};
pub use scheme::{CipherMode, Pattern, Scheme};
pub use subsample::{BLOCK, Subsample};
pub use track::{Media, Track};
