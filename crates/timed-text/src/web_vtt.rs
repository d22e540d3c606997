// SPDX-License-Identifier: MPL-2.0
//! Reads WebVTT (W3C WebVTT, 4.1 and 6.1), from a file or as it arrives.

use std::time::Duration;

use super::{Cue, Error, MAX_DOCUMENT};

/// The text with which a file starts, after a byte order mark.
const SIGNATURE: &str = "WEBVTT";
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a stream of WebVTT block by block.
#[derive(Debug, Default)]
pub struct WebVttReader {
    /// The bytes of the block that is not complete.
    pending: Vec<u8>,
}

/// A block of a file, which an empty line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebVttBlock {
    /// The signature with what follows it.
    Signature(String),
    /// A style sheet or a region.
    Definition(String),
    /// A cue.
    Cue(Cue),
    /// A cue whose times cannot be read.
    Damaged(String),
    /// A comment, and anything else.
    Other(String),
}

impl WebVttReader {
    /// Takes the next bytes, and appends the blocks that are complete with them.
    ///
    /// # Errors
    /// [`Error::NotUtf8`], [`Error::TooLarge`].
    pub fn push(&mut self, bytes: &[u8], blocks: &mut Vec<WebVttBlock>) -> Result<(), Error> {
        self.pending.extend_from_slice(bytes);
        // A line feed may follow.
        let complete = match self.pending.last() {
            Some(b'\r') => self.pending.len() - 1,
            _ => self.pending.len(),
        };
        let Some(end) = self.pending.get(..complete).and_then(last_block_end) else {
            return match self.pending.len() > MAX_DOCUMENT {
                true => Err(Error::TooLarge {
                    limit: MAX_DOCUMENT,
                }),
                false => Ok(()),
            };
        };
        let rest = self.pending.split_off(end);
        let complete = std::mem::replace(&mut self.pending, rest);
        read_blocks(&complete, blocks)
    }

    /// Appends the last block, which needs no empty line after it.
    ///
    /// # Errors
    /// [`Error::NotUtf8`].
    pub fn end(&mut self, blocks: &mut Vec<WebVttBlock>) -> Result<(), Error> {
        read_blocks(&std::mem::take(&mut self.pending), blocks)
    }
}

/// True for the start of a WebVTT file.
pub fn is_web_vtt(start: &[u8]) -> bool {
    let start = start
        .strip_prefix(BYTE_ORDER_MARK.as_bytes())
        .unwrap_or(start);
    start.starts_with(SIGNATURE.as_bytes())
}

/// Returns the position after the last empty line.
fn last_block_end(bytes: &[u8]) -> Option<usize> {
    let mut end = None;
    let mut line_is_empty = false;
    let mut previous = 0;
    for (position, byte) in (1..).zip(bytes) {
        match byte {
            b'\n' if previous == b'\r' => {
                end = end.map(|end| if end + 1 == position { position } else { end });
            }
            b'\n' | b'\r' => {
                if line_is_empty {
                    end = Some(position);
                }
                line_is_empty = true;
            }
            _ => line_is_empty = false,
        }
        previous = *byte;
    }
    end
}

fn read_blocks(bytes: &[u8], blocks: &mut Vec<WebVttBlock>) -> Result<(), Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8)?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let found = text.split("\n\n").map(|block| block.trim_matches('\n'));
    for block in found.filter(|block| !block.is_empty()) {
        read_block(block, blocks);
    }
    Ok(())
}

fn read_block(block: &str, blocks: &mut Vec<WebVttBlock>) {
    let block = block.strip_prefix(BYTE_ORDER_MARK).unwrap_or(block);
    let lines: Vec<&str> = block.lines().collect();
    let first = lines.first().copied().unwrap_or_default();
    if first.starts_with(SIGNATURE) {
        return blocks.push(WebVttBlock::Signature(block.to_owned()));
    }
    match first.split([' ', '\t']).next() {
        Some("STYLE" | "REGION") => return blocks.push(WebVttBlock::Definition(block.to_owned())),
        Some("NOTE") => return blocks.push(WebVttBlock::Other(block.to_owned())),
        _ => (),
    }
    // A line with times starts a cue, also without an empty line before it.
    let is_timing = |line: &&str| line.contains("-->");
    let mut starts = (0..lines.len()).filter(|index| lines.get(*index).is_some_and(is_timing));
    let Some(mut start) = starts.next() else {
        return blocks.push(WebVttBlock::Other(block.to_owned()));
    };
    let mut identifier = match start {
        0 => Ok(None),
        1 => Ok(Some(first)),
        _ => Err(Damaged),
    };
    loop {
        let next = starts.next();
        let end = next.unwrap_or(lines.len());
        let cue = lines.get(start..end).unwrap_or_default();
        let read = identifier.and_then(|identifier| read_cue(identifier, cue));
        blocks.push(match read {
            Ok(cue) => WebVttBlock::Cue(cue),
            Err(Damaged) => WebVttBlock::Damaged(cue.join("\n")),
        });
        identifier = Ok(None);
        match next {
            Some(next) => start = next,
            None => return,
        }
    }
}

/// A cue whose times cannot be read, or of which the second is not later.
#[derive(Clone, Copy)]
struct Damaged;

