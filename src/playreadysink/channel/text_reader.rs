// SPDX-License-Identifier: MPL-2.0
//! Reads texts from buffers, and says at which running times they are shown.

use std::collections::VecDeque;
use std::time::Duration;

use timed_text::{Cue, TtmlReader, WebVttBlock, WebVttReader, pango_text, plain_text};

use crate::playreadysink::error::SinkError;
use crate::playreadysink::text_input::{TextBuffer, TextEncoding};

/// A text in running time, in nanoseconds.
pub(super) struct RunningText {
    pub(super) start: i128,
    /// None until the next text replaces it.
    pub(super) end: Option<i128>,
    pub(super) content: TextContent,
}

pub(super) enum TextContent {
    /// Its own times do not count.
    Cue(Cue),
    Document {
        text: String,
        /// Nanoseconds from its times to running time.
        to_running_time: i128,
        /// True if the times of its buffer count; false if it says itself when it is shown.
        has_time: bool,
    },
    /// No text, which ends the one before.
    Silence,
    /// Nothing starts before.
    Gap,
}

/// A text that cannot be read.
pub(super) enum TextFault {
    Damaged(timed_text::Error),
    /// A text without any time.
    Untimed,
}

impl TextFault {
    pub(super) fn of_pad(self, pad: &str) -> SinkError {
        let pad = pad.to_owned();
        match self {
            Self::Damaged(source) => SinkError::Text { pad, source },
            Self::Untimed => SinkError::UntimedText { pad },
        }
    }
}

/// Reads the buffers of a pad.
#[derive(Default)]
pub(super) struct TextReader {
    pub(super) encoding: Option<TextEncoding>,
    web_vtt: WebVttReader,
    ttml: TtmlReader,
    /// The style sheets and regions of WebVTT before the first cue.
    definitions: Vec<String>,
    has_cues: bool,
    /// Nanoseconds from the times in WebVTT to running time.
    to_running_time: i128,
    /// The time of the buffer in which the document under way started.
    document_start: Option<BufferTime>,
    /// The number of cues that could not be read.
    pub(super) damaged: u64,
}

/// The time of a buffer in running time, in nanoseconds.
#[derive(Clone, Copy)]
struct BufferTime {
    start: i128,
    end: Option<i128>,
}

impl TextReader {
    /// Reads a buffer.
    ///
    /// # Errors
    /// [`TextFault`].
    pub(super) fn read(
        &mut self,
        buffer: &TextBuffer,
        texts: &mut VecDeque<RunningText>,
    ) -> Result<(), TextFault> {
        let time = buffer.start.map(|start| BufferTime {
            start: start + buffer.to_running_time,
            end: buffer.end.map(|end| end + buffer.to_running_time),
        });
        self.to_running_time = buffer.to_running_time;
        match self.encoding {
            Some(TextEncoding::Ttml) => self.read_ttml(buffer, time, texts),
            Some(TextEncoding::WebVtt) => {
                let mut blocks = Vec::new();
                let mut read = self.web_vtt.push(&buffer.bytes, &mut blocks);
                if buffer.start.is_some() {
                    // A buffer with a timestamp is no part of a file: its last cue is complete.
                    read = read.and_then(|()| self.web_vtt.end(&mut blocks));
                }
                read.map_err(TextFault::Damaged)?;
                self.take_blocks(blocks, texts);
                Ok(())
            }
            encoding => {
                let BufferTime { start, end } = time.ok_or(TextFault::Untimed)?;
                let text = std::str::from_utf8(&buffer.bytes);
                let text = text.map_err(|_| TextFault::Damaged(timed_text::Error::NotUtf8))?;
                let text = match encoding {
                    Some(TextEncoding::Pango) => pango_text(text),
                    _ => plain_text(text),
                };
                let content = match text.is_empty() {
                    true => TextContent::Silence,
                    false => TextContent::Cue(Cue::new(Duration::ZERO, Duration::ZERO, text)),
                };
                texts.push_back(RunningText {
                    start,
                    end,
                    content,
                });
                Ok(())
            }
        }
    }

    fn read_ttml(
        &mut self,
        buffer: &TextBuffer,
        time: Option<BufferTime>,
        texts: &mut VecDeque<RunningText>,
    ) -> Result<(), TextFault> {
        let mut documents = Vec::new();
        let read = self.ttml.push(&buffer.bytes, &mut documents);
        read.map_err(TextFault::Damaged)?;
        // A document has the time of the buffer in which it starts.
        let mut start = self.document_start.take().or(time);
        for text in documents {
            texts.push_back(RunningText {
                start: start.map_or(0, |time| time.start),
                end: start.and_then(|time| time.end),
                content: TextContent::Document {
                    text,
                    to_running_time: buffer.to_running_time,
                    has_time: start.is_some(),
                },
            });
            start = time;
        }
        self.document_start = match self.ttml.is_within_document() {
            true => start,
            false => None,
        };
        Ok(())
    }

    /// Forgets the text under way, after a jump in the stream.
    pub(super) fn flush(&mut self) {
        self.web_vtt = WebVttReader::default();
        self.ttml = TtmlReader::default();
        self.document_start = None;
    }

    /// Reads what the end of the stream completes.
    ///
    /// # Errors
    /// [`TextFault`].
    pub(super) fn end(&mut self, texts: &mut VecDeque<RunningText>) -> Result<(), TextFault> {
        let mut blocks = Vec::new();
        self.web_vtt.end(&mut blocks).map_err(TextFault::Damaged)?;
        self.take_blocks(blocks, texts);
        self.ttml.end().map_err(TextFault::Damaged)
    }

    fn take_blocks(&mut self, blocks: Vec<WebVttBlock>, texts: &mut VecDeque<RunningText>) {
        for block in blocks {
            match block {
                WebVttBlock::Cue(cue) => {
                    self.has_cues = true;
                    let [start, end] = [cue.start, cue.end]
                        .map(|time| time.as_nanos().cast_signed() + self.to_running_time);
                    texts.push_back(RunningText {
                        start,
                        end: Some(end),
                        content: TextContent::Cue(cue),
                    });
                }
                WebVttBlock::Definition(text)
                    if !self.has_cues && !self.definitions.contains(&text) =>
                {
                    self.definitions.push(text);
                }
                WebVttBlock::Damaged(_) => self.damaged += 1,
                WebVttBlock::Signature(_) | WebVttBlock::Definition(_) | WebVttBlock::Other(_) => {}
            }
        }
    }

    /// Returns the header of WebVTT, with its signature.
    pub(super) fn web_vtt_header(&self) -> String {
        let signature = std::iter::once("WEBVTT");
        let blocks = signature.chain(self.definitions.iter().map(String::as_str));
        blocks.collect::<Vec<_>>().join("\n\n")
    }
}
