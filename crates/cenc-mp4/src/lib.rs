// SPDX-License-Identifier: MPL-2.0
//! Encrypts and decrypts MP4 by Common Encryption (ISO/IEC 23001-7) and PIFF 1.1, without I/O.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bytes::BytesMut;
//! use cenc_mp4::{Encryptor, IndexMode, Output};
//! use cenc_types::{ContentKey, Iv, Pattern, Scheme, Track};
//! use common_encryption::{EncryptionMethod, InitProtection, IvSource, Protector, SampleKey, TrackProtection};
//!
//! /// Protects every track in the same way.
//! struct OneKey(TrackProtection);
//!
//! impl Protector for OneKey {
//!     fn protect(&mut self, tracks: &[Track]) -> Result<InitProtection, Box<dyn std::error::Error + Send + Sync>> {
//!         Ok(InitProtection {
//!             tracks: tracks.iter().map(|_| Some(self.0.clone())).collect(),
//!             ..InitProtection::default()
//!         })
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut one_key = OneKey(TrackProtection {
//!     key: Arc::new(SampleKey::new(
//!         "0c1d2e3f-4051-6273-8495-a6b7c8d9eafb".parse()?,
//!         &ContentKey::parse("00112233445566778899aabbccddeeff")?,
//!         Scheme::Cenc,
//!         IvSource::new(Scheme::Cenc, Iv::new(&[0, 1, 2, 3, 4, 5, 6, 7])?)?,
//!     )),
//!     method: EncryptionMethod { scheme: Scheme::Cenc, pattern: Pattern::NONE },
//!     root_kid: None,
//! });
//! let fragmented_mp4 = BytesMut::from(&include_bytes!("../../../fuzz/corpus/mp4/ffmpeg-av")[..]);
//!
//! let (mut encryptor, mut outputs) = (Encryptor::new(IndexMode::Hold), Vec::new());
//! encryptor.push(fragmented_mp4, &mut one_key, &mut outputs)?;
//! encryptor.finish(&mut one_key, &mut outputs)?;
//!
//! let mut protected = Vec::new();
//! for output in outputs {
//!     match output {
//!         Output::Boxes { bytes, .. } => protected.extend(bytes),
//!         Output::Media(bytes) => protected.extend(bytes),
//!         Output::Patch { .. } => return Err("only IndexMode::Patch gives patches".into()),
//!     }
//! }
//! assert!(protected.windows(4).any(|name| name == b"encv"));
//! # Ok(())
//! # }
//! ```
//!
//! - [`Encryptor`] protects a stream: fragmented MP4 (CMAF, DASH, ISO/IEC 14496-12 clause 8.8), or a progressive file with `moov`
//!   in front, which is output in fragments.
//! - [`ProgressiveEncryptor`] protects a progressive file that is read through a [`SeekableInput`].
//! - [`Decryptor`] and [`ProgressiveDecryptor`] do the reverse.
//! - [`information`] reads how each sample is protected.
//! - [`description`] reads what manifests state about a track.
//! - [`cutting`] cuts files into segments, [`segmenting`] cuts the output of muxers while it grows.
//!
//! [`Encryptor::push`] takes chunks of any size and returns [`Output`]s, whose bytes do not depend on the chunks. Samples are encrypted
//! in place, in the chunks of the input; only boxes are rewritten. A `moof` and its `mdat` are held until they are complete, since
//! `senc` is before the samples that it describes.

mod auxiliary;
mod chunk;
pub mod cutting;
mod decrypt;
pub mod description;
mod encryptor;
mod error;
mod form;
mod fragment;
mod fragmenting;
mod frame_rate;
pub mod information;
mod init;
mod items;
mod media_start;
#[cfg(test)]
mod memory;
mod moof;
mod payload;
mod piff;
mod plan;
mod progressive;
mod readback;
pub mod segmenting;
mod stream;
mod time;
mod warning;
mod workers;
mod written;
mod written_information;

pub use chunk::Chunk;
pub use decrypt::{DecryptionError, Decryptor, ProgressiveDecryptor, SampleFault};
pub use encryptor::Encryptor;
pub use error::{Error, SampleError};
pub use form::{MovieForm, RequiredForm};
pub use fragment::Totals;
pub use progressive::{LateMoov, ProgressiveEncryptor, SeekableInput};
pub use stream::{Announcement, IndexMode, OtherFormat, Output};
pub use warning::Warning;
