// SPDX-License-Identifier: MPL-2.0
//! Profiles, decoded picture buffers and timing in an SPS, which are skipped: ISO/IEC 23090-3, 7.3.3, 7.3.4 and 7.3.5.

use crate::Error;
use crate::rbsp::RbspReader;

/// The number of bits of general_constraints_info() between gci_present_flag and gci_num_additional_bits.
const CONSTRAINT_BITS: u64 = 71;

/// Skips profile_tier_level() with a profile.
pub(super) fn skip_profile_tier_level(
    bits: &mut RbspReader<'_>,
    max_sublayers_minus1: u32,
) -> Result<(), Error> {
    // general_profile_idc, general_tier_flag, general_level_idc, two flags
    bits.skip(18)?;
    // gci_present_flag
    if bits.flag()? {
        bits.skip(CONSTRAINT_BITS)?;
        let additional_bits = bits.u(8)?;
        bits.skip(u64::from(additional_bits))?;
    }
    bits.skip_to_byte();
    let levels = bits.u(max_sublayers_minus1)?.count_ones();
    bits.skip_to_byte();
    bits.skip(8 * u64::from(levels))?;
    let sub_profiles = bits.u(8)?;
    bits.skip(32 * u64::from(sub_profiles))
}

/// Skips dpb_parameters().
pub(super) fn skip_dpb_parameters(bits: &mut RbspReader<'_>, sublayers: u32) -> Result<(), Error> {
    for _ in 0..3 * sublayers {
        bits.ue()?;
    }
    Ok(())
}

/// Skips general_timing_hrd_parameters() and ols_timing_hrd_parameters().
pub(super) fn skip_timing(
    bits: &mut RbspReader<'_>,
    max_sublayers_minus1: u32,
) -> Result<(), Error> {
    // num_units_in_tick, time_scale
    bits.skip(64)?;
    let mut hrd = VvcHrdParameters {
        kinds: bits.u(1)? + bits.u(1)?,
        sub_pictures: false,
        buffers: 1,
    };
    if hrd.kinds > 0 {
        // general_same_pic_timing_in_all_ols_flag
        bits.flag()?;
        hrd.sub_pictures = bits.flag()?;
        // tick_divisor_minus2; bit_rate_scale, cpb_size_scale; cpb_size_du_scale
        bits.skip(if hrd.sub_pictures { 8 + 8 + 4 } else { 8 })?;
        hrd.buffers = bits.ue_max(31, "hrd_cpb_cnt_minus1")? + 1;
    }
    let every_sublayer = max_sublayers_minus1 > 0 && bits.flag()?;
    for _ in 0..=if every_sublayer {
        max_sublayers_minus1
    } else {
        0
    } {
        hrd.skip_sublayer(bits)?;
    }
    Ok(())
}

/// The elements on which sublayer_hrd_parameters() depends.
struct VvcHrdParameters {
    /// The number of flags set among general_nal_hrd_params_present_flag and general_vcl_hrd_params_present_flag.
    kinds: u32,
    /// general_du_hrd_params_present_flag
    sub_pictures: bool,
    /// hrd_cpb_cnt_minus1 + 1
    buffers: u32,
}

impl VvcHrdParameters {
    fn skip_sublayer(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let fixed_rate = bits.flag()? || bits.flag()?;
        if fixed_rate {
            // elemental_duration_in_tc_minus1
            bits.ue()?;
        } else if self.kinds > 0 && self.buffers == 1 {
            // low_delay_hrd_flag
            bits.flag()?;
        }
        for _ in 0..self.buffers * self.kinds {
            for _ in 0..if self.sub_pictures { 4 } else { 2 } {
                bits.ue()?;
            }
            // cbr_flag
            bits.flag()?;
        }
        Ok(())
    }
}
