// SPDX-License-Identifier: MPL-2.0
//! MP4 in the clear goes in and comes out protected: pure bytes, no I/O. [`Decryptor`] and [`ProgressiveDecryptor`] go the other way.
//!
//! [`ProgressiveEncryptor`] takes a file whose `moov` places its samples, and reads it by way of a [`SeekableInput`]. All else here gives
//! fragmented MP4 (CMAF, DASH, ISO/IEC 14496-12 clause 8.8), out of such a stream or of a progressive one with `moov` in front:
//! [`Encryptor::push`] takes the stream in chunks of any size and gives [`Output`]s, whose bytes do not depend on the chunking.
//! Sample data stays in the chunks it came in and is encrypted there; only boxes are written anew. One `moof` with its
//! `mdat` is held until it is complete, since `senc` stands before the samples that it describes.

mod auxiliary;
mod chunk;
mod decrypt;
mod encryptor;
mod error;
mod form;
mod fragment;
mod fragmenting;
pub mod information;
mod init;
mod items;
mod moof;
mod payload;
mod piff;
mod plan;
mod progressive;
mod stream;
mod time;
mod workers;

pub use chunk::Chunk;
pub use decrypt::{DecryptionError, Decryptor, ProgressiveDecryptor, SampleFault};
pub use encryptor::Encryptor;
pub use error::{Error, SampleError};
pub use form::{MovieForm, RequiredForm};
pub use fragment::Totals;
pub use init::protect_init;
pub use progressive::{ProgressiveEncryptor, SeekableInput};
pub use stream::{Announcement, IndexMode, Output};
