// SPDX-License-Identifier: MPL-2.0
//! H.265: ISO/IEC 23008-2, with the NAL unit types of table 7-1 and the layers of Annexes F to H (MV-HEVC, SHVC, alpha).

mod config;
mod format;
mod pps;
mod present_extensions;
mod ref_pic_set;
mod scaling_list;
mod slice;
mod sps;
mod vps;
mod vui;
mod weights;

use super::nal::{LengthSize, NalUnits};
use super::parameter_sets::ParameterSets;
use super::{Error, ProtectableRange, SampleBytes};
use crate::configuration::StreamColours;
use crate::parameter_sets::ParameterSet;
use format::PictureFormat;
use pps::HevcPps;
use sps::{HevcSps, SpsFormat};
use vps::{HevcVps, LayerRules};

/// Returns the colours that the vui_parameters() of an SPS describe; None if it does not, or cannot be read.
pub(super) fn described_colours(nal: &[u8]) -> Option<StreamColours> {
    HevcSps::parse(nal).ok()?.set.colours
}

/// The number of bytes in a NAL unit header.
const HEADER_LEN: usize = 2;

/// The reader of one HEVC track.
#[derive(Debug, Clone)]
pub(super) struct Hevc {
    pub(super) length_size: LengthSize,
    sets: HevcParameterSets,
}

/// The parameter sets in force.
#[derive(Debug, Clone)]
struct HevcParameterSets {
    vps: ParameterSets<HevcVps, 16>,
    base: LayerParameterSets,
    /// The sets with a nuh_layer_id above 0, which slices of the base layer do not use.
    upper: LayerParameterSets,
}

/// The sequence and picture parameter sets of one or more layers.
#[derive(Debug, Clone)]
struct LayerParameterSets {
    sps: ParameterSets<HevcSps, 16>,
    pps: ParameterSets<HevcPps, 64>,
}

/// The parameter sets of one slice.
#[derive(Debug, Clone, Copy)]
struct ActiveHevcSets<'a> {
    sps: &'a HevcSps,
    pps: &'a HevcPps,
    format: PictureFormat,
    /// None for the base layer, and for layers that the VPS does not describe.
    layer: Option<LayerRules>,
}

/// The NAL unit header.
#[derive(Debug, Clone, Copy)]
struct HevcNalHeader {
    /// nal_unit_type
    unit_type: u8,
    /// nuh_layer_id
    layer_id: u8,
    /// TemporalId
    temporal_id: u8,
}

impl Hevc {
    /// Creates a reader with the parameter sets of an `hvcC` payload.
    pub(super) fn new(config: &[u8]) -> Result<Self, Error> {
        let mut sets = HevcParameterSets {
            vps: ParameterSets::new(),
            base: LayerParameterSets::new(),
            upper: LayerParameterSets::new(),
        };
        Ok(Self {
            length_size: config::read_hvcc(config, &mut sets)?,
            sets,
        })
    }

    /// Puts the parameter sets of an `lhvC` payload in force.
    pub(super) fn add_layers(&mut self, config: &[u8]) -> Result<(), Error> {
        config::read_lhvc(config, &mut self.sets)
    }

    /// See [`Codec::protectable_ranges`](super::Codec::protectable_ranges).
    pub(super) fn protectable_ranges(
        &mut self,
        sample: &mut dyn SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        let mut units = NalUnits::new(sample, self.length_size);
        while let Some(unit) = units.next()? {
            let header = units.read_head(unit, |nal| HevcNalHeader::of(unit.start, nal))?;
            if !header.is_slice()? {
                self.sets.insert(header, || units.bytes(unit))?;
                continue;
            }
            let header_len =
                units.read_head(unit, |nal| slice::header_len(nal, header, &self.sets))?;
            ranges.push(ProtectableRange::new(unit.start + header_len, unit.end));
        }
        Ok(())
    }
}

