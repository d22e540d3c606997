// SPDX-License-Identifier: MPL-2.0
//! MP4 in the clear goes in and comes out protected: pure bytes, no I/O. [`Decryptor`] and [`ProgressiveDecryptor`] go the other way.
//!
//! [`Progressive`] takes a file whose `moov` places its samples, and reads it by way of a [`Source`]. All else here is fragmented
//! MP4 (CMAF, DASH, ISO/IEC 14496-12 clause 8.8):
//! [`Encryptor::push`] takes the stream in chunks of any size and gives [`Output`]s, whose bytes do not depend on the chunking.
//! Sample data stays in the chunks it came in and is encrypted there; only boxes are written anew. One `moof` with its
//! `mdat` is held until it is complete, since `senc` stands before the samples that it describes.

mod auxiliary;
mod chunk;
mod decrypt;
mod encryptor;
mod error;
mod fragment;
mod held;
mod index;
mod init;
mod moof;
mod output;
mod payload;
mod piff;
mod progressive;
mod splitter;
mod stream;

pub use chunk::Chunk;
pub use decrypt::{DecryptionError, Decryptor, ProgressiveDecryptor, SampleFault};
pub use encryptor::{Encryptor, IndexMode};
pub use error::{Error, SampleError};
pub use fragment::Totals;
pub use init::{InitProtection, Protector, TrackProtection, protect_init};
pub use output::Output;
pub use progressive::{Progressive, Source};
