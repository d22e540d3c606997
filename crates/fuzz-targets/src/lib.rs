// SPDX-License-Identifier: MPL-2.0
//! The bodies of the fuzz targets, which check properties that hold for any bytes. A panic is a finding. The tests replay the corpus
//! through the same functions.
//!
//! ```
//! // Any bytes may be passed.
//! fuzz_targets::bmff(b"\0\0\0\x08moov");
//! ```

mod bmff;
mod codec;
mod cpix;
mod cue;
mod cutting;
mod inspect;
mod key_files;
mod manifest;
mod mp4;
mod mp4_decrypt;
mod playready;
mod progressive;
mod speke_request;
mod text;

pub use self::bmff::bmff;
pub use self::codec::{codec_ac4, codec_av1, codec_avc, codec_hevc, codec_vp9, codec_vvc};
pub use self::cpix::cpix;
pub use self::cue::cue;
pub use self::cutting::cutting;
pub use self::inspect::inspect;
pub use self::key_files::{cpix_file, keys_file};
pub use self::manifest::manifest;
pub use self::mp4::mp4;
pub use self::mp4_decrypt::mp4_decrypt;
pub use self::playready::playready_object;
pub use self::progressive::progressive;
pub use self::speke_request::speke_request;
pub use self::text::text;