impl HevcParameterSets {
    /// Puts a parameter set in force and skips all other NAL units.
    fn insert<'n>(
        &mut self,
        header: HevcNalHeader,
        nal: impl FnOnce() -> &'n [u8],
    ) -> Result<(), Error> {
        let layer = match header.layer_id {
            0 => &mut self.base,
            _ => &mut self.upper,
        };
        match header.unit_type {
            32 => self.vps.insert(nal()),
            33 => layer.sps.insert(nal()),
            34 => layer.pps.insert(nal()),
            _ => Ok(()),
        }
    }

    /// Returns the parameter sets of a slice that refers to the PPS of this id. Upper layers may use sets of the base layer.
    fn active(&self, header: HevcNalHeader, pps_id: u32) -> Result<ActiveHevcSets<'_>, Error> {
        let is_upper = header.layer_id > 0;
        let pps = match self.upper.pps.find(pps_id) {
            Ok(pps) if is_upper => pps,
            _ => self.base.pps.find(pps_id)?,
        };
        let sps = match self.upper.sps.find(pps.sps_id) {
            Ok(sps) if is_upper => sps,
            _ => self.base.sps.find(pps.sps_id)?,
        };
        let layer = match is_upper {
            true => self
                .vps
                .find(sps.vps_id)?
                .rules(header.layer_id, u32::from(header.temporal_id))?,
            false => None,
        };
        if layer.is_some() && (sps.extensions.is_3d || pps.extensions.is_3d) {
            return Err(vps::UNSUPPORTED_3D);
        }
        if layer.is_some() && pps.extensions.current_picture_reference {
            return Err(Error::UnsupportedFeature {
                feature: "reference to the current picture in a layer above the base",
            });
        }
        Ok(ActiveHevcSets {
            sps,
            pps,
            format: match sps.format {
                SpsFormat::Own(format) => format,
                SpsFormat::OfVps { index } => self
                    .vps
                    .find(sps.vps_id)?
                    .rep_format(header.layer_id, index)?,
            },
            layer,
        })
    }
}

impl LayerParameterSets {
    const fn new() -> Self {
        Self {
            sps: ParameterSets::new(),
            pps: ParameterSets::new(),
        }
    }
}

impl HevcNalHeader {
    /// Reads the header of `nal`, which starts at `start` of the sample.
    fn of(start: usize, nal: &[u8]) -> Result<Self, Error> {
        match nal {
            [first, second, ..] => Ok(Self {
                unit_type: (first >> 1) & 63,
                layer_id: ((first & 1) << 5) | (second >> 3),
                temporal_id: (second & 7).saturating_sub(1),
            }),
            _ => Err(Error::TruncatedNalUnit { offset: start }),
        }
    }

    /// True if the NAL unit is a slice segment, false if it has no coded slice data.
    ///
    /// # Errors
    /// NAL units whose coded slices could not be protected.
    const fn is_slice(self) -> Result<bool, Error> {
        let feature = match self.unit_type {
            0..=9 | 16..=21 => return Ok(true),
            10..=15 | 22..=31 => "reserved VCL NAL unit types (10 to 15 and 22 to 31)",
            48 | 49 => "aggregators or extractors (NAL unit types 48 and 49)",
            63 => "a Dolby Vision enhancement layer (NAL unit type 63)",
            _ => return Ok(false),
        };
        Err(Error::UnsupportedFeature { feature })
    }

    /// True if the picture starts a random access point (RSV_IRAP types included).
    const fn is_irap(self) -> bool {
        matches!(self.unit_type, 16..=23)
    }

    /// IDR_W_RADL or IDR_N_LP.
    const fn is_idr(self) -> bool {
        matches!(self.unit_type, 19 | 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_slice(bytes: &[u8]) -> Result<bool, Error> {
        HevcNalHeader::of(4, bytes)?.is_slice()
    }

    /// Table 7-1: every type is protected, clear because it is not VCL, or refused.
    #[test]
    fn every_nal_unit_type_has_a_treatment() {
        for unit_type in 0..64 {
            let expected = match unit_type {
                0..=9 | 16..=21 => Some(true),
                10..=15 | 22..=31 | 48 | 49 | 63 => None,
                _ => Some(false),
            };
            for layer in [1, 9] {
                let found = is_slice(&[unit_type << 1, layer]);
                assert_eq!(found.as_ref().ok(), expected.as_ref(), "{unit_type}");
                if let Err(error) = found {
                    assert!(error.to_string().contains("encode it without"), "{error}");
                }
            }
        }
    }

    #[test]
    fn half_a_nal_unit_header_is_refused() {
        assert_eq!(
            is_slice(&[1 << 1]),
            Err(Error::TruncatedNalUnit { offset: 4 })
        );
    }
}
