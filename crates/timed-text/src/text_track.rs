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

    /// Returns the format.
    pub const fn format(&self) -> TextFormat {
        self.format
    }

    /// Adds a cue. Its part before the end of what was taken is lost.
    pub fn push_cue(&mut self, cue: Cue) {
        self.push(cue.start, Some(cue.end), TextContent::Cue(cue));
    }

    /// Adds a cue that is shown until the next one; its end is not looked at.
    pub fn push_open_cue(&mut self, cue: Cue) {
        self.push(cue.start, None, TextContent::Cue(cue));
    }

    /// Adds a document that replaces the one before at `start`; it is shown until `end`, or until the next one.
    pub fn push_document(
        &mut self,
        start: Duration,
        end: Option<Duration>,
        document: TtmlDocument,
    ) {
        for before in &mut self.texts {
            before.end = Some(
                before
                    .end
                    .map_or(start, |end| end.min(start))
                    .max(before.start),
            );
        }
        self.push(start, end, TextContent::Document(document));
    }

    fn push(&mut self, start: Duration, end: Option<Duration>, content: TextContent) {
        self.reach(start);
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

    /// Records that no text starts before a time, and ends the text that is shown until the next one.
    pub fn reach(&mut self, time: Duration) {
        for open in self.texts.iter_mut().filter(|text| text.end.is_none()) {
            open.end = Some(time.max(open.start));
        }
        self.reached = self.reached.max(time);
    }

    /// Records that no more text comes.
    pub const fn end(&mut self) {
        self.has_ended = true;
    }

    /// Forgets the texts that were not taken, after a jump in the stream.
    pub fn flush(&mut self) {
        self.texts.clear();
        self.has_ended = false;
    }

    /// True if all texts that start before a time are here.
    pub fn is_complete_until(&self, time: Duration) -> bool {
        self.has_ended || self.reached >= time
    }

    /// Returns the end of the last text; 0 without texts.
    pub fn last_end(&self) -> Duration {
        let ends = self.texts.iter().filter_map(|text| text.end);
        ends.max().unwrap_or(Duration::ZERO)
    }

    /// Returns the number of texts, since the last call, that came after their time was taken.
    pub const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }

    /// Takes the samples of a part of the timeline, which they fill; none for an empty part.
    pub fn take(&mut self, part: Range<Duration>) -> Vec<TextSample> {
        let mut bounds: Vec<Duration> = self
            .texts
            .iter()
            .filter(|text| text.is_shown_in(&part))
            .flat_map(|text| [Some(text.start), text.end])
            .flatten()
            .filter(|time| part.contains(time))
            .chain([part.start, part.end])
            .collect();
        bounds.sort_unstable_by_key(|time| ticks(*time));
        bounds.dedup_by_key(|time| ticks(*time));
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn milliseconds(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    fn cue(start: u64, end: u64, text: &str) -> Cue {
        Cue::new(milliseconds(start), milliseconds(end), text.to_owned())
    }

    /// The start and duration of samples in milliseconds.
    fn times(samples: &[TextSample]) -> Vec<(u64, u32)> {
        let times = samples.iter();
        times
            .map(|sample| (sample.start / 90, sample.duration / 90))
            .collect()
    }

    /// A box with 32 bits of size.
    fn boxed(box_type: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(8 + body.len()).unwrap();
        [&size.to_be_bytes(), &box_type[..], body].concat()
    }

    // 14496-30, clause 7.4: a sample for each time in which the same cues are shown; the parts of a cue have the same source ID.
    #[test]
    fn overlapping_cues_are_divided_where_one_starts_or_ends() {
        let mut track = TextTrack::new(TextFormat::WebVtt);
        track.push_cue(cue(500, 1500, "A"));
        track.push_cue(cue(1000, 3000, "B"));
        track.push_cue(cue(3200, 3400, "C"));
        let first = track.take(milliseconds(0)..milliseconds(2000));
        assert_eq!(
            times(&first),
            [(0, 500), (500, 500), (1000, 500), (1500, 500)]
        );
        let part = |source_id: u32, text: &[u8]| {
            let source_id = boxed(b"vsid", &source_id.to_be_bytes());
            boxed(b"vttc", &[source_id, boxed(b"payl", text)].concat())
        };
        let (a, b) = (part(0, b"A"), part(1, b"B"));
        let expected = [boxed(b"vtte", &[]), a.clone(), [a, b.clone()].concat(), b];
        for (sample, expected) in first.iter().zip(expected) {
            assert_eq!(sample.media, expected);
        }
        let second = track.take(milliseconds(2000)..milliseconds(4000));
        assert_eq!(
            times(&second),
            [(2000, 1000), (3000, 200), (3200, 200), (3400, 600)]
        );
        // C is in one sample only, and needs no source ID.
        let third = boxed(b"vttc", &boxed(b"payl", b"C"));
        assert_eq!(second[2].media, third);
    }

    #[test]
    fn late_cue_shows_what_is_left_of_it() {
        let mut track = TextTrack::new(TextFormat::WebVtt);
        track.take(milliseconds(0)..milliseconds(2000));
        track.push_cue(cue(1000, 2000, "lost"));
        track.push_cue(cue(1000, 3000, "late"));
        assert_eq!((track.take_lost(), track.take_lost()), (1, 0));
        let left = track.take(milliseconds(2000)..milliseconds(4000));
        assert_eq!(times(&left), [(2000, 1000), (3000, 1000)]);
    }

    #[test]
    fn open_cue_is_shown_until_the_next() {
        let mut track = TextTrack::new(TextFormat::WebVtt);
        track.push_open_cue(cue(1000, 1000, "A"));
        assert_eq!(track.take(milliseconds(0)..milliseconds(2000)).len(), 2);
        assert!(!track.is_complete_until(milliseconds(3000)));
        track.push_open_cue(cue(3000, 3000, "B"));
        assert!(track.is_complete_until(milliseconds(3000)));
        track.reach(milliseconds(5000));
        let rest = track.take(milliseconds(2000)..milliseconds(6000));
        assert_eq!(times(&rest), [(2000, 1000), (3000, 2000), (5000, 1000)]);
    }

    #[test]
    fn document_is_in_each_segment_in_which_it_is_shown() {
        let document = |text: &str| {
            let text = format!(
                "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div>{text}</div></body></tt>"
            );
            TtmlDocument::read(text, 0).unwrap()
        };
        let mut track = TextTrack::new(TextFormat::Ttml);
        let long = "<p begin=\"1s\" end=\"3s\">A</p><p begin=\"3s\" end=\"5s\">B</p>";
        track.push_document(milliseconds(1000), Some(milliseconds(5000)), document(long));
        track.push_document(milliseconds(4000), None, document("<p>C</p>"));
        let texts: Vec<String> = [0..2000, 2000..4000, 4000..6000]
            .into_iter()
            .flat_map(|part: Range<u64>| {
                track.take(milliseconds(part.start)..milliseconds(part.end))
            })
            .map(|sample| {
                let text = String::from_utf8(sample.media.to_vec()).unwrap();
                let letters = text.chars().filter(char::is_ascii_uppercase);
                format!(
                    "{} {} {}",
                    sample.start / 90,
                    sample.duration / 90,
                    letters.collect::<String>()
                )
            })
            .collect();
        assert_eq!(
            texts,
            ["0 1000 ", "1000 1000 A", "2000 2000 AB", "4000 2000 C"]
        );
    }
}
