// SPDX-License-Identifier: MPL-2.0
//! Loop filter, CDEF and loop restoration, which are skipped: the AV1 specification, 5.9.11, 5.9.19 and 5.9.20.

use super::sequence::SequenceHeader;
use crate::Error;
use crate::raw_bits::RawBitReader;

/// Skips loop_filter_params() of a frame that is filtered.
pub(super) fn skip_loop_filter(
    bits: &mut RawBitReader<'_>,
    sequence: &SequenceHeader,
) -> Result<(), Error> {
    // loop_filter_level[0] and [1]
    let filters = bits.u(12)? != 0;
    if filters && sequence.color.planes() > 1 {
        // loop_filter_level[2] and [3]
        bits.u(12)?;
    }
    // loop_filter_sharpness
    bits.u(3)?;
    let delta_update = bits.flag()? && bits.flag()?;
    if delta_update {
        // eight for references, two for modes
        for _ in 0..10 {
            if bits.flag()? {
                bits.u(7)?;
            }
        }
    }
    Ok(())
}

/// Skips cdef_params() of a frame that is filtered.
pub(super) fn skip_cdef(
    bits: &mut RawBitReader<'_>,
    sequence: &SequenceHeader,
) -> Result<(), Error> {
    // cdef_damping_minus_3
    bits.u(2)?;
    let strengths = 1 << bits.u(2)?;
    // luma and, if there is chroma, both its planes together
    bits.skip(strengths * if sequence.color.mono_chrome { 6 } else { 12 })
}

/// Skips lr_params() of a frame that is restored.
pub(super) fn skip_restoration(
    bits: &mut RawBitReader<'_>,
    sequence: &SequenceHeader,
) -> Result<(), Error> {
    let luma = bits.u(2)? != 0;
    let mut chroma = false;
    for _ in 1..sequence.color.planes() {
        chroma |= bits.u(2)? != 0;
    }
    if luma || chroma {
        // lr_unit_shift
        if bits.flag()? && !sequence.use_128x128_superblock {
            // lr_unit_extra_shift
            bits.u(1)?;
        }
    }
    if chroma && sequence.color.subsampling.is_420() {
        // lr_uv_shift
        bits.u(1)?;
    }
    Ok(())
}
