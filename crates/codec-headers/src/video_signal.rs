// SPDX-License-Identifier: MPL-2.0
//! The start of video usability information, which AVC and HEVC share: ISO/IEC 14496-10 and ISO/IEC 23008-2, E.2.1.

use super::Error;
use super::configuration::StreamColours;
use super::rbsp::RbspReader;

/// Reads aspect_ratio_info_present_flag up to the colour description, and returns the colours; None if they are not described.
pub(super) fn read(bits: &mut RbspReader<'_>) -> Result<Option<StreamColours>, Error> {
    const EXTENDED_SAR: u32 = 255;
    if bits.flag()? && bits.u(8)? == EXTENDED_SAR {
        bits.skip(32)?;
    }
    if bits.flag()? {
        // overscan_appropriate_flag
        bits.flag()?;
    }
    // video_signal_type_present_flag
    if !bits.flag()? {
        return Ok(None);
    }
    // video_format
    bits.skip(3)?;
    let is_full_range = bits.flag()?;
    if !bits.flag()? {
        return Ok(None);
    }
    let mut code = || Ok(bits.u(8)?.to_le_bytes()[0]);
    Ok(Some(StreamColours {
        primaries: code()?,
        transfer: code()?,
        matrix: code()?,
        is_full_range,
    }))
}
