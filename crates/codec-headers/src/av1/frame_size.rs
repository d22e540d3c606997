// SPDX-License-Identifier: MPL-2.0
//! Frame sizes: the AV1 specification, 5.9.5 to 5.9.9.

use super::references::{NAMES, ReferenceFrames};
use super::sequence::SequenceHeader;
use crate::Error;
use crate::raw_bits::RawBitReader;

/// SUPERRES_NUM
const SUPERRES_NUM: u32 = 8;
/// SUPERRES_DENOM_MIN
const SUPERRES_DENOM_MIN: u32 = 9;

/// The size of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Av1FrameSize {
    /// UpscaledWidth
    pub(super) upscaled_width: u32,
    /// FrameWidth
    pub(super) width: u32,
    /// FrameHeight
    pub(super) height: u32,
}

impl Av1FrameSize {
    /// Returns the size in the sequence header, without superresolution.
    pub(super) const fn largest(sequence: &SequenceHeader) -> Self {
        Self {
            upscaled_width: sequence.max_width,
            width: sequence.max_width,
            height: sequence.max_height,
        }
    }

    /// Reads frame_size() and render_size().
    pub(super) fn read(
        bits: &mut RawBitReader<'_>,
        sequence: &SequenceHeader,
        size_override: bool,
    ) -> Result<Self, Error> {
        let mut size = Self::largest(sequence);
        if size_override {
            size.upscaled_width = bits.u(sequence.width_bits)? + 1;
            size.height = bits.u(sequence.height_bits)? + 1;
        }
        size.read_superres(bits, sequence)?;
        if bits.flag()? {
            // render_width_minus_1, render_height_minus_1
            bits.skip(32)?;
        }
        Ok(size)
    }

    /// Reads frame_size_with_refs().
    pub(super) fn read_with_references(
        bits: &mut RawBitReader<'_>,
        sequence: &SequenceHeader,
        references: &ReferenceFrames,
        names: &[u32; NAMES],
    ) -> Result<Self, Error> {
        for name in names {
            if bits.flag()? {
                let mut size = references.find(*name)?.size;
                size.read_superres(bits, sequence)?;
                return Ok(size);
            }
        }
        Self::read(bits, sequence, true)
    }

    /// Reads superres_params().
    fn read_superres(
        &mut self,
        bits: &mut RawBitReader<'_>,
        sequence: &SequenceHeader,
    ) -> Result<(), Error> {
        self.width = self.upscaled_width;
        if sequence.enable_superres && bits.flag()? {
            let denominator = bits.u(3)? + SUPERRES_DENOM_MIN;
            self.width = (self.upscaled_width * SUPERRES_NUM + denominator / 2) / denominator;
        }
        Ok(())
    }
}
