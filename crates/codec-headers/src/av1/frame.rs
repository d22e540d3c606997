// SPDX-License-Identifier: MPL-2.0
//! Frame headers and their exact lengths: uncompressed_header() of the AV1 specification, 5.9.2.

use super::frame_size::Av1FrameSize;
use super::obu::Obu;
use super::quantization::{Quantization, read_segmentation};
use super::references::{NAMES, ReferenceFrame, ReferenceFrames, StoredFrame};
use super::sequence::SequenceHeader;
use super::tile_info::TileInfo;
use super::{film_grain, filters, global_motion};
use crate::Error;
use crate::raw_bits::RawBitReader;

/// refresh_frame_flags of a frame that replaces all others.
const ALL_FRAMES: u32 = 0xff;
/// PRIMARY_REF_NONE
const NO_PRIMARY: u32 = 7;

/// The two forms of a frame header.
pub(super) enum ParsedFrameHeader {
    /// show_existing_frame is 1: the frame has no tiles.
    ShowExisting,
    /// Tiles follow.
    Coded(FrameHeader),
}

/// The properties of a frame on which its tile groups and later frames depend.
#[derive(Debug)]
pub(super) struct FrameHeader {
    pub(super) tiles: TileInfo,
    pub(super) stored: StoredFrame,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameType {
    Key,
    Inter,
    IntraOnly,
    Switch,
}

/// The elements of a frame header on which later elements depend.
struct FrameHeaderParser<'a> {
    sequence: &'a SequenceHeader,
    frame_type: FrameType,
    /// show_frame or showable_frame: the frame is shown now or later.
    is_shown: bool,
    error_resilient: bool,
    screen_content_tools: bool,
    force_integer_mv: bool,
    size_override: bool,
    order_hint: u32,
    /// primary_ref_frame
    primary: u32,
    /// refresh_frame_flags
    refresh: u32,
    high_precision_mv: bool,
    allow_intrabc: bool,
    /// ref_frame_idx of an inter frame.
    names: [u32; NAMES],
}

impl FrameHeader {
    /// Reads the header in `obu`.
    pub(super) fn read(
        bits: &mut RawBitReader<'_>,
        sequence: &SequenceHeader,
        references: &mut ReferenceFrames,
        obu: &Obu,
    ) -> Result<ParsedFrameHeader, Error> {
        let mut frame = FrameHeaderParser::new(sequence);
        if !sequence.reduced_still_picture_header {
            if bits.flag()? {
                show_existing(bits, sequence, references)?;
                return Ok(ParsedFrameHeader::ShowExisting);
            }
            frame.read_type(bits)?;
        }
        let disable_cdf_update = bits.flag()?;
        frame.read_order(bits, obu)?;
        if frame.refresh == ALL_FRAMES && frame.is_intra() {
            references.clear();
        } else if frame.error_resilient {
            frame.read_expected(bits, references)?;
        }
        let size = frame.read_size(bits, references)?;
        if !sequence.reduced_still_picture_header && !disable_cdf_update {
            // disable_frame_end_update_cdf
            bits.u(1)?;
        }
        let tiles = TileInfo::read(bits, size, sequence.use_128x128_superblock)?;
        let reference = frame.read_quantization(bits, references, size)?;
        frame.skip_inter_modes(bits, references, &reference)?;
        Ok(ParsedFrameHeader::Coded(Self {
            tiles,
            stored: StoredFrame {
                reference,
                refresh: frame.refresh,
            },
        }))
    }
}

/// Reads the elements after show_existing_frame. A key frame that is shown this way replaces all others: 7.21.
fn show_existing(
    bits: &mut RawBitReader<'_>,
    sequence: &SequenceHeader,
    references: &mut ReferenceFrames,
) -> Result<(), Error> {
    let index = bits.u(3)?;
    if let Some(width) = sequence.presentation_time_bits {
        bits.u(width)?;
    }
    if let Some(ids) = sequence.frame_ids {
        // display_frame_id
        bits.u(ids.bits)?;
    }
    let shown = *references.find(index)?;
    if shown.is_key {
        references.refresh(&StoredFrame {
            reference: shown,
            refresh: ALL_FRAMES,
        });
    }
    Ok(())
}

