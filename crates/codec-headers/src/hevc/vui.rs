// SPDX-License-Identifier: MPL-2.0
//! Video usability information and HRD parameters, which are skipped apart from the colours: ISO/IEC 23008-2, E.2.

use crate::configuration::StreamColours;
use crate::rbsp::RbspReader;
use crate::{Error, video_signal};

/// Reads vui_parameters() and returns the colours. `max_sub_layers` is sps_max_sub_layers_minus1 + 1, None if the SPS does not have it.
pub(super) fn read(
    bits: &mut RbspReader<'_>,
    max_sub_layers: Option<u32>,
) -> Result<Option<StreamColours>, Error> {
    let colours = video_signal::read(bits)?;
    if bits.flag()? {
        // chroma sample locations
        skip_ues(bits, 2)?;
    }
    // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
    bits.skip(3)?;
    if bits.flag()? {
        // default display window offsets
        skip_ues(bits, 4)?;
    }
    if bits.flag()? {
        skip_timing(bits, max_sub_layers)?;
    }
    if bits.flag()? {
        // bitstream restriction: three flags, five limits
        bits.skip(3)?;
        skip_ues(bits, 5)?;
    }
    Ok(colours)
}

/// Skips timing and HRD.
fn skip_timing(bits: &mut RbspReader<'_>, max_sub_layers: Option<u32>) -> Result<(), Error> {
    // vui_num_units_in_tick, vui_time_scale
    bits.skip(64)?;
    if bits.flag()? {
        // vui_num_ticks_poc_diff_one_minus1
        bits.ue()?;
    }
    if bits.flag()? {
        let max_sub_layers = max_sub_layers.ok_or(Error::UnsupportedFeature {
            feature: "HRD parameters in an SPS that takes its sub-layers from the VPS",
        })?;
        HrdParameters::read(bits)?.skip_sub_layers(bits, max_sub_layers)?;
    }
    Ok(())
}

/// The elements on which sub_layer_hrd_parameters() depends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HrdParameters {
    /// The number of flags set among nal_hrd_parameters_present_flag and vcl_hrd_parameters_present_flag.
    kinds: u32,
    /// sub_pic_hrd_params_present_flag
    sub_pic: bool,
}

impl HrdParameters {
    /// Reads the common information of hrd_parameters(): E.2.2.
    pub(super) fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        let mut hrd = Self {
            kinds: bits.u(1)? + bits.u(1)?,
            sub_pic: false,
        };
        if hrd.kinds > 0 {
            hrd.sub_pic = bits.flag()?;
            if hrd.sub_pic {
                // tick_divisor_minus2, two lengths and a flag
                bits.skip(8 + 5 + 1 + 5)?;
            }
            // bit_rate_scale, cpb_size_scale
            bits.skip(8)?;
            if hrd.sub_pic {
                // cpb_size_du_scale
                bits.skip(4)?;
            }
            // three lengths
            bits.skip(15)?;
        }
        Ok(hrd)
    }

    /// Skips the information of each sub-layer in hrd_parameters().
    pub(super) fn skip_sub_layers(
        self,
        bits: &mut RbspReader<'_>,
        max_sub_layers: u32,
    ) -> Result<(), Error> {
        for _ in 0..max_sub_layers {
            self.skip_sub_layer(bits)?;
        }
        Ok(())
    }

    fn skip_sub_layer(self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        // fixed_pic_rate_within_cvs_flag is 1 where fixed_pic_rate_general_flag is
        let fixed_rate = bits.flag()? || bits.flag()?;
        if fixed_rate {
            // elemental_duration_in_tc_minus1
            bits.ue()?;
        }
        let low_delay = !fixed_rate && bits.flag()?;
        let cpb_count = if low_delay {
            1
        } else {
            bits.ue_max(31, "cpb_cnt_minus1")? + 1
        };
        for _ in 0..self.kinds * cpb_count {
            // bit_rate_value_minus1, cpb_size_value_minus1 and the same for decoding units
            skip_ues(bits, if self.sub_pic { 4 } else { 2 })?;
            // cbr_flag
            bits.flag()?;
        }
        Ok(())
    }
}

fn skip_ues(bits: &mut RbspReader<'_>, count: u32) -> Result<(), Error> {
    for _ in 0..count {
        bits.ue()?;
    }
    Ok(())
}
