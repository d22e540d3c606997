// SPDX-License-Identifier: MPL-2.0
//! Frame headers, to their exact end: uncompressed_header() of the AV1 specification, 5.9.2.

use super::frame_size::FrameSize;
use super::obu::Obu;
use super::quantization::{Quantization, read_segmentation};
use super::references::{NAMES, Reference, References, Stored};
use super::sequence::Sequence;
use super::tile_info::TileInfo;
use super::{film_grain, filters, global_motion};
use crate::Error;
use crate::plain::PlainBits;

/// refresh_frame_flags of a frame that replaces all others.
const ALL_FRAMES: u32 = 0xff;
/// PRIMARY_REF_NONE
const NO_PRIMARY: u32 = 7;

/// A frame header.
pub(super) enum Header {
    /// show_existing_frame: no tiles belong to it.
    ShowExisting,
    /// The header of tiles that follow.
    Frame(Box<FrameHeader>),
}

/// What outlives the header of a frame.
#[derive(Debug)]
pub(super) struct FrameHeader {
    pub(super) tiles: TileInfo,
    pub(super) stored: Stored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameType {
    Key,
    Inter,
    IntraOnly,
    Switch,
}

/// What the parts of a header need to know of each other.
struct Frame<'a> {
    sequence: &'a Sequence,
    frame_type: FrameType,
    /// Whether it is shown at all, now or later: show_frame or showable_frame.
    is_shown: bool,
    error_resilient: bool,
    screen_content_tools: bool,
    force_integer_mv: bool,
    size_override: bool,
    order_hint: u32,
    primary: u32,
    refresh: u32,
    high_precision_mv: bool,
    allow_intrabc: bool,
    /// ref_frame_idx of an inter frame.
    names: [u32; NAMES],
}

impl FrameHeader {
    /// Reads the header in `obu`.
    pub(super) fn read(
        bits: &mut PlainBits<'_>,
        sequence: &Sequence,
        (references, obu): (&mut References, &Obu),
    ) -> Result<Header, Error> {
        let mut frame = Frame {
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
        };
        if !sequence.reduced_still_picture_header {
            if bits.flag()? {
                show_existing(bits, sequence, references)?;
                return Ok(Header::ShowExisting);
            }
            frame.read_type(bits)?;
        }
        // disable_cdf_update
        let fixed_cdfs = bits.flag()?;
        frame.read_order(bits, obu)?;
        if frame.refresh == ALL_FRAMES && frame.is_intra() {
            references.clear();
        } else if frame.error_resilient {
            frame.read_expected(bits, references)?;
        }
        let size = frame.read_size(bits, references)?;
        if !sequence.reduced_still_picture_header && !fixed_cdfs {
            // disable_frame_end_update_cdf
            bits.u(1)?;
        }
        let tiles = TileInfo::read(bits, size, sequence.use_128x128_superblock)?;
        let reference = frame.read_quantization(bits, references, size)?;
        frame.skip_inter_modes(bits, references, &reference)?;
        Ok(Header::Frame(Box::new(Self {
            tiles,
            stored: Stored {
                reference,
                refresh: frame.refresh,
            },
        })))
    }
}

/// What follows show_existing_frame. A key frame that is shown so takes the place of all others: 7.21.
fn show_existing(
    bits: &mut PlainBits<'_>,
    sequence: &Sequence,
    references: &mut References,
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
        references.refresh(&Stored {
            reference: shown,
            refresh: ALL_FRAMES,
        });
    }
    Ok(())
}

impl Frame<'_> {
    fn is_intra(&self) -> bool {
        matches!(self.frame_type, FrameType::Key | FrameType::IntraOnly)
    }

    /// frame_type up to error_resilient_mode.
    fn read_type(&mut self, bits: &mut PlainBits<'_>) -> Result<(), Error> {
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
            // To be read; read_order() does.
            self.refresh = 0;
        }
        Ok(())
    }

    /// allow_screen_content_tools up to refresh_frame_flags.
    fn read_order(&mut self, bits: &mut PlainBits<'_>, obu: &Obu) -> Result<(), Error> {
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

    /// buffer_removal_time of each operating point that the frame belongs to.
    fn skip_removal_times(
        &self,
        bits: &mut PlainBits<'_>,
        obu: &Obu,
        width: u32,
    ) -> Result<(), Error> {
        let present = bits.flag()?;
        if !present {
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

    /// ref_order_hint of all frames, which are there where there are order hints.
    fn read_expected(
        &self,
        bits: &mut PlainBits<'_>,
        references: &mut References,
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

    /// The size and, of inter frames, all up to use_ref_frame_mvs.
    fn read_size(
        &mut self,
        bits: &mut PlainBits<'_>,
        references: &References,
    ) -> Result<FrameSize, Error> {
        let sequence = self.sequence;
        if self.is_intra() {
            let size = FrameSize::read(bits, sequence, self.size_override)?;
            self.allow_intrabc =
                self.screen_content_tools && size.upscaled_width == size.width && bits.flag()?;
            return Ok(size);
        }
        self.read_names(bits, references)?;
        let size = if self.size_override && !self.error_resilient {
            FrameSize::read_with_references(bits, sequence, (references, &self.names))?
        } else {
            FrameSize::read(bits, sequence, self.size_override)?
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

    /// ref_frame_idx, told or inferred.
    fn read_names(
        &mut self,
        bits: &mut PlainBits<'_>,
        references: &References,
    ) -> Result<(), Error> {
        let sequence = self.sequence;
        let short_signaling = sequence.order_hint_bits > 0 && bits.flag()?;
        if short_signaling {
            let told = (bits.u(3)?, bits.u(3)?);
            self.names = references.infer(told, self.order_hint, sequence)?;
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

    /// quantization_params() up to lr_params(); gives what later frames may take over.
    fn read_quantization(
        &self,
        bits: &mut PlainBits<'_>,
        references: &References,
        size: FrameSize,
    ) -> Result<Reference, Error> {
        let sequence = self.sequence;
        let quantization = Quantization::read(bits, sequence.color)?;
        let primary = usize::try_from(self.primary).ok();
        let previous = match primary.and_then(|primary| self.names.get(primary)) {
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
        let all_lossless = is_lossless && size.width == size.upscaled_width;
        if !all_lossless && !self.allow_intrabc && sequence.enable_restoration {
            filters::skip_restoration(bits, sequence)?;
        }
        if !is_lossless {
            // tx_mode_select
            bits.u(1)?;
        }
        Ok(Reference {
            is_key: self.frame_type == FrameType::Key,
            order_hint: self.order_hint,
            size,
            quantizers,
        })
    }

    /// reference_select up to the end.
    fn skip_inter_modes(
        &self,
        bits: &mut PlainBits<'_>,
        references: &References,
        reference: &Reference,
    ) -> Result<(), Error> {
        let sequence = self.sequence;
        let inter = !self.is_intra();
        if inter {
            let reference_select = bits.flag()?;
            if reference_select
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
        if inter {
            global_motion::skip(bits, self.high_precision_mv)?;
        }
        if sequence.film_grain_params_present && self.is_shown {
            let inter = self.frame_type == FrameType::Inter;
            film_grain::skip(bits, sequence.color, inter)?;
        }
        Ok(())
    }
}
