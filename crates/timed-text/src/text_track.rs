// SPDX-License-Identifier: MPL-2.0
//! The texts of a track, and the samples of its segments.

use std::ops::Range;
use std::time::Duration;

use bytes::BytesMut;

use super::boxes::{SampleCue, TIMESCALE, web_vtt_sample};
use super::{Cue, TtmlDocument};

/// The document of a time without text.
const EMPTY_DOCUMENT: &str = "<tt xmlns=\"http://www.w3.org/ns/ttml\" xml:lang=\"\"><body/></tt>";

/// The format of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// Samples of `wvtt`.
    WebVtt,
    /// Samples of `stpp`.
    Ttml,
}

/// Holds what is shown when, and makes the samples of any part of the timeline. Parts are taken in order, and each once.
#[derive(Debug)]
pub struct TextTrack {
    format: TextFormat,
    texts: Vec<TimedText>,
    next_id: u32,
    /// All texts that start before it have come.
    reached: Duration,
    has_ended: bool,
    /// The end of the last part.
    taken: Duration,
    lost: u64,
}

/// A sample: what is shown for a time. All are sync samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSample {
    /// In ticks of [`TIMESCALE`].
    pub start: u64,
    /// In ticks; not 0.
    pub duration: u32,
    /// Its bytes; at least one.
    pub media: BytesMut,
}

/// A text and the time for which it is shown.
#[derive(Debug)]
struct TimedText {
    start: Duration,
    /// None until the next text replaces it.
    end: Option<Duration>,
    id: u32,
    content: TextContent,
}

#[derive(Debug)]
enum TextContent {
    Cue(Cue),
    Document(TtmlDocument),
}

impl TimedText {
    fn is_shown_in(&self, time: &Range<Duration>) -> bool {
        self.start < time.end && self.end.is_none_or(|end| end > time.start)
    }
}

impl TextTrack {
    /// Creates a track without texts.
    pub const fn new(format: TextFormat) -> Self {
        Self {
            format,
            texts: Vec::new(),
            next_id: 0,
            reached: Duration::ZERO,
            has_ended: false,
            taken: Duration::ZERO,
            lost: 0,
        }
    }

    /// Adds a cue that is shown for this time; times in its text count as its own start does. Its part before the end of what was taken is
    /// lost.
    pub fn push_cue(&mut self, shown: Range<Duration>, cue: Cue) {
        self.push(shown.start, Some(shown.end), TextContent::Cue(cue));
    }

    /// Adds a cue that is shown from `start` until the next text.
    pub fn push_open_cue(&mut self, start: Duration, cue: Cue) {
        self.push(start, None, TextContent::Cue(cue));
    }

    /// Adds a document that replaces the one before at `start`; it is shown until `end`, or until the next one.
    pub fn push_document(
        &mut self,
        start: Duration,
        end: Option<Duration>,
        document: TtmlDocument,
    ) {
        let start = on_tick(start);
        for before in self.texts.iter_mut().filter(|text| text.start <= start) {
            before.end = Some(before.end.map_or(start, |end| end.min(start)));
        }
        self.push(start, end, TextContent::Document(document));
    }

    /// Ends the texts that are shown until the next one.
    pub fn push_silence(&mut self, start: Duration) {
        let start = on_tick(start);
        let open = |text: &&mut TimedText| text.end.is_none() && text.start <= start;
        for open in self.texts.iter_mut().filter(open) {
            open.end = Some(start);
        }
        self.reach(start);
    }

    fn push(&mut self, start: Duration, end: Option<Duration>, content: TextContent) {
        self.push_silence(start);
        let (start, end) = (on_tick(start), end.map(on_tick));
        if end.is_some_and(|end| end <= self.taken) {
            self.lost += 1;
            return;
        }
        self.texts.push(TimedText {
            start,
            end,
            id: self.next_id,
            content,
        });
        self.next_id = self.next_id.wrapping_add(1);
    }

    /// Records that no text starts before a time.
    pub fn reach(&mut self, time: Duration) {
        self.reached = self.reached.max(time);
    }

    /// Records that no more text comes.
    pub const fn end(&mut self) {
        self.has_ended = true;
    }

    /// Forgets the texts that were not taken, after a jump in the stream.
    pub fn flush(&mut self) {
        self.texts.clear();
        self.reached = self.taken;
        self.has_ended = false;
    }

    /// True if all texts that start before a time are here.
    pub fn is_complete_until(&self, time: Duration) -> bool {
        self.has_ended || self.reached >= time
    }

    /// Returns the number of texts that start at the end of what was taken, or later.
    pub fn remaining(&self) -> usize {
        let texts = self.texts.iter();
        texts.filter(|text| text.start >= self.taken).count()
    }

    /// Returns the number of texts, since the last call, that came after their time was taken.
    pub const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }

    /// Takes the samples of a part of the timeline, which they fill; none for an empty part.
    pub fn take(&mut self, part: Range<Duration>) -> Vec<TextSample> {
        let part = on_tick(part.start)..on_tick(part.end);
        let mut bounds: Vec<Duration> = self
            .texts
            .iter()
            .filter(|text| text.is_shown_in(&part))
            .flat_map(|text| [Some(text.start), text.end])
            .flatten()
            .filter(|time| part.contains(time))
            .chain([part.start, part.end])
            .collect();
        bounds.sort_unstable();
        bounds.dedup();
        let samples = bounds
            .iter()
            .zip(bounds.iter().skip(1))
            .map(|(start, end)| self.sample(&(*start..*end)))
            .collect();
        self.taken = self.taken.max(part.end);
        self.texts
            .retain(|text| text.end.is_none_or(|end| end > part.end));
        samples
    }

    fn sample(&self, time: &Range<Duration>) -> TextSample {
        let shown = self.texts.iter().filter(|text| text.is_shown_in(time));
        let media = match self.format {
            TextFormat::WebVtt => {
                let cues: Vec<SampleCue<'_>> = shown
                    .filter_map(|text| match &text.content {
                        TextContent::Cue(cue) => Some(SampleCue {
                            cue,
                            source_id: (text.start < time.start || text.end != Some(time.end))
                                .then_some(text.id),
                            elapsed: time.start.saturating_sub(text.start),
                        }),
                        TextContent::Document(_) => None,
                    })
                    .collect();
                web_vtt_sample(&cues)
            }
            TextFormat::Ttml => {
                let last = shown.max_by_key(|text| text.start);
                let document = last.and_then(|text| match &text.content {
                    TextContent::Document(document) => Some(document.part(time)),
                    TextContent::Cue(_) => None,
                });
                BytesMut::from(document.as_deref().unwrap_or(EMPTY_DOCUMENT))
            }
        };
        let start = ticks(time.start);
        TextSample {
            start,
            duration: u32::try_from(ticks(time.end).saturating_sub(start)).unwrap_or(u32::MAX),
            media,
        }
    }
}

/// Returns the nearest tick.
fn ticks(time: Duration) -> u64 {
    let ticks = (time.as_nanos() * u128::from(TIMESCALE) + 500_000_000) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Returns the time of the nearest tick, so that equal ticks are equal times.
fn on_tick(time: Duration) -> Duration {
    let nanoseconds = u128::from(ticks(time)) * 1_000_000_000 / u128::from(TIMESCALE);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
