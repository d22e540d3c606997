// SPDX-License-Identifier: MPL-2.0
//! Boxes of the ISO base media file format, ISO/IEC 14496-12:2022, without encryption and without policy.
//!
//! ```
//! use isobmff_boxes::{BoxTree, FourCc, Trun};
//!
//! // A `traf` with a run of two samples.
//! let traf = BoxTree::parse(
//!     b"\0\0\0\x24traf\0\0\0\x1ctrun\0\0\x02\x01\0\0\0\x02\0\0\0\x70\0\0\x01\0\0\0\0\x40",
//! )?;
//! let run = Trun::read(traf.child(FourCc::TRUN)?.reader())?;
//! assert_eq!(run.data_offset, Some(0x70));
//! assert_eq!(run.sizes().collect::<Vec<_>>(), [256, 64]);
//! # Ok::<(), isobmff_boxes::Error>(())
//! ```
//!
//! Each box that is read has a file of its own, named by its four-character code.

mod colr;
mod csgp;
mod ctts;
mod elng;
mod elst;
mod emsg;
mod entry_children;
mod error;
mod esds;
mod fourcc;
mod hdlr;
mod header;
mod kind;
mod mdhd;
mod mfra;
mod mvhd;
mod pasp;
mod reader;
mod saio;
mod saiz;
mod sbgp;
mod sgpd;
mod sidx;
mod sinf;
mod sound;
mod stco;
mod stsc;
mod stsd;
mod stss;
mod stsz;
mod stts;
mod stz2;
mod text;
mod tfdt;
mod tfhd;
mod tkhd;
mod tree;
mod trex;
mod trun;

pub use colr::CodedColours;
pub use csgp::{Csgp, GroupPattern};
pub use ctts::{CompositionOffsets, read_ctts};
pub use elng::read_extended_language;
pub use elst::{Edit, build_edts, read_edits};
pub use emsg::{Emsg, EmsgStart};
pub use entry_children::EntryLayout;
pub use error::Error;
pub use esds::Esds;
pub use fourcc::FourCc;
pub use hdlr::{read_handler_name, read_handler_type};
pub use header::{BoxHeader, FullBoxHeader};
pub use kind::TrackKind;
pub use mdhd::{read_language, read_timescale};
pub use mfra::{build_mfro, map_tfra};
pub use mvhd::{read_movie_duration, read_movie_timescale};
pub use pasp::PixelAspect;
pub use reader::{ChildBox, Reader};
pub use saio::{Saio, build_saio, map_saio};
pub use saiz::{AuxInfoType, MAX_SAMPLE_INFO_SIZE, Saiz, build_saiz};
pub use sbgp::{GroupDescription, GroupRun, Sbgp, build_fragment_sbgp};
pub use sgpd::{Sgpd, build_sgpd};
pub use sidx::{Sidx, SidxReference, build_sidx, sidx_size};
pub use sinf::{Schm, Sinf, build_sinf};
pub use sound::SoundSize;
pub use stco::{ChunkOffsets, build_chunk_offsets};
pub use stsc::{ChunkRun, read_stsc};
pub use stsd::{SampleEntry, VisualSize, build_stsd};
pub use stss::read_stss;
pub use stsz::Stsz;
pub use stts::{SampleRun, read_stts};
pub use stz2::read_stz2;
pub use tfdt::read_base_media_decode_time;
pub use tfhd::Tfhd;
pub use tkhd::{Tkhd, TrackPresentation};
pub use tree::{BoxContent, BoxTree};
pub use trex::Trex;
pub use trun::{NON_SYNC_SAMPLE, RunSample, Trun};