impl<'a> FrameHeaderParser<'a> {
    /// Starts with the values that a reduced still picture header implies.
    const fn new(sequence: &'a SequenceHeader) -> Self {
        Self {
            sequence,
            frame_type: FrameType::Key,
            is_shown: true,
            error_resilient: true,
            screen_content_tools: false,
            force_integer_mv: false,
            size_override: false,
            order_hint: 0,
            primary: NO_PRIMARY,
            refresh: ALL_FRAMES,
            high_precision_mv: false,
            allow_intrabc: false,
            names: [0; NAMES],
        }
    }

    fn is_intra(&self) -> bool {
        matches!(self.frame_type, FrameType::Key | FrameType::IntraOnly)
    }

    /// Reads frame_type up to error_resilient_mode.
    fn read_type(&mut self, bits: &mut RawBitReader<'_>) -> Result<(), Error> {
        self.frame_type = match bits.u(2)? {
            0 => FrameType::Key,
            1 => FrameType::Inter,
            2 => FrameType::IntraOnly,
            _ => FrameType::Switch,
        };
        let show_frame = bits.flag()?;
        if show_frame {
            if let Some(width) = self.sequence.presentation_time_bits {
                bits.u(width)?;
            }
        } else {
            // showable_frame
            self.is_shown = bits.flag()?;
        }
        let replaces_all = self.frame_type == FrameType::Switch
            || (self.frame_type == FrameType::Key && show_frame);
        self.error_resilient = replaces_all || bits.flag()?;
        if !replaces_all {
            // Coded; read_order() reads it.
            self.refresh = 0;
        }
        Ok(())
    }

    /// Reads allow_screen_content_tools up to refresh_frame_flags.
    fn read_order(&mut self, bits: &mut RawBitReader<'_>, obu: &Obu) -> Result<(), Error> {
        let sequence = self.sequence;
        self.screen_content_tools = match sequence.force_screen_content_tools {
            Some(forced) => forced,
            None => bits.flag()?,
        };
        if self.screen_content_tools {
            self.force_integer_mv = match sequence.force_integer_mv {
                Some(forced) => forced,
                None => bits.flag()?,
            };
        }
        if let Some(ids) = sequence.frame_ids {
            // current_frame_id
            bits.u(ids.bits)?;
        }
        self.size_override = self.frame_type == FrameType::Switch
            || (!sequence.reduced_still_picture_header && bits.flag()?);
        self.order_hint = bits.u(sequence.order_hint_bits)?;
        if !self.is_intra() && !self.error_resilient {
            self.primary = bits.u(3)?;
        }
        if let Some(width) = sequence.removal_time_bits {
            self.skip_removal_times(bits, obu, width)?;
        }
        if self.refresh != ALL_FRAMES {
            self.refresh = bits.u(8)?;
        }
        Ok(())
    }

    /// Skips buffer_removal_time of each operating point that the frame belongs to.
    fn skip_removal_times(
        &self,
        bits: &mut RawBitReader<'_>,
        obu: &Obu,
        width: u32,
    ) -> Result<(), Error> {
        let is_present = bits.flag()?;
        if !is_present {
            return Ok(());
        }
        for idc in &self.sequence.modelled_points {
            let in_temporal_layer = (idc >> obu.temporal_id) & 1 == 1;
            let in_spatial_layer = (idc >> (obu.spatial_id + 8)) & 1 == 1;
            if *idc == 0 || (in_temporal_layer && in_spatial_layer) {
                bits.u(width)?;
            }
        }
        Ok(())
    }

    /// Reads ref_order_hint of all reference frames if the sequence has order hints.
    fn read_expected(
        &self,
        bits: &mut RawBitReader<'_>,
        references: &mut ReferenceFrames,
    ) -> Result<(), Error> {
        if self.sequence.order_hint_bits == 0 {
            return Ok(());
        }
        for index in 0..8 {
            let order_hint = bits.u(self.sequence.order_hint_bits)?;
            references.expect(index, order_hint, self.sequence);
        }
        Ok(())
    }

