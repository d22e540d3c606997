// SPDX-License-Identifier: MPL-2.0
//! Global motion: the AV1 specification, 5.9.24 to 5.9.28. The length of a parameter does not depend on the value that it
//! is predicted from, so that nothing is kept.

use super::references::NAMES;
use crate::Error;
use crate::plain::PlainBits;

/// GM_ABS_ALPHA_BITS and GM_ABS_TRANS_BITS
const ABS_BITS: u32 = 12;
/// GM_ABS_TRANS_ONLY_BITS
const ABS_TRANS_ONLY_BITS: u32 = 9;

/// global_motion_params() of an inter frame.
pub(super) fn skip(bits: &mut PlainBits<'_>, high_precision: bool) -> Result<(), Error> {
    for _ in 0..NAMES {
        let is_global = bits.flag()?;
        if !is_global {
            continue;
        }
        let is_rot_zoom = bits.flag()?;
        let is_translation = !is_rot_zoom && bits.flag()?;
        let (count, width) = match (is_rot_zoom, is_translation) {
            (true, _) => (4, ABS_BITS),
            (false, true) => (2, ABS_TRANS_ONLY_BITS - u32::from(!high_precision)),
            (false, false) => (6, ABS_BITS),
        };
        for _ in 0..count {
            skip_parameter(bits, width)?;
        }
    }
    Ok(())
}

/// decode_subexp() of one of 2^(width + 1) + 1 values.
fn skip_parameter(bits: &mut PlainBits<'_>, width: u32) -> Result<(), Error> {
    const K: u32 = 3;
    let values = (2 << width) + 1;
    let mut passed = 0;
    let mut step = 0;
    loop {
        let log2 = if step > 0 { K + step - 1 } else { K };
        if values <= passed + (3 << log2) {
            // subexp_final_bits
            bits.ns(values - passed)?;
            return Ok(());
        }
        let more = bits.flag()?;
        if !more {
            // subexp_bits
            bits.u(log2)?;
            return Ok(());
        }
        step += 1;
        passed += 1 << log2;
    }
}
