// SPDX-License-Identifier: MPL-2.0
//! The texts of a track from its pad.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use cenc_mp4::cutting::TrackKind;
use cenc_mp4::segmenting::{MuxedHeader, MuxedSample, StreamSegment};
use presentation::model::is_language_tag;
use timed_text::{
    TIMESCALE, TextConfiguration, TextFormat, TextSample, TextTrack, TtmlDocument, text_trak,
};

use super::started::ChannelTimeline;
use super::text_reader::{RunningText, TextContent, TextReader};
use crate::chunk::BufferChunk;
use crate::playreadysink::error::SinkError;
use crate::playreadysink::text_input::{TextBuffer, TextEncoding, TextInput};

/// The namespace of TTML, unless the first document has another one.
const TTML: &str = "http://www.w3.org/ns/ttml";
/// The profile of documents that name none: text of IMSC 1. Players of HLS take no TTML without a profile.
const IMSC1_TEXT: &str = "http://www.w3.org/ns/ttml/profile/imsc1/text";
/// The bytes by which the encoding of a stream without caps is recognized.
const RECOGNIZABLE: usize = 16;
/// sample_flags of a sample that depends on no other: ISO/IEC 14496-12 clause 8.8.3.1.
const INDEPENDENT: u32 = 0x0200_0000;

/// The texts of a pad, and the track that they make.
pub(super) struct TextSource {
    /// The name of the pad.
    pad: String,
    /// The language of the stream.
    language: Option<String>,
    /// Buffers whose encoding is not known.
    unread: Vec<TextBuffer>,
    reader: TextReader,
    /// Texts that are not in the track yet.
    texts: VecDeque<RunningText>,
    format: Option<TextFormat>,
    timeline: Option<ChannelTimeline>,
    /// None before the start of the presentation, and until the format is known.
    track: Option<TextTrack>,
    /// The namespace and the profiles of the first document.
    document: Option<TtmlDocument>,
}

/// The number of texts that are not in the presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MissingTexts {
    /// Those that came after their segment was published.
    pub(super) late: u64,
    /// Those that cannot be read.
    pub(super) damaged: u64,
}

impl TextSource {
    pub(super) fn new(pad: String) -> Self {
        Self {
            pad,
            language: None,
            unread: Vec::new(),
            reader: TextReader::default(),
            texts: VecDeque::new(),
            format: None,
            timeline: None,
            track: None,
            document: None,
        }
    }

    /// True once its format is known.
    pub(super) const fn is_known(&self) -> bool {
        self.format.is_some()
    }

    /// Takes an input; texts before the start of the presentation wait for it.
    ///
    /// # Errors
    /// [`SinkError::FormatChanged`], [`SinkError::Text`], [`SinkError::UnknownText`], [`SinkError::UntimedText`].
    pub(super) fn take(&mut self, input: TextInput) -> Result<(), SinkError> {
        match input {
            TextInput::Encoding(encoding) => self.set_encoding(encoding)?,
            // Before the format is known, nothing waits for texts.
            TextInput::Gap(_) if self.format.is_none() => (),
            TextInput::Gap(until) => self.texts.push_back(RunningText {
                start: until,
                end: None,
                content: TextContent::Gap,
            }),
            TextInput::Buffer(buffer) => {
                self.unread.push(buffer);
                if self.reader.encoding.is_none() && self.unread_size() < RECOGNIZABLE {
                    return Ok(());
                }
                self.read_buffers()?;
            }
            TextInput::Language(language) => self.language = Some(language),
        }
        self.place()
    }

    /// Returns the bytes of the buffers whose encoding is not known.
    fn unread_size(&self) -> usize {
        let sizes = self.unread.iter().map(|buffer| buffer.bytes.size());
        sizes.sum()
    }

    fn read_buffers(&mut self) -> Result<(), SinkError> {
        if self.reader.encoding.is_none() && !self.unread.is_empty() {
            let bytes = self.unread.iter().flat_map(|buffer| buffer.bytes.iter());
            let start: Vec<u8> = bytes.copied().take(RECOGNIZABLE).collect();
            let encoding = TextEncoding::recognize(&start);
            self.set_encoding(encoding.ok_or_else(|| SinkError::UnknownText {
                pad: self.pad.clone(),
            })?)?;
        }
        for buffer in std::mem::take(&mut self.unread) {
            let read = self.reader.read(&buffer, &mut self.texts);
            read.map_err(|fault| fault.of_pad(&self.pad))?;
        }
        Ok(())
    }

