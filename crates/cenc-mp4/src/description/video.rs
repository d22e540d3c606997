// SPDX-License-Identifier: MPL-2.0
//! The properties of pictures.

use codec_headers::configuration::{
    Av1Configuration, AvcConfiguration, HevcConfiguration, StreamColours, VpConfiguration,
};
use isobmff_boxes::{CodedColours, FourCc, PixelAspect, Reader, TrackPresentation};

use super::codecs::read_dolby_vision;
use super::entry::DescribedEntry;
use super::{DynamicRange, Error};

const PASP: FourCc = FourCc(*b"pasp");
const COLR: FourCc = FourCc(*b"colr");

/// The pictures of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoDescription {
    /// The width of the decoded pictures in pixels, by the sample entry.
    pub width: u16,
    /// Their height.
    pub height: u16,
    /// The width at which they are shown by `tkhd`, in pixels, rounded; 0 if it states none.
    pub display_width: u32,
    /// The height at which they are shown.
    pub display_height: u32,
    /// The aspect of a pixel; None if no box states it.
    pub pixel_aspect: Option<PixelAspect>,
    /// The colours by `colr`, or else by the decoder configuration; None if neither states them.
    pub colours: Option<CodedColours>,
    /// The dynamic range by the colours, or by the profile of Dolby Vision; None if neither is known. Pictures without stated colours
    /// are most often of standard range.
    pub dynamic_range: Option<DynamicRange>,
}

/// Reads the properties of pictures.
pub(super) fn read(
    entry: &DescribedEntry<'_>,
    presentation: TrackPresentation,
) -> Result<VideoDescription, Error> {
    let size = entry.clear().visual_size()?;
    let colours = read_colours(entry)?;
    Ok(VideoDescription {
        width: size.width,
        height: size.height,
        display_width: rounded(presentation.width),
        display_height: rounded(presentation.height),
        pixel_aspect: read_pixel_aspect(entry)?,
        colours,
        dynamic_range: match colours.and_then(DynamicRange::of) {
            Some(range) => Some(range),
            None => read_dolby_vision(entry)?.and_then(|dolby| match dolby.base_compatibility {
                // The colours of Dolby itself, with the perceptual quantizer.
                0 => Some(DynamicRange::Pq),
                _ => None,
            }),
        },
    })
}

fn read_pixel_aspect(entry: &DescribedEntry<'_>) -> Result<Option<PixelAspect>, Error> {
    let aspect = match entry.child(PASP.0)? {
        Some(pasp) => PixelAspect::read(Reader::new(PASP, pasp))?,
        None => return Ok(None),
    };
    let is_ratio = aspect.horizontal > 0 && aspect.vertical > 0;
    Ok(is_ratio.then_some(aspect))
}

/// Reads the colours of `colr`, or those of the configuration if it is missing or does not specify them.
pub(super) fn read_colours(entry: &DescribedEntry<'_>) -> Result<Option<CodedColours>, Error> {
    let stated = match entry.child(COLR.0)? {
        Some(colr) => CodedColours::read(Reader::new(COLR, colr))?,
        None => None,
    };
    if stated.is_some_and(|colours| DynamicRange::of(colours).is_some()) {
        return Ok(stated);
    }
    let coded = read_stream_colours(entry)?.map(|stream| CodedColours {
        primaries: stream.primaries,
        transfer: stream.transfer,
        matrix: stream.matrix,
        is_full_range: stream.is_full_range,
    });
    Ok(coded.or(stated))
}

/// Reads the colours of the decoder configuration.
fn read_stream_colours(entry: &DescribedEntry<'_>) -> Result<Option<StreamColours>, Error> {
    if let Some(av1) = entry.configuration(*b"av1C", Av1Configuration::read)? {
        return Ok(av1.colours);
    }
    if let Some(avc) = entry.configuration(*b"avcC", AvcConfiguration::read)? {
        return Ok(avc.colours());
    }
    if let Some(hevc) = entry.configuration(*b"hvcC", HevcConfiguration::read)? {
        return Ok(hevc.colours());
    }
    let vp = entry.configuration(*b"vpcC", VpConfiguration::read)?;
    Ok(vp.flatten().map(|vp| vp.colours))
}

/// Rounds 1/65536 of a pixel to pixels.
const fn rounded(fixed: u32) -> u32 {
    fixed.saturating_add(0x8000) >> 16
}
