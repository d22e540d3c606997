// SPDX-License-Identifier: MPL-2.0
//! Encrypts and decrypts MP4 by Common Encryption (ISO/IEC 23001-7) and PIFF 1.1, without I/O.
//!
//! - [`Encryptor`] protects a stream: fragmented MP4 (CMAF, DASH, ISO/IEC 14496-12 clause 8.8), or a progressive file with `moov`
//!   in front, which is output in fragments.
//! - [`ProgressiveEncryptor`] protects a progressive file that is read through a [`SeekableInput`].
//! - [`Decryptor`] and [`ProgressiveDecryptor`] do the reverse.
//! - [`information`] reads how each sample is protected.
//!
//! [`Encryptor::push`] takes chunks of any size and returns [`Output`]s, whose bytes do not depend on the chunks. Samples are encrypted
//! in place, in the chunks of the input; only boxes are rewritten. A `moof` and its `mdat` are held until they are complete, since
//! `senc` is before the samples that it describes.

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
mod readback;
mod stream;
mod time;
mod warning;
mod workers;

pub use chunk::Chunk;
pub use decrypt::{DecryptionError, Decryptor, ProgressiveDecryptor, SampleFault};
pub use encryptor::Encryptor;
pub use error::{Error, SampleError};
pub use form::{MovieForm, RequiredForm};
pub use fragment::Totals;
pub use init::protect_init;
pub use progressive::{ProgressiveEncryptor, SeekableInput};
pub use stream::{Announcement, IndexMode, OtherFormat, Output};
pub use warning::Warning;