    /// Reads the frame size and, of inter frames, all elements up to use_ref_frame_mvs.
    fn read_size(
        &mut self,
        bits: &mut RawBitReader<'_>,
        references: &ReferenceFrames,
    ) -> Result<Av1FrameSize, Error> {
        let sequence = self.sequence;
        if self.is_intra() {
            let size = Av1FrameSize::read(bits, sequence, self.size_override)?;
            self.allow_intrabc =
                self.screen_content_tools && size.upscaled_width == size.width && bits.flag()?;
            return Ok(size);
        }
        self.read_names(bits, references)?;
        let size = if self.size_override && !self.error_resilient {
            Av1FrameSize::read_with_references(bits, sequence, references, &self.names)?
        } else {
            Av1FrameSize::read(bits, sequence, self.size_override)?
        };
        self.high_precision_mv = !self.force_integer_mv && bits.flag()?;
        let is_filter_switchable = bits.flag()?;
        if !is_filter_switchable {
            // interpolation_filter
            bits.u(2)?;
        }
        // is_motion_mode_switchable
        bits.u(1)?;
        if !self.error_resilient && sequence.enable_ref_frame_mvs {
            // use_ref_frame_mvs
            bits.u(1)?;
        }
        Ok(size)
    }

    /// Reads or infers ref_frame_idx.
    fn read_names(
        &mut self,
        bits: &mut RawBitReader<'_>,
        references: &ReferenceFrames,
    ) -> Result<(), Error> {
        let sequence = self.sequence;
        let short_signaling = sequence.order_hint_bits > 0 && bits.flag()?;
        if short_signaling {
            // last_frame_idx, gold_frame_idx
            self.names = references.infer(bits.u(3)?, bits.u(3)?, self.order_hint, sequence)?;
        }
        for name in &mut self.names {
            if !short_signaling {
                *name = bits.u(3)?;
            }
            if let Some(ids) = sequence.frame_ids {
                // delta_frame_id_minus_1
                bits.u(ids.delta_bits)?;
            }
            references.find(*name)?;
        }
        Ok(())
    }

    /// Reads quantization_params() up to tx_mode and returns the properties on which later frames may depend.
    fn read_quantization(
        &self,
        bits: &mut RawBitReader<'_>,
        references: &ReferenceFrames,
        size: Av1FrameSize,
    ) -> Result<ReferenceFrame, Error> {
        let sequence = self.sequence;
        let quantization = Quantization::read(bits, sequence.color)?;
        let previous = match self.names.get(self.primary as usize) {
            Some(name) => Some(references.find(*name)?.quantizers),
            None => None,
        };
        let quantizers = read_segmentation(bits, previous)?;
        quantization.skip_deltas(bits, self.allow_intrabc)?;
        let is_lossless = quantization.is_lossless(&quantizers);
        if !is_lossless && !self.allow_intrabc {
            filters::skip_loop_filter(bits, sequence)?;
            if sequence.enable_cdef {
                filters::skip_cdef(bits, sequence)?;
            }
        }
        let is_all_lossless = is_lossless && size.width == size.upscaled_width;
        if !is_all_lossless && !self.allow_intrabc && sequence.enable_restoration {
            filters::skip_restoration(bits, sequence)?;
        }
        if !is_lossless {
            // tx_mode_select
            bits.u(1)?;
        }
        Ok(ReferenceFrame {
            is_key: self.frame_type == FrameType::Key,
            order_hint: self.order_hint,
            size,
            quantizers,
        })
    }

    /// Skips reference_select up to the end.
    fn skip_inter_modes(
        &self,
        bits: &mut RawBitReader<'_>,
        references: &ReferenceFrames,
        reference: &ReferenceFrame,
    ) -> Result<(), Error> {
        let sequence = self.sequence;
        let is_inter = !self.is_intra();
        if is_inter {
            // reference_select
            if bits.flag()?
                && references.allow_skip_mode(&self.names, reference.order_hint, sequence)?
            {
                // skip_mode_present
                bits.u(1)?;
            }
            if !self.error_resilient && sequence.enable_warped_motion {
                // allow_warped_motion
                bits.u(1)?;
            }
        }
        // reduced_tx_set
        bits.u(1)?;
        if is_inter {
            global_motion::skip(bits, self.high_precision_mv)?;
        }
        if sequence.film_grain_params_present && self.is_shown {
            film_grain::skip(bits, sequence.color, self.frame_type == FrameType::Inter)?;
        }
        Ok(())
    }
}
