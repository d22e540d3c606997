// SPDX-License-Identifier: MPL-2.0
//! AV1: the AV1 Bitstream & Decoding Process Specification 1.0.0 with Errata 1, and AV1 Codec ISO Media File Format
//! Binding 1.2, clause 4. The protectable bytes are those of decode_tile(), one range per tile.

mod config;
mod film_grain;
mod filters;
mod frame;
mod frame_size;
mod global_motion;
pub(super) mod obu;
mod quantization;
mod references;
mod sequence;
mod tile_group;
mod tile_info;

use std::ops::Range;

use super::raw_bits::RawBitReader;
use super::{Error, ProtectableRange, SampleBytes};
use crate::configuration::StreamColours;
use frame::{FrameHeader, ParsedFrameHeader};
use obu::{Obu, Obus};
use references::ReferenceFrames;
use sequence::SequenceHeader;

pub(super) use config::config_obus;

/// Returns the colours that the sequence header among `config_obus` describes; None if it does not, or cannot be read.
pub(super) fn described_colours(mut config_obus: &[u8]) -> Option<StreamColours> {
    let mut obus = Obus::new(&mut config_obus);
    while let Some(obu) = obus.next().ok()? {
        if obu.obu_type == obu::SEQUENCE_HEADER {
            let parse = SequenceHeader::parse;
            let color = obus.sample.read_head(obu.payload, parse).ok()?.color;
            let [primaries, transfer, matrix] = color.description?;
            return Some(StreamColours {
                primaries,
                transfer,
                matrix,
                is_full_range: color.is_full_range,
            });
        }
    }
    None
}

/// The reader of one AV1 track.
#[derive(Debug, Clone)]
pub(super) struct Av1 {
    sequence: Option<SequenceHeader>,
    references: ReferenceFrames,
}

/// A frame whose header is read and whose last tile is not: SeenFrameHeader is 1.
#[derive(Debug)]
struct OpenFrame {
    header: FrameHeader,
    next_tile: u32,
}

impl Av1 {
    /// Creates a reader with the sequence header of an `av1C` payload, if there is one.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut av1 = Self {
            sequence: None,
            references: ReferenceFrames::default(),
        };
        let mut config_obus = config::config_obus(config)?;
        let mut obus = Obus::new(&mut config_obus);
        while let Some(obu) = obus.next()? {
            if obu.obu_type == obu::SEQUENCE_HEADER {
                av1.sequence = Some(obus.sample.read_head(obu.payload, SequenceHeader::parse)?);
            }
        }
        Ok(av1)
    }

    /// See [`Codec::protectable_ranges`](super::Codec::protectable_ranges).
    pub(super) fn protectable_ranges(
        &mut self,
        sample: &mut dyn SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let mut open = None;
        let mut obus = Obus::new(sample);
        while let Some(obu) = obus.next()? {
            self.read(&obu, obus.sample, &mut open, ranges)?;
        }
        match open {
            Some(_) => Err(Error::Truncated {
                structure: "frame, whose last tiles are not in its sample",
            }),
            None => Ok(()),
        }
    }

    /// Reads one OBU.
    fn read(
        &mut self,
        obu: &Obu,
        sample: &mut dyn SampleBytes,
        open: &mut Option<OpenFrame>,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let payload = obu.payload.clone();
        match obu.obu_type {
            obu::SEQUENCE_HEADER => {
                self.sequence = Some(sample.read_head(payload, SequenceHeader::parse)?);
            }
            obu::TEMPORAL_DELIMITER => *open = None,
            // A second header of the same frame is a copy of the first.
            obu::FRAME_HEADER | obu::REDUNDANT_FRAME_HEADER => {
                if open.is_none() {
                    self.open(obu, sample, open)?;
                }
            }
            obu::FRAME => {
                let start = payload.start + self.open(obu, sample, open)?;
                self.read_tiles(sample, start..payload.end, open, ranges)?;
            }
            obu::TILE_GROUP => self.read_tiles(sample, payload, open, ranges)?,
            obu::METADATA | obu::PADDING => {}
            obu::TILE_LIST => {
                return Err(Error::UnsupportedFeature {
                    feature: "large scale tiles (tile list OBUs)",
                });
            }
            _ => {
                return Err(Error::UnsupportedFeature {
                    feature: "reserved OBU types (0 and 9 to 14)",
                });
            }
        }
        Ok(())
    }

    /// Reads a frame header and returns its number of bytes. Reading it twice leaves the reference frames as reading it once.
    fn open(
        &mut self,
        obu: &Obu,
        sample: &mut dyn SampleBytes,
        open: &mut Option<OpenFrame>,
    ) -> Result<usize, Error> {
        let sequence = self.sequence.as_ref().ok_or(Error::Missing {
            what: "a sequence header",
        })?;
        if open.is_some() {
            return Err(Error::OutOfRange {
                structure: "temporal unit",
                element: "order of frame headers and tile groups",
            });
        }
        sample.read_head(obu.payload.clone(), |head| {
            let mut bits = RawBitReader::new(head, "AV1 frame header");
            match FrameHeader::read(&mut bits, sequence, &mut self.references, obu)? {
                ParsedFrameHeader::Coded(header) => {
                    *open = Some(OpenFrame {
                        header,
                        next_tile: 0,
                    });
                }
                ParsedFrameHeader::ShowExisting if obu.obu_type == obu::FRAME => {
                    return Err(bits.out_of_range("show_existing_frame"));
                }
                ParsedFrameHeader::ShowExisting => {}
            }
            Ok(bits.bytes_read())
        })
    }

    /// Reads a tile group and ends the frame after its last tile.
    fn read_tiles(
        &mut self,
        sample: &mut dyn SampleBytes,
        group: Range<usize>,
        open: &mut Option<OpenFrame>,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let frame = open.as_mut().ok_or(Error::Missing {
            what: "its frame header",
        })?;
        let tiles = &frame.header.tiles;
        frame.next_tile = tile_group::read(sample, group, tiles, frame.next_tile, ranges)?;
        if frame.next_tile == tiles.count() {
            self.references.refresh(&frame.header.stored);
            *open = None;
        }
        Ok(())
    }
}
