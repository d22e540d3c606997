// SPDX-License-Identifier: MPL-2.0
//! The filters of usage rules. A limit of None does not limit.

use std::ops::RangeInclusive;

use cenc_types::FrameRate;

use super::matching::Verdict;
use super::xml::{Attributes, Element, XmlWriter};

/// VideoFilter: video of a size, frame rate and colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VideoFilter {
    /// The fewest pixels of a picture, inclusive.
    pub min_pixels: Option<u64>,
    /// The most pixels of a picture, inclusive.
    pub max_pixels: Option<u64>,
    /// True if the dynamic range must be high, false if it must not be.
    pub hdr: Option<bool>,
    /// True if the gamut must be wide, false if it must not be.
    pub wcg: Option<bool>,
    /// The exclusive lower limit of frames a second; of interlaced video, half the fields.
    pub min_fps: Option<u64>,
    /// The most frames a second, inclusive.
    pub max_fps: Option<u64>,
}

/// AudioFilter: audio of a number of channels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AudioFilter {
    /// The fewest channels, inclusive.
    pub min_channels: Option<u64>,
    /// The most channels, inclusive.
    pub max_channels: Option<u64>,
}

/// BitrateFilter: tracks of a nominal bitrate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BitrateFilter {
    /// The lowest, in bits a second, inclusive.
    pub min_bitrate: Option<u64>,
    /// The highest, in bits a second, inclusive.
    pub max_bitrate: Option<u64>,
}

/// The known facts of a video track.
pub(super) struct VideoFacts {
    pub(super) pixels: u64,
    pub(super) frame_rate: Option<FrameRate>,
    pub(super) hdr: Option<bool>,
    pub(super) wcg: Option<bool>,
}

impl VideoFilter {
    pub(super) fn matches(&self, video: &VideoFacts) -> Verdict {
        within(
            Some(video.pixels),
            self.min_pixels..=self.max_pixels,
            "number of pixels",
        )
        .and(self.frame_rate(video.frame_rate))
        .and(same(video.hdr, self.hdr, "dynamic range (hdr)"))
        .and(same(video.wcg, self.wcg, "colour gamut (wcg)"))
    }

    /// Matches rates above the lower limit and not above the upper limit.
    fn frame_rate(&self, rate: Option<FrameRate>) -> Verdict {
        match (self.min_fps, self.max_fps, rate) {
            (None, None, _) => Verdict::Yes,
            (_, _, None) => Verdict::Unknown("frame rate"),
            (min, max, Some(rate)) => Verdict::from(
                min.is_none_or(|min| rate.is_above(min))
                    && max.is_none_or(|max| !rate.is_above(max)),
            ),
        }
    }

    /// Returns None if an attribute is unknown or malformed.
    pub(super) fn read(element: Element<'_, '_>) -> Option<Self> {
        const NAMES: [&str; 6] = ["minPixels", "maxPixels", "hdr", "wcg", "minFps", "maxFps"];
        Some(Self {
            min_pixels: number(element, &NAMES, "minPixels")?,
            max_pixels: number(element, &NAMES, "maxPixels")?,
            hdr: flag(element, "hdr")?,
            wcg: flag(element, "wcg")?,
            min_fps: number(element, &NAMES, "minFps")?,
            max_fps: number(element, &NAMES, "maxFps")?,
        })
    }

    pub(super) fn write(&self, xml: &mut XmlWriter) {
        xml.element(
            "VideoFilter",
            Attributes::default()
                .maybe("minPixels", self.min_pixels.as_ref())
                .maybe("maxPixels", self.max_pixels.as_ref())
                .maybe("hdr", self.hdr.as_ref())
                .maybe("wcg", self.wcg.as_ref())
                .maybe("minFps", self.min_fps.as_ref())
                .maybe("maxFps", self.max_fps.as_ref()),
            |_| (),
        );
    }
}

impl AudioFilter {
    pub(super) fn matches(&self, channels: Option<u64>) -> Verdict {
        within(
            channels,
            self.min_channels..=self.max_channels,
            "number of channels",
        )
    }

    pub(super) fn read(element: Element<'_, '_>) -> Option<Self> {
        const NAMES: [&str; 2] = ["minChannels", "maxChannels"];
        Some(Self {
            min_channels: number(element, &NAMES, "minChannels")?,
            max_channels: number(element, &NAMES, "maxChannels")?,
        })
    }

    pub(super) fn write(&self, xml: &mut XmlWriter) {
        xml.element(
            "AudioFilter",
            Attributes::default()
                .maybe("minChannels", self.min_channels.as_ref())
                .maybe("maxChannels", self.max_channels.as_ref()),
            |_| (),
        );
    }
}

impl BitrateFilter {
    pub(super) fn matches(&self, bitrate: Option<u64>) -> Verdict {
        within(bitrate, self.min_bitrate..=self.max_bitrate, "bitrate")
    }

    pub(super) fn read(element: Element<'_, '_>) -> Option<Self> {
        const NAMES: [&str; 2] = ["minBitrate", "maxBitrate"];
        Some(Self {
            min_bitrate: number(element, &NAMES, "minBitrate")?,
            max_bitrate: number(element, &NAMES, "maxBitrate")?,
        })
    }

    pub(super) fn write(&self, xml: &mut XmlWriter) {
        xml.element(
            "BitrateFilter",
            Attributes::default()
                .maybe("minBitrate", self.min_bitrate.as_ref())
                .maybe("maxBitrate", self.max_bitrate.as_ref()),
            |_| (),
        );
    }
}

/// Matches a value within inclusive limits, of which each may be None.
fn within(value: Option<u64>, limits: RangeInclusive<Option<u64>>, fact: &'static str) -> Verdict {
    match (limits.start(), limits.end(), value) {
        (None, None, _) => Verdict::Yes,
        (_, _, None) => Verdict::Unknown(fact),
        (min, max, Some(value)) => {
            Verdict::from(min.is_none_or(|min| min <= value) && max.is_none_or(|max| value <= max))
        }
    }
}

fn same(value: Option<bool>, wanted: Option<bool>, fact: &'static str) -> Verdict {
    match (wanted, value) {
        (None, _) => Verdict::Yes,
        (Some(_), None) => Verdict::Unknown(fact),
        (Some(wanted), Some(value)) => Verdict::from(wanted == value),
    }
}

/// Reads the number in an attribute. Returns None if it is malformed, or if the element has attributes with other names.
fn number(element: Element<'_, '_>, names: &[&str], name: &'static str) -> Option<Option<u64>> {
    if element
        .attribute_names()
        .any(|other| !names.contains(&other))
    {
        return None;
    }
    element.parsed(name, "", |text| text.parse().ok()).ok()
}

/// Reads an xs:boolean.
fn flag(element: Element<'_, '_>, name: &'static str) -> Option<Option<bool>> {
    element
        .parsed(name, "", |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
        .ok()
}
