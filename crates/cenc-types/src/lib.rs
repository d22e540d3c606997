// SPDX-License-Identifier: MPL-2.0
//! The types of Common Encryption (ISO/IEC 23001-7:2023) that key sources, DRM systems and packagers share.
//!
//! ```
//! use cenc_types::{CipherMode, ContentKey, KeyId, Scheme};
//!
//! let kid: KeyId = "10000000100010001000100000000001".parse()?;
//! assert_eq!(kid.to_string(), "10000000-1000-1000-1000-100000000001");
//! let scheme: Scheme = "cbcs".parse()?;
//! assert_eq!(scheme.cipher_mode(), CipherMode::Cbc);
//!
//! // A content key in base64 and in hex.
//! let key = ContentKey::parse("W31bfVt9W31bfVt9W31bfQ==")?;
//! assert_eq!(key.as_bytes(), ContentKey::parse("5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d")?.as_bytes());
//! # Ok::<(), cenc_types::Error>(())
//! ```

mod error;
mod frame_rate;
mod iv;
mod key;
mod pssh;
mod scheme;
mod subsample;
mod track;

pub use error::Error;
pub use frame_rate::FrameRate;
pub use iv::{Iv, IvSize};
pub use key::{ContentKey, KeyId, decode_hex, decode_secret};
pub use pssh::{PIFF_PSSH, Pssh};
pub use scheme::{CipherMode, Pattern, Scheme};
pub use subsample::{BLOCK, Subsample};
pub use track::{Media, Track};
