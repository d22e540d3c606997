// SPDX-License-Identifier: MPL-2.0
//! The entries of a playlist, which are segments or key frames, with the lines that apply from them on (RFC 8216, 4.3.2).

use std::iter::{self, Peekable};
use std::slice;
use std::vec;

use super::HlsOptions;
use super::keys::{KeyLines, track_keys};
use super::live::SegmentDates;
use super::tags::Tag;
use crate::ByteRange;
use crate::model::{LaterPart, LiveTimes, PresentedTrack, TrackFiles};
use crate::writer::WriteError;
use crate::writer::names::url_reference;

/// A segment or key frame in a playlist.
pub(super) struct PlaylistEntry {
    /// The index of the segment.
    pub segment: usize,
    /// In ticks.
    pub start: u64,
    /// In ticks.
    pub end: u64,
    /// None for a whole file.
    pub bytes: Option<ByteRange>,
}

/// Returns the lines of entries, with those of keys and init segments.
///
/// # Errors
/// Those of [`track_keys`].
pub(super) fn entry_lines(
    track: &PresentedTrack,
    live: Option<&LiveTimes>,
    options: &HlsOptions,
    entries: &[PlaylistEntry],
) -> Result<Vec<String>, WriteError> {
    let mut writer = EntryWriter {
        track,
        keys: track_keys(track, options)?.into_iter().peekable(),
        later_parts: track.later_parts.iter().peekable(),
        files: &track.files,
        dates: live.map(|live| SegmentDates::new(track, live)),
        clock: 0,
        lines: Vec::new(),
    };
    if !entries.is_empty() {
        writer.start();
    }
    for entry in entries {
        writer.add(entry);
    }
    Ok(writer.lines)
}

/// Writes entries one after the other.
struct EntryWriter<'p> {
    track: &'p PresentedTrack,
    /// The key lines that are not written yet.
    keys: Peekable<vec::IntoIter<KeyLines>>,
    /// The parts of the track that have not begun.
    later_parts: Peekable<slice::Iter<'p, LaterPart>>,
    /// The files of the part that has begun.
    files: &'p TrackFiles,
    /// None on demand.
    dates: Option<SegmentDates<'p>>,
    /// The start of the next entry if there was no gap, in ticks.
    clock: u64,
    lines: Vec<String>,
}

impl EntryWriter<'_> {
    /// Writes the keys and the init segment of segment 0. The parts that begin there without being the last to do so have no segments.
    fn start(&mut self) {
        while let Some(first) = self.keys.next_if(|keys| keys.segment == 0) {
            self.lines.extend(first.lines);
        }
        while let Some(part) = self.later_parts.next_if(|part| part.first_segment == 0) {
            self.files = &part.files;
        }
        self.lines.push(map_line(self.files));
    }

    fn add(&mut self, entry: &PlaylistEntry) {
        let has_break = self.enter(entry.segment);
        if let Some(dates) = &mut self.dates {
            self.lines.extend(dates.line(entry, has_break));
            // EXTINF must be the same in each update, wherever the window starts.
            self.clock = entry.start;
        }
        let end = self.clock + (entry.end - entry.start);
        let micros = |ticks| micros(ticks, self.track.timescale);
        self.lines.push(extinf(micros(self.clock), micros(end)));
        self.clock = end;
        if let Some(bytes) = entry.bytes {
            self.lines
                .push(format!("#EXT-X-BYTERANGE:{}", range_text(bytes)));
        }
        let number = self.track.number_of(entry.segment);
        let name = self.files.segment_name(number).unwrap_or_default();
        self.lines.push(url_reference(&name));
    }

    /// Writes the lines that apply from a segment on: discontinuities, keys and the init segment. Returns true after a discontinuity.
    fn enter(&mut self, segment: usize) -> bool {
        let begun: Vec<&LaterPart> = iter::from_fn(|| {
            self.later_parts
                .next_if(|part| part.first_segment <= segment)
        })
        .collect();
        let breaks: u64 = begun.iter().map(|part| part.discontinuities).sum();
        let break_lines = (0..breaks).map(|_| "#EXT-X-DISCONTINUITY".to_owned());
        self.lines.extend(break_lines);
        // Of several changes before a key frame that is listed, the last one counts.
        let changes = iter::from_fn(|| self.keys.next_if(|keys| keys.segment <= segment));
        self.lines
            .extend(changes.last().into_iter().flat_map(|keys| keys.lines));
        if let Some(part) = begun.last() {
            self.files = &part.files;
            self.lines.push(map_line(self.files));
        }
        breaks > 0
    }
}

fn map_line(files: &TrackFiles) -> String {
    let tag = Tag::new("#EXT-X-MAP:");
    match files {
        TrackFiles::Segments { init, .. } => tag.quoted("URI", &url_reference(init)),
        TrackFiles::Single { name, init, .. } => tag
            .quoted("URI", &url_reference(name))
            .quoted("BYTERANGE", &range_text(*init)),
        TrackFiles::WebVtt { .. } => tag,
    }
    .into_line()
}

/// Returns a range as length and offset (4.3.2.2).
fn range_text(range: ByteRange) -> String {
    format!("{}@{}", range.end.saturating_sub(range.start), range.start)
}

/// Returns the EXTINF line from one time to another, in microseconds.
pub(super) fn extinf(start: u128, end: u128) -> String {
    let micros = end.saturating_sub(start);
    format!("#EXTINF:{}.{:06},", micros / 1_000_000, micros % 1_000_000)
}

/// Returns ticks as microseconds, rounded to the nearest.
fn micros(ticks: u64, timescale: u32) -> u128 {
    let timescale = u128::from(timescale.max(1));
    (u128::from(ticks) * 1_000_000 + timescale / 2) / timescale
}
