// SPDX-License-Identifier: MPL-2.0
//! Film grain, which is skipped: the AV1 specification, 5.9.30.

use super::sequence::ColorConfig;
use crate::Error;
use crate::raw_bits::RawBitReader;

/// Skips film_grain_params() of a sequence that has them.
pub(super) fn skip(
    bits: &mut RawBitReader<'_>,
    color: ColorConfig,
    inter: bool,
) -> Result<(), Error> {
    let apply_grain = bits.flag()?;
    if !apply_grain {
        return Ok(());
    }
    // grain_seed
    bits.u(16)?;
    let update_grain = !inter || bits.flag()?;
    if !update_grain {
        // film_grain_params_ref_idx
        return bits.skip(3);
    }
    let luma = read_points(bits)?;
    let from_luma = !color.mono_chrome && bits.flag()?;
    let no_chroma = color.mono_chrome || from_luma || (color.subsampling.is_420() && !luma);
    let cb = !no_chroma && read_points(bits)?;
    let cr = !no_chroma && read_points(bits)?;
    // grain_scaling_minus_8
    bits.u(2)?;
    let lag = bits.u(2)?;
    let coefficients = 2 * lag * (lag + 1);
    if luma {
        bits.skip(8 * coefficients)?;
    }
    for own in [cb, cr] {
        if own || from_luma {
            bits.skip(8 * (coefficients + u32::from(luma)))?;
        }
    }
    // ar_coeff_shift_minus_6, grain_scale_shift
    bits.u(4)?;
    for own in [cb, cr] {
        if own {
            // mult, luma_mult, offset
            bits.u(25)?;
        }
    }
    // overlap_flag, clip_to_restricted_range
    bits.skip(2)
}

/// Skips the points of a scaling function and returns true if there are any.
fn read_points(bits: &mut RawBitReader<'_>) -> Result<bool, Error> {
    let count = bits.u(4)?;
    bits.skip(16 * count)?;
    Ok(count > 0)
}