    fn set_encoding(&mut self, encoding: TextEncoding) -> Result<(), SinkError> {
        self.reader.encoding = Some(encoding);
        match self.format.replace(encoding.format()) {
            Some(known) if known != encoding.format() => Err(SinkError::FormatChanged {
                pad: self.pad.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Starts the presentation. `format` is that of the stream to come, if it is known.
    ///
    /// # Errors
    /// Those of [`Self::take`].
    pub(super) fn start(
        &mut self,
        timeline: ChannelTimeline,
        format: Option<TextFormat>,
    ) -> Result<(), SinkError> {
        self.timeline = Some(timeline);
        self.format = self.format.or(format);
        self.place()
    }

    /// Takes the end of the stream.
    ///
    /// # Errors
    /// [`SinkError::Text`].
    pub(super) fn end(&mut self) -> Result<(), SinkError> {
        self.read_buffers()?;
        let ended = self.reader.end(&mut self.texts);
        ended.map_err(|fault| fault.of_pad(&self.pad))?;
        self.place()?;
        if let Some(track) = &mut self.track {
            track.end();
        }
        Ok(())
    }

    /// Forgets what came before a jump in the stream.
    pub(super) fn flush(&mut self) {
        self.unread.clear();
        self.reader.flush();
        self.texts.clear();
        if let Some(track) = &mut self.track {
            track.flush();
        }
    }

    /// Moves texts to their times in the presentation.
    fn place(&mut self) -> Result<(), SinkError> {
        let (Some(timeline), Some(format)) = (self.timeline, self.format) else {
            return Ok(());
        };
        let track = self.track.get_or_insert_with(|| TextTrack::new(format));
        while let Some(text) = self.texts.pop_front() {
            let [start, end] = [Some(text.start), text.end]
                .map(|time| time.map(|time| media_time(time + timeline.shift())));
            let start = start.unwrap_or_default();
            match text.content {
                TextContent::Gap => track.reach(start),
                TextContent::Silence => track.push_silence(start),
                TextContent::Cue(cue) => match end {
                    Some(end) => track.push_cue(start..end, cue),
                    None => track.push_open_cue(start, cue),
                },
                TextContent::Document {
                    text,
                    to_running_time,
                    has_time,
                } => {
                    let shift = to_running_time + timeline.shift();
                    let document =
                        TtmlDocument::read(text, shift).map_err(|source| SinkError::Text {
                            pad: self.pad.clone(),
                            source,
                        })?;
                    self.document.get_or_insert_with(|| document.clone());
                    match (has_time, document.shown()) {
                        (true, _) => track.push_document(start, end, document),
                        (false, Some((start, end))) => track.push_document(start, end, document),
                        (false, None) => (),
                    }
                }
            }
        }
        Ok(())
    }

    /// True if a segment that ends at `end` has all its texts. None is the end of the presentation.
    pub(super) fn is_complete_until(&self, end: Option<Duration>) -> bool {
        let track = self.track.as_ref();
        track.is_none_or(|track| end.is_some_and(|end| track.is_complete_until(end)))
    }

    /// Returns the number of texts that start after the last segment.
    pub(super) fn remaining(&self) -> usize {
        self.track.as_ref().map_or(0, TextTrack::remaining)
    }

    /// Takes the segment of a part of the presentation; None before the format is known, and for an empty part.
    pub(super) fn take_segment(
        &mut self,
        part: Range<Duration>,
        start_index: u64,
    ) -> Option<StreamSegment<BufferChunk>> {
        let samples = self.track.as_mut()?.take(part);
        (!samples.is_empty()).then(|| StreamSegment {
            start_index,
            samples: samples.into_iter().map(muxed_sample).collect(),
        })
    }

    /// Returns the number of texts that are missing in the presentation since the last call.
    pub(super) fn take_missing(&mut self) -> MissingTexts {
        MissingTexts {
            late: self.track.as_mut().map_or(0, TextTrack::take_lost),
            damaged: std::mem::take(&mut self.reader.damaged),
        }
    }

    /// Describes the track as far as it is known; what comes later does not change it. A language that is given has precedence over that of the
    /// stream.
    ///
    /// # Errors
    /// [`SinkError::Muxer`] for a description that is too long.
    pub(super) fn header(&self, language: Option<&str>) -> Result<MuxedHeader, SinkError> {
        let configuration = match self.format {
            Some(TextFormat::Ttml) => {
                let document = self.document.as_ref();
                let namespace = document.map_or(TTML, TtmlDocument::namespace);
                let profiles = document.map_or("", TtmlDocument::profiles);
                TextConfiguration::Ttml {
                    namespace: namespace.to_owned(),
                    profiles: match profiles {
                        "" => IMSC1_TEXT.to_owned(),
                        stated => stated.to_owned(),
                    },
                }
            }
            _ => TextConfiguration::WebVtt {
                header: self.reader.web_vtt_header(),
            },
        };
        let own = self.language.as_deref().filter(|tag| is_language_tag(tag));
        let language = language.or(own);
        let trak = text_trak(&configuration, language).map_err(|error| SinkError::Muxer {
            pad: self.pad.clone(),
            source: error.into(),
        })?;
        Ok(MuxedHeader {
            trak,
            kind: TrackKind::Other,
            timescale: TIMESCALE,
        })
    }
}

/// Returns nanoseconds as a time of the presentation, which starts at 0.
fn media_time(nanoseconds: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX))
}

fn muxed_sample(sample: TextSample) -> MuxedSample<BufferChunk> {
    let TextSample {
        start,
        duration,
        media,
    } = sample;
    MuxedSample {
        decode_time: i64::try_from(start).unwrap_or(i64::MAX),
        composition_offset: 0,
        duration,
        size: u32::try_from(media.len()).unwrap_or(u32::MAX),
        flags: INDEPENDENT,
        media: vec![BufferChunk::Copied(media)],
    }
}
