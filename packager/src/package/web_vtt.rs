// SPDX-License-Identifier: MPL-2.0
//! WebVTT files, which are copied.

use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use cenc_mp4::SeekableInput;
use timed_text::{WebVttBlock, WebVttReader, is_web_vtt};

use super::Error;
use crate::protect::clear_file::ClearFile;

/// The bytes that tell the format: a byte order mark and the signature.
const START: u64 = 9;
/// The largest file in bytes: the subtitles of a film have 200 kB.
const MAX_SIZE: u64 = 16 << 20;

/// A WebVTT file.
pub struct WebVtt {
    /// All bytes.
    pub bytes: BytesMut,
    blocks: Vec<WebVttBlock>,
    /// The end of the last cue.
    pub duration: Duration,
}

impl WebVtt {
    /// Reads a file; None if it is no WebVTT.
    ///
    /// # Errors
    /// [`Error::WebVtt`] for a file that is too large or has no cue, errors of reading.
    pub fn read(file: &mut ClearFile, path: &Path) -> Result<Option<Self>, Error> {
        let size = file.size();
        let mut read = |size: u64| {
            let len = usize::try_from(size).unwrap_or(usize::MAX);
            file.read(0, len)
                .map_err(|source| Error::mp4(path, cenc_mp4::Error::Input(source)))
        };
        if !is_web_vtt(&read(size.min(START))?) {
            return Ok(None);
        }
        let refused = |reason| Error::WebVtt {
            path: path.to_owned(),
            reason,
        };
        if size > MAX_SIZE {
            return Err(refused("it has more than 16 MiB"));
        }
        let bytes = read(size)?;
        let blocks = read_blocks(&bytes).map_err(|_| refused("it is not in UTF-8"))?;
        let ends = blocks.iter().filter_map(|block| match block {
            WebVttBlock::Cue(cue) => Some(cue.end),
            _ => None,
        });
        let duration = ends.max().ok_or_else(|| refused("it has no cue"))?;
        Ok(Some(Self {
            bytes,
            blocks,
            duration,
        }))
    }

    /// Returns a file with the cues that are shown from `start` to `end`, in time from `start`. Styles and regions are kept.
    pub fn part(&self, start: Duration, end: Option<Duration>) -> String {
        let blocks = self.blocks.iter().filter_map(|block| match block {
            WebVttBlock::Cue(cue) => Some(cue.part(start, end)?.to_string()),
            // Its times cannot be moved.
            WebVttBlock::Damaged(_) => None,
            WebVttBlock::Signature(text)
            | WebVttBlock::Definition(text)
            | WebVttBlock::Other(text) => Some(text.clone()),
        });
        blocks.collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

fn read_blocks(bytes: &[u8]) -> Result<Vec<WebVttBlock>, timed_text::Error> {
    let (mut reader, mut blocks) = (WebVttReader::default(), Vec::new());
    reader.push(bytes, &mut blocks)?;
    reader.end(&mut blocks)?;
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_cues_of_its_time_from_its_start() {
        let text = "WEBVTT\r\n\r\nSTYLE\n::cue { color: red }\n\n1\n00:01.000 --> 00:02.500 align:left\nOne\n\n\
                    00:03.000 --> 00:04.000\nTwo\n\n00:00:05.000 --> 00:00:06.250\nThree\n";
        let file = WebVtt {
            bytes: BytesMut::from(text),
            blocks: read_blocks(text.as_bytes()).unwrap(),
            duration: Duration::from_secs(6),
        };
        let seconds = Duration::from_secs;
        assert_eq!(
            file.part(seconds(2), Some(seconds(5))),
            "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n1\n00:00:00.000 --> 00:00:00.500 align:left\nOne\n\n\
             00:00:01.000 --> 00:00:02.000\nTwo\n"
        );
        let last =
            "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n00:00:00.000 --> 00:00:01.250\nThree\n";
        assert_eq!(file.part(seconds(5), None), last);
    }
}