/// Reads a line with times and the lines of text after it.
fn read_cue(identifier: Option<&str>, lines: &[&str]) -> Result<Cue, Damaged> {
    let (timing, text) = lines.split_first().ok_or(Damaged)?;
    let (start, rest) = timing.split_once("-->").ok_or(Damaged)?;
    let rest = rest.trim();
    let (end, settings) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let start = read_time(start.trim()).ok_or(Damaged)?;
    let end = read_time(end).filter(|end| *end > start).ok_or(Damaged)?;
    let settings = Some(settings.trim()).filter(|settings| !settings.is_empty());
    Ok(Cue {
        start,
        end,
        identifier: identifier.map(str::to_owned),
        settings: settings.map(str::to_owned),
        text: text.join("\n"),
    })
}

/// Reads a timestamp such as 01:02:03.004 or 02:03.004 (W3C WebVTT, 4.3).
fn read_time(text: &str) -> Option<Duration> {
    let (whole, milliseconds) = text.split_once('.')?;
    let seconds = whole.split(':').try_fold(0_u64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.parse().ok()?)
    })?;
    let milliseconds = milliseconds
        .parse()
        .ok()
        .filter(|_| milliseconds.len() == 3)?;
    Duration::from_secs(seconds).checked_add(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\u{feff}WEBVTT - title\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\nNOTE a\r\ncomment\r\n\r\n1\r\n00:01.000 --> \
                        00:02.500 align:left line:0\r\nOne\r\nmore\r\n\r\n\r\n01:00:03.000 --> 01:00:04.000\r\nTwo";

    fn expected() -> Vec<WebVttBlock> {
        let milliseconds = Duration::from_millis;
        vec![
            WebVttBlock::Signature("WEBVTT - title".to_owned()),
            WebVttBlock::Definition("STYLE\n::cue { color: red }".to_owned()),
            WebVttBlock::Other("NOTE a\ncomment".to_owned()),
            WebVttBlock::Cue(Cue {
                start: milliseconds(1000),
                end: milliseconds(2500),
                identifier: Some("1".to_owned()),
                settings: Some("align:left line:0".to_owned()),
                text: "One\nmore".to_owned(),
            }),
            WebVttBlock::Cue(Cue::new(
                milliseconds(3_603_000),
                milliseconds(3_604_000),
                "Two".to_owned(),
            )),
        ]
    }

    #[test]
    fn blocks_are_the_same_however_they_arrive() {
        for text in [
            FILE.to_owned(),
            FILE.replace("\r\n", "\n"),
            FILE.replace("\r\n", "\r"),
        ] {
            for step in [1, 2, 7, text.len()] {
                let (mut reader, mut blocks) = (WebVttReader::default(), Vec::new());
                for bytes in text.as_bytes().chunks(step) {
                    reader.push(bytes, &mut blocks).unwrap();
                }
                reader.end(&mut blocks).unwrap();
                assert_eq!(blocks, expected(), "{step} bytes at a time");
            }
        }
    }

    #[test]
    fn cue_comes_as_soon_as_it_ends() {
        let (mut reader, mut blocks) = (WebVttReader::default(), Vec::new());
        reader
            .push(b"00:01.000 --> 00:02.000\nOne\n\n", &mut blocks)
            .unwrap();
        assert_eq!(blocks.len(), 1);
    }

    fn read(text: &str) -> Vec<WebVttBlock> {
        let (mut reader, mut blocks) = (WebVttReader::default(), Vec::new());
        reader.push(text.as_bytes(), &mut blocks).unwrap();
        reader.end(&mut blocks).unwrap();
        blocks
    }

    #[test]
    fn damaged_cues_are_told() {
        for text in [
            "00:02.000 --> 00:01.000\nx",
            "00:01.000 --> x\nx",
            "00:01,000 --> 00:02,000\nx",
            "99999999999999999999:00.000 --> 00:02.000\nx",
            "-->",
        ] {
            assert_eq!(read(text), [WebVttBlock::Damaged(text.to_owned())]);
        }
        let damaged = WebVttBlock::Damaged("00:01.000 --> 00:02.000".to_owned());
        assert_eq!(read("1\n2\n00:01.000 --> 00:02.000"), [damaged]);
    }

    // W3C WebVTT, 6.1: a line with an arrow ends the text of a cue; 4.1: a comment starts with the word NOTE.
    #[test]
    fn line_with_times_starts_a_cue() {
        let cue = |start: u64, text: &str| {
            let seconds = Duration::from_secs;
            Cue::new(seconds(start), seconds(start + 1), text.to_owned())
        };
        let glued = "NOTEBOOK\n00:01.000 --> 00:02.000\nOne\n00:02.000 --> 00:03.000\nTwo";
        let one = Cue {
            identifier: Some("NOTEBOOK".to_owned()),
            ..cue(1, "One")
        };
        assert_eq!(read(glued), [one, cue(2, "Two")].map(WebVttBlock::Cue));
        let comment = "NOTE\n00:01.000 --> 00:02.000";
        assert_eq!(read(comment), [WebVttBlock::Other(comment.to_owned())]);
    }
}
