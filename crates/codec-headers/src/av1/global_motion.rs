// SPDX-License-Identifier: MPL-2.0
//! Global motion, which is skipped: the AV1 specification, 5.9.24 to 5.9.28. The length of a parameter does not depend on the
//! value that it is predicted from.

use super::references::NAMES;
use crate::Error;
use crate::raw_bits::RawBitReader;

/// GM_ABS_ALPHA_BITS and GM_ABS_TRANS_BITS
const ABS_BITS: u32 = 12;
/// GM_ABS_TRANS_ONLY_BITS
const ABS_TRANS_ONLY_BITS: u32 = 9;

/// Skips global_motion_params() of an inter frame.
pub(super) fn skip(bits: &mut RawBitReader<'_>, high_precision: bool) -> Result<(), Error> {
    for _ in 0..NAMES {
        let is_global = bits.flag()?;
        if !is_global {
            continue;
        }
        let is_rot_zoom = bits.flag()?;
        let is_translation = !is_rot_zoom && bits.flag()?;
        match (is_rot_zoom, is_translation) {
            (true, _) => skip_parameters(bits, 4, ABS_BITS)?,
            (false, true) => {
                skip_parameters(bits, 2, ABS_TRANS_ONLY_BITS - u32::from(!high_precision))?;
            }
            (false, false) => skip_parameters(bits, 6, ABS_BITS)?,
        }
    }
    Ok(())
}

fn skip_parameters(bits: &mut RawBitReader<'_>, count: u32, width: u32) -> Result<(), Error> {
    for _ in 0..count {
        skip_parameter(bits, width)?;
    }
    Ok(())
}

/// Skips decode_subexp() of one of 2^(width + 1) + 1 values.
fn skip_parameter(bits: &mut RawBitReader<'_>, width: u32) -> Result<(), Error> {
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
        let more_bits = bits.flag()?;
        if !more_bits {
            // subexp_bits
            return bits.skip(log2);
        }
        step += 1;
        passed += 1 << log2;
    }
}
