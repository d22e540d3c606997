// SPDX-License-Identifier: MPL-2.0
//! The init segments and media segments of a media playlist, RFC 8216, 4.3.2.

use url::Url;

use super::variables::Variables;
use super::{Edit, PlaylistLine};
use crate::{ByteRange, Error};

/// The extensions of text segments.
const TEXT_EXTENSIONS: [&str; 5] = [".vtt", ".webvtt", ".ttml", ".dfxp", ".srt"];

/// A media playlist.
pub(super) struct MediaPlaylist {
    /// Its init segments and media segments, in order.
    pub(super) items: Vec<PlaylistItem>,
}

/// An init segment or a media segment.
pub(super) enum PlaylistItem {
    Map(InitMap),
    Segment(MediaSegment),
}

/// An EXT-X-MAP.
pub(super) struct InitMap {
    /// The offset of its line in bytes.
    pub(super) at: usize,
    /// The init segment.
    pub(super) url: Url,
    /// BYTERANGE, which starts at 0.
    pub(super) range: Option<WrittenRange>,
}

/// A media segment.
pub(super) struct MediaSegment {
    /// The offset of its first line in bytes.
    pub(super) at: usize,
    /// Its file.
    pub(super) url: Url,
    /// EXT-X-BYTERANGE.
    pub(super) range: Option<WrittenRange>,
    /// True if the segment before is a range of the same file.
    pub(super) follows: bool,
}

/// A byte range in the text.
pub(super) struct WrittenRange {
    /// The offset of its text in bytes.
    at: usize,
    /// The length of its text in bytes.
    len: usize,
    /// The range.
    range: ByteRange,
    /// True if the text has an offset.
    pub(super) has_offset: bool,
}

impl WrittenRange {
    /// Reads `length[@offset]`; without an offset the range starts at `next`.
    fn read(line: PlaylistLine<'_>, text: &str, next: u64) -> Result<Self, Error> {
        let malformed = || Error::MalformedRange(line.text.to_owned());
        let (len, offset) = match text.split_once('@') {
            Some((len, offset)) => (len, Some(offset)),
            None => (text, None),
        };
        let number = |digits: &str| digits.trim().parse::<u64>().map_err(|_| malformed());
        let start = offset.map_or(Ok(next), number)?;
        Ok(Self {
            at: line.at + line.offset_of(text),
            len: text.len(),
            range: ByteRange {
                start,
                end: start.checked_add(number(len)?).ok_or_else(malformed)?,
            },
            has_offset: offset.is_some(),
        })
    }

    /// Returns the edit that replaces the range.
    pub(super) fn replace_by(&self, range: ByteRange, with_offset: bool) -> Edit {
        let ByteRange { start, end } = range;
        let len = end.saturating_sub(start);
        Edit {
            at: self.at,
            remove: self.len,
            text: match with_offset {
                true => format!("{len}@{start}"),
                false => len.to_string(),
            },
        }
    }
}

impl MediaPlaylist {
    /// Reads the lines of the playlist at `url`.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::NoMap`], [`Error::MapWithin`], [`Error::MalformedRange`], and [`Error::Ranges`] for byte ranges of
    /// partial segments.
    pub(super) fn read(
        lines: &[PlaylistLine<'_>],
        url: &Url,
        variables: &Variables,
    ) -> Result<Self, Error> {
        let mut items = Vec::new();
        let mut first_line = None;
        let mut range_line = None;
        let mut last: Option<(Url, u64)> = None;
        for line in lines {
            if line.is("#EXT-X-MAP") {
                items.push(PlaylistItem::Map(InitMap::read(*line, url, variables)?));
            } else if line.is("#EXT-X-PART") && line.attribute("BYTERANGE").is_some() {
                return Err(Error::Ranges(
                    line.attribute("URI").unwrap_or_default().to_owned(),
                ));
            } else if line.is("#EXT-X-BYTERANGE") {
                range_line = Some(*line);
                first_line.get_or_insert(line.at);
            } else if line.is("#EXTINF") {
                first_line.get_or_insert(line.at);
            } else if line.is_uri() {
                let segment_url = url.join(&variables.expand(line.text.trim()))?;
                let next = last
                    .take()
                    .filter(|(known, _)| *known == segment_url)
                    .map(|(_, end)| end);
                let range = range_line
                    .take()
                    .map(|line: PlaylistLine<'_>| {
                        let text = line
                            .text
                            .split_once(':')
                            .map_or("", |(_, text)| text.trim());
                        WrittenRange::read(line, text, next.unwrap_or(0))
                    })
                    .transpose()?;
                last = range
                    .as_ref()
                    .map(|range| (segment_url.clone(), range.range.end));
                items.push(PlaylistItem::Segment(MediaSegment {
                    at: first_line.take().unwrap_or(line.at),
                    url: segment_url,
                    range,
                    follows: next.is_some(),
                }));
            }
        }
        Ok(Self { items })
    }

    /// True if there is no EXT-X-MAP.
    pub(super) fn has_no_map(&self) -> bool {
        !self
            .items
            .iter()
            .any(|item| matches!(item, PlaylistItem::Map(_)))
    }

    /// True if all segments are text files.
    pub(super) fn is_text(&self) -> bool {
        !self.items.is_empty()
            && self.items.iter().all(|item| match item {
                PlaylistItem::Map(_) => false,
                PlaylistItem::Segment(segment) => {
                    let path = segment.url.path().to_ascii_lowercase();
                    TEXT_EXTENSIONS.iter().any(|end| path.ends_with(end))
                }
            })
    }

    /// Returns the ranges of all segments in a file.
    pub(super) fn ranges_of(&self, url: &Url) -> Vec<ByteRange> {
        self.items
            .iter()
            .filter_map(|item| match item {
                PlaylistItem::Segment(segment) if segment.url == *url => {
                    segment.range.as_ref().map(|written| written.range)
                }
                _ => None,
            })
            .collect()
    }
}

impl InitMap {
    fn read(line: PlaylistLine<'_>, playlist: &Url, variables: &Variables) -> Result<Self, Error> {
        let range = line
            .attribute("BYTERANGE")
            .map(|text| WrittenRange::read(line, text, 0))
            .transpose()?;
        if range
            .as_ref()
            .is_some_and(|written| written.range.start != 0)
        {
            return Err(Error::MapWithin);
        }
        Ok(Self {
            at: line.at,
            url: playlist.join(&variables.expand(line.attribute("URI").ok_or(Error::NoMap)?))?,
            range,
        })
    }
}
