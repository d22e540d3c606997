// SPDX-License-Identifier: MPL-2.0
//! What comes to a pad of text, with its times.

use gst::buffer::{MappedBuffer, Readable};
use timed_text::{TextFormat, is_web_vtt};

use crate::time_segment::time_segment;

/// An event of a text track, from its streaming thread.
#[derive(Debug)]
pub(super) enum TextInput {
    /// The form of the buffers that follow.
    Encoding(TextEncoding),
    /// A text.
    Buffer(TextBuffer),
    /// No text starts before this running time, in nanoseconds.
    Gap(i128),
    /// The language of the stream: ISO 639 or RFC 5646.
    Language(String),
}

/// The form of the texts in buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextEncoding {
    /// Each buffer is a text.
    Plain,
    /// Each buffer is a text in Pango markup.
    Pango,
    /// A stream of WebVTT.
    WebVtt,
    /// A stream of TTML documents.
    Ttml,
}

/// A buffer of text. Times in it, and its own, count in the time of the stream.
#[derive(Debug)]
pub(super) struct TextBuffer {
    pub(super) bytes: MappedBuffer<Readable>,
    /// Nanoseconds; None for a part of a file.
    pub(super) start: Option<i128>,
    /// Nanoseconds; None if it is shown until the next one.
    pub(super) end: Option<i128>,
    /// Nanoseconds from stream time to running time.
    pub(super) to_running_time: i128,
}

impl TextEncoding {
    /// Returns the encoding of fixed caps; None for caps that are no text.
    pub(super) fn of_caps(caps: &gst::CapsRef) -> Option<Self> {
        let structure = caps.structure(0)?;
        match structure.name().as_str() {
            "text/x-raw" => Some(match structure.get("format") {
                Ok("pango-markup") => Self::Pango,
                _ => Self::Plain,
            }),
            WEB_VTT => Some(Self::WebVtt),
            TTML => Some(Self::Ttml),
            _ => None,
        }
    }

    /// Returns the encoding of a stream without caps, such as that of filesrc; None if its start is neither WebVTT nor XML.
    pub(super) fn recognize(start: &[u8]) -> Option<Self> {
        if is_web_vtt(start) {
            return Some(Self::WebVtt);
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let text = text.trim_ascii_start();
        text.starts_with(b"<").then_some(Self::Ttml)
    }

    /// Returns the format that all caps have; None if they have both, as those of a source that does not know yet.
    pub(super) fn format_of_all(caps: &gst::Caps) -> Option<TextFormat> {
        let mut formats = caps
            .iter()
            .map(|structure| match structure.name().as_str() {
                TTML => TextFormat::Ttml,
                _ => TextFormat::WebVtt,
            });
        let first = formats.next()?;
        formats.all(|format| format == first).then_some(first)
    }

    /// Returns the format of the track.
    pub(super) const fn format(self) -> TextFormat {
        match self {
            Self::Plain | Self::Pango | Self::WebVtt => TextFormat::WebVtt,
            Self::Ttml => TextFormat::Ttml,
        }
    }
}

const WEB_VTT: &str = "application/x-subtitle-vtt";
const TTML: &str = "application/ttml+xml";

/// Returns the caps of text.
pub(super) fn caps() -> gst::Caps {
    let plain = gst::Structure::builder("text/x-raw")
        .field("format", gst::List::new(["utf8", "pango-markup"]))
        .build();
    let others = [WEB_VTT, TTML].map(gst::Structure::new_empty);
    [plain].into_iter().chain(others).collect()
}

impl TextBuffer {
    /// Maps a buffer, and cuts its time to the segment of its pad. None for one outside the segment.
    ///
    /// # Errors
    /// The buffer cannot be mapped.
    pub(super) fn new(
        pad: &gst::Pad,
        buffer: gst::Buffer,
    ) -> Result<Option<Self>, gst::glib::BoolError> {
        let segment = time_segment(pad);
        // The bytes of a file have no times, though filesrc may give one to the first of them.
        let times = match (buffer.pts(), &segment) {
            (Some(start), Some(segment)) => {
                let end = buffer.duration().map(|duration| start + duration);
                match segment.clip(Some(start), end) {
                    Some(times) => times,
                    None => return Ok(None),
                }
            }
            _ => (None, None),
        };
        let bytes = buffer
            .into_mapped_buffer_readable()
            .map_err(|_| gst::glib::bool_error!("cannot map the buffer for reading"))?;
        let (start, end) = times;
        Ok(Some(Self {
            bytes,
            start: start.map(nanoseconds),
            end: end.map(nanoseconds),
            to_running_time: segment.as_ref().map_or(0, to_running_time),
        }))
    }
}

impl TextInput {
    /// Returns the running time up to which a gap reaches.
    pub(super) fn gap(pad: &gst::Pad, gap: &gst::event::Gap) -> Self {
        let (start, duration) = gap.get();
        let end = start + duration.unwrap_or(gst::ClockTime::ZERO);
        let to_running_time = time_segment(pad).as_ref().map_or(0, to_running_time);
        Self::Gap(nanoseconds(end) + to_running_time)
    }
}

fn to_running_time(segment: &gst::FormattedSegment<gst::ClockTime>) -> i128 {
    let [base, start, offset] =
        [segment.base(), segment.start(), segment.offset()].map(|time| time.map_or(0, nanoseconds));
    base - start - offset
}

fn nanoseconds(time: gst::ClockTime) -> i128 {
    time.nseconds().into()
}
