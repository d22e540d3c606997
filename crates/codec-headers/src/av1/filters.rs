// SPDX-License-Identifier: MPL-2.0
//! Loop filter, CDEF and loop restoration: the AV1 specification, 5.9.11, 5.9.19 and 5.9.20. Nothing of them is kept.

use super::sequence::Sequence;
use crate::Error;
use crate::plain::PlainBits;

/// loop_filter_params() of a frame that is filtered.
pub(super) fn skip_loop_filter(bits: &mut PlainBits<'_>, sequence: &Sequence) -> Result<(), Error> {
    let levels = (bits.u(6)?, bits.u(6)?);
    if sequence.color.planes() > 1 && levels != (0, 0) {
        // loop_filter_level[2] and [3]
        bits.u(12)?;
    }
    // loop_filter_sharpness
    bits.u(3)?;
    let delta_update = bits.flag()? && bits.flag()?;
    if delta_update {
        // eight of references, two of modes
        for _ in 0..10 {
            if bits.flag()? {
                bits.u(7)?;
            }
        }
    }
    Ok(())
}

/// cdef_params() of a frame that is filtered.
pub(super) fn skip_cdef(bits: &mut PlainBits<'_>, sequence: &Sequence) -> Result<(), Error> {
    // cdef_damping_minus_3
    bits.u(2)?;
    let strengths = 1 << bits.u(2)?;
    let planes = if sequence.color.mono_chrome { 1 } else { 2 };
    bits.skip(strengths * planes * 6)
}

/// lr_params() of a frame that is restored.
pub(super) fn skip_restoration(bits: &mut PlainBits<'_>, sequence: &Sequence) -> Result<(), Error> {
    let luma = bits.u(2)? != 0;
    let mut chroma = false;
    for _ in 1..sequence.color.planes() {
        chroma |= bits.u(2)? != 0;
    }
    if luma || chroma {
        let shift = bits.flag()?;
        if shift && !sequence.use_128x128_superblock {
            // lr_unit_extra_shift
            bits.u(1)?;
        }
    }
    if chroma && sequence.color.subsampling == (true, true) {
        // lr_uv_shift
        bits.u(1)?;
    }
    Ok(())
}
