// SPDX-License-Identifier: MPL-2.0
//! Weighted prediction: ISO/IEC 23090-3, 7.3.8.

use super::pps::VvcPps;
use super::sps::VvcSps;
use crate::Error;
use crate::rbsp::RbspReader;

/// The greatest num_l0_weights and num_l1_weights.
const MAX_WEIGHTS: u32 = 15;

/// Skips pred_weight_table(). `refs` is num_ref_entries in a picture header and NumRefIdxActive in a slice header.
pub(super) fn skip(
    bits: &mut RbspReader<'_>,
    sps: &VvcSps,
    pps: &VvcPps,
    refs: [u32; 2],
) -> Result<(), Error> {
    bits.ue_max(7, "luma_log2_weight_denom")?;
    if sps.has_chroma() {
        // delta_chroma_log2_weight_denom
        bits.se()?;
    }
    for (list, entries) in refs.into_iter().enumerate() {
        let has_weights = list == 0 || (pps.weighted_bipred && entries > 0);
        let count = match (has_weights, pps.in_picture_header.weights) {
            (true, true) => bits.ue_max(MAX_WEIGHTS, "num_l0_weights or num_l1_weights")?,
            (true, false) => entries,
            (false, _) => 0,
        };
        skip_list(bits, count, sps.has_chroma())?;
    }
    Ok(())
}

fn skip_list(bits: &mut RbspReader<'_>, count: u32, has_chroma: bool) -> Result<(), Error> {
    let luma = bits.u(count)?.count_ones();
    let chroma = if has_chroma {
        bits.u(count)?.count_ones()
    } else {
        0
    };
    // A weight and an offset for luma, and for each chroma component; their order does not matter.
    for _ in 0..2 * luma + 4 * chroma {
        bits.se()?;
    }
    Ok(())
}
