// SPDX-License-Identifier: MPL-2.0
//! ISO base media file format, ISO/IEC 14496-12:2022: bytes and boxes. It knows no encryption and sets no policy.
//!
//! A box that is read has a file of its own, named by its four-character code.

mod ctts;
mod error;
mod fourcc;
mod hdlr;
mod header;
mod mdhd;
mod mfra;
mod mvhd;
mod reader;
mod saio;
mod saiz;
mod sbgp;
mod sgpd;
mod sidx;
mod sinf;
mod stco;
mod stsc;
mod stsd;
mod stss;
mod stsz;
mod stts;
mod stz2;
mod tfdt;
mod tfhd;
mod tkhd;
mod tree;
mod trex;
mod trun;

pub use ctts::{CompositionOffsets, ctts};
pub use error::Error;
pub use fourcc::FourCc;
pub use hdlr::handler_type;
pub use header::BoxHeader;
pub use mdhd::timescale;
pub use mfra::{map_tfra, mfro};
pub use mvhd::movie_duration;
pub use reader::Reader;
pub use saio::{Saio, saio};
pub use saiz::{MAX_SAMPLE_INFO_SIZE, Saiz, saiz};
pub use sbgp::{GroupDescription, GroupRun, Sbgp, sbgp_of_fragment};
pub use sgpd::{Sgpd, sgpd};
pub use sidx::Sidx;
pub use sinf::{Sinf, sinf};
pub use stco::{ChunkOffsets, chunk_offsets};
pub use stsc::{ChunkRun, stsc};
pub use stsd::{SampleEntry, stsd};
pub use stss::stss;
pub use stsz::Stsz;
pub use stts::{SampleRun, stts};
pub use stz2::stz2;
pub use tfdt::base_media_decode_time;
pub use tfhd::Tfhd;
pub use tkhd::Tkhd;
pub use tree::{BoxTree, Content};
pub use trex::Trex;
pub use trun::Trun;
