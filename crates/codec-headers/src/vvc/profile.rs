// SPDX-License-Identifier: MPL-2.0
//! Profiles, decoded picture buffers and timing in an SPS, none of which slice headers need: ISO/IEC 23090-3, 7.3.3, 7.3.4
//! and 7.3.5.

use crate::Error;
use crate::bits::BitReader;

/// Bits of general_constraints_info() between gci_present_flag and gci_num_additional_bits.
const CONSTRAINT_BITS: u64 = 71;

/// profile_tier_level() with a profile.
pub(super) fn skip_profile_tier_level(
    bits: &mut BitReader<'_>,
    max_sublayers_minus1: u32,
) -> Result<(), Error> {
    // general_profile_idc, general_tier_flag, general_level_idc, two flags
    bits.skip(18)?;
    let constrained = bits.flag()?;
    if constrained {
        bits.skip(CONSTRAINT_BITS)?;
        let additional = bits.u(8)?;
        bits.skip(u64::from(additional))?;
    }
    bits.skip_to_byte();
    let levels = bits.u(max_sublayers_minus1)?.count_ones();
    bits.skip_to_byte();
    bits.skip(8 * u64::from(levels))?;
    let sub_profiles = bits.u(8)?;
    bits.skip(32 * u64::from(sub_profiles))
}

/// dpb_parameters()
pub(super) fn skip_dpb_parameters(bits: &mut BitReader<'_>, sublayers: u32) -> Result<(), Error> {
    for _ in 0..3 * sublayers {
        bits.ue()?;
    }
    Ok(())
}

/// general_timing_hrd_parameters() and ols_timing_hrd_parameters().
pub(super) fn skip_timing(
    bits: &mut BitReader<'_>,
    max_sublayers_minus1: u32,
) -> Result<(), Error> {
    // num_units_in_tick, time_scale
    bits.skip(64)?;
    let nal = bits.flag()?;
    let vcl = bits.flag()?;
    let mut sub_pictures = false;
    let mut buffers = 1;
    if nal || vcl {
        // general_same_pic_timing_in_all_ols_flag
        bits.flag()?;
        sub_pictures = bits.flag()?;
        // tick_divisor_minus2; bit_rate_scale, cpb_size_scale; cpb_size_du_scale
        bits.skip(if sub_pictures { 8 + 8 + 4 } else { 8 })?;
        buffers = bits.ue_max(31, "hrd_cpb_cnt_minus1")? + 1;
    }
    let every_sublayer = max_sublayers_minus1 > 0 && bits.flag()?;
    let sublayers = if every_sublayer {
        max_sublayers_minus1 + 1
    } else {
        1
    };
    for _ in 0..sublayers {
        let fixed_rate = bits.flag()? || bits.flag()?;
        if fixed_rate {
            // elemental_duration_in_tc_minus1
            bits.ue()?;
        } else if (nal || vcl) && buffers == 1 {
            // low_delay_hrd_flag
            bits.flag()?;
        }
        for _ in 0..buffers * (u32::from(nal) + u32::from(vcl)) {
            for _ in 0..if sub_pictures { 4 } else { 2 } {
                bits.ue()?;
            }
            // cbr_flag
            bits.flag()?;
        }
    }
    Ok(())
}
