// SPDX-License-Identifier: MPL-2.0
//! Quantizers and segments: the AV1 specification, 5.9.12 to 5.9.18.

use super::sequence::ColorConfig;
use crate::Error;
use crate::raw_bits::RawBitReader;

/// MAX_SEGMENTS
const SEGMENTS: usize = 8;
/// The number of bits of each feature after SEG_LVL_ALT_Q, including the sign.
const OTHER_FEATURE_BITS: [u32; 7] = [7, 7, 7, 7, 3, 0, 0];

/// FeatureData of SEG_LVL_ALT_Q, 0 if it is not enabled: the only feature on which the length of a header depends.
pub(super) type AlternateQuantizers = [i32; SEGMENTS];

/// The elements of quantization_params() on which later elements depend.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantization {
    base_q_idx: i32,
    has_deltas: bool,
}

impl Quantization {
    pub(super) fn read(bits: &mut RawBitReader<'_>, color: ColorConfig) -> Result<Self, Error> {
        let base_q_idx = bits.u(8)?.cast_signed();
        // DeltaQYDc
        let mut has_deltas = read_delta(bits)?;
        if color.planes() > 1 {
            let diff_uv_delta = color.separate_uv_delta_q && bits.flag()?;
            for _ in 0..if diff_uv_delta { 4 } else { 2 } {
                has_deltas |= read_delta(bits)?;
            }
        }
        if bits.flag()? {
            // qm_y, qm_u and, if it differs, qm_v
            bits.u(if color.separate_uv_delta_q { 12 } else { 8 })?;
        }
        Ok(Self {
            base_q_idx,
            has_deltas,
        })
    }

    /// CodedLossless
    pub(super) fn is_lossless(self, quantizers: &AlternateQuantizers) -> bool {
        !self.has_deltas && quantizers.iter().all(|own| self.base_q_idx + own <= 0)
    }

    /// Skips delta_q_params() and delta_lf_params().
    pub(super) fn skip_deltas(
        self,
        bits: &mut RawBitReader<'_>,
        allow_intrabc: bool,
    ) -> Result<(), Error> {
        if self.base_q_idx == 0 || !bits.flag()? {
            return Ok(());
        }
        // delta_q_res
        bits.u(2)?;
        if !allow_intrabc && bits.flag()? {
            // delta_lf_res, delta_lf_multi
            bits.u(3)?;
        }
        Ok(())
    }
}

/// Reads read_delta_q() and returns true if it is not 0.
fn read_delta(bits: &mut RawBitReader<'_>) -> Result<bool, Error> {
    Ok(bits.flag()? && bits.su(7)? != 0)
}

/// Reads segmentation_params(). `previous` are the quantizers of the primary reference frame, None without one.
pub(super) fn read_segmentation(
    bits: &mut RawBitReader<'_>,
    previous: Option<AlternateQuantizers>,
) -> Result<AlternateQuantizers, Error> {
    let mut quantizers = AlternateQuantizers::default();
    if !bits.flag()? {
        return Ok(quantizers);
    }
    if let Some(previous) = previous {
        let update_map = bits.flag()?;
        if update_map {
            // segmentation_temporal_update
            bits.u(1)?;
        }
        let update_data = bits.flag()?;
        if !update_data {
            return Ok(previous);
        }
    }
    for quantizer in &mut quantizers {
        if bits.flag()? {
            *quantizer = bits.su(9)?.clamp(-255, 255);
        }
        for width in OTHER_FEATURE_BITS {
            if bits.flag()? {
                bits.u(width)?;
            }
        }
    }
    Ok(quantizers)
}
