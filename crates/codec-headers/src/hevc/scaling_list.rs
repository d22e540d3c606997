// SPDX-License-Identifier: MPL-2.0
//! Scaling list data, which is skipped: ISO/IEC 23008-2, 7.3.4.

use crate::Error;
use crate::rbsp::RbspReader;

/// Skips scaling_list_data().
pub(super) fn skip(bits: &mut RbspReader<'_>) -> Result<(), Error> {
    for size_id in 0..4 {
        // Of the 32x32 matrices only those of luma are coded.
        let step = if size_id == 3 { 3 } else { 1 };
        for _ in (0..6).step_by(step) {
            skip_matrix(bits, size_id)?;
        }
    }
    Ok(())
}

fn skip_matrix(bits: &mut RbspReader<'_>, size_id: u32) -> Result<(), Error> {
    if !bits.flag()? {
        // scaling_list_pred_matrix_id_delta
        bits.ue()?;
        return Ok(());
    }
    if size_id > 1 {
        // scaling_list_dc_coef_minus8
        bits.se()?;
    }
    for _ in 0..(1_u32 << (4 + 2 * size_id)).min(64) {
        // scaling_list_delta_coef
        bits.se()?;
    }
    Ok(())
}
