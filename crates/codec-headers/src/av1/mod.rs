// SPDX-License-Identifier: MPL-2.0
//! AV1: the AV1 Bitstream & Decoding Process Specification 1.0.0 with Errata 1, and AV1 Codec ISO Media File Format
//! Binding 1.2, clause 4: what is protected are the bytes of decode_tile(), a range for each tile.

mod config;
mod film_grain;
mod filters;
mod frame;
mod frame_size;
mod global_motion;
mod obu;
mod quantization;
mod references;
mod sequence;
mod tile_group;
mod tile_info;

use std::ops::Range;

use super::plain::PlainBits;
use super::{Error, ProtectableRange, SampleBytes};
use frame::{FrameHeader, Header};
use obu::{Obu, Obus};
use references::References;
use sequence::Sequence;
use tile_info::TileInfo;

/// State of one AV1 track.
#[derive(Debug, Clone)]
pub(super) struct Av1 {
    sequence: Option<Sequence>,
    references: References,
}

/// A frame whose header has come and whose last tile has not: SeenFrameHeader is 1.
#[derive(Debug)]
struct Open {
    frame: FrameHeader,
    next_tile: u32,
}

impl Av1 {
    /// Takes the sequence header of an `av1C` payload, if there is one.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut av1 = Self {
            sequence: None,
            references: References::default(),
        };
        let mut config = config::config_obus(config)?;
        let mut obus = Obus::new(&mut config);
        while let Some(obu) = obus.next()? {
            if obu.obu_type == obu::SEQUENCE_HEADER {
                av1.sequence = Some(obus.sample.read_head(obu.payload, Sequence::parse)?);
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
            self.read((&obu, obus.sample), &mut open, ranges)?;
        }
        match open {
            Some(_) => Err(Error::Truncated {
                structure: "frame, whose tiles do not all come in its sample",
            }),
            None => Ok(()),
        }
    }

    fn read(
        &mut self,
        (obu, sample): (&Obu, &mut dyn SampleBytes),
        open: &mut Option<Open>,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let payload = obu.payload.clone();
        match obu.obu_type {
            obu::SEQUENCE_HEADER => {
                self.sequence = Some(sample.read_head(payload, Sequence::parse)?);
            }
            obu::TEMPORAL_DELIMITER => *open = None,
            // A second header of the same frame is a copy of the first.
            obu::FRAME_HEADER | obu::REDUNDANT_FRAME_HEADER if open.is_none() => {
                self.open((obu, sample), open)?;
            }
            obu::FRAME => {
                let start = payload.start + self.open((obu, sample), open)?;
                self.read_tiles((sample, start..payload.end), open, ranges)?;
            }
            obu::TILE_GROUP => self.read_tiles((sample, payload), open, ranges)?,
            obu::TILE_LIST => {
                return Err(Error::UnsupportedFeature {
                    feature: "large scale tiles (tile list OBUs)",
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads a frame header and returns how many bytes it has. To read it again changes no more of the references.
    fn open(
        &mut self,
        (obu, sample): (&Obu, &mut dyn SampleBytes),
        open: &mut Option<Open>,
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
            let mut bits = PlainBits::new(head, "AV1 frame header");
            let header = FrameHeader::read(&mut bits, sequence, (&mut self.references, obu))?;
            match header {
                Header::Frame(frame) => {
                    *open = Some(Open {
                        frame: *frame,
                        next_tile: 0,
                    });
                }
                Header::ShowExisting if obu.obu_type == obu::FRAME => {
                    return Err(bits.out_of_range("show_existing_frame"));
                }
                Header::ShowExisting => {}
            }
            Ok(bits.bytes_read())
        })
    }

    /// Reads a tile group and ends the frame behind its last tile.
    fn read_tiles(
        &mut self,
        group: (&mut dyn SampleBytes, Range<usize>),
        open: &mut Option<Open>,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let current = open.as_mut().ok_or(Error::Missing {
            what: "its frame header",
        })?;
        let tiles: &TileInfo = &current.frame.tiles;
        current.next_tile = tile_group::read(group, tiles, current.next_tile, ranges)?;
        if current.next_tile == tiles.count() {
            self.references.refresh(&current.frame.stored);
            *open = None;
        }
        Ok(())
    }
}
