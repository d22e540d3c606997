// SPDX-License-Identifier: MPL-2.0
//! WebVTT files, which are copied.

use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use cenc_mp4::SeekableInput;

use super::Error;
use crate::protect::clear_file::ClearFile;

/// The text with which a file starts, after a byte order mark (W3C WebVTT, 6.1).
const SIGNATURE: &[u8] = b"WEBVTT";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The largest file in bytes: the subtitles of a film have 200 kB.
const MAX_SIZE: u64 = 16 << 20;

/// A WebVTT file.
pub struct WebVtt {
    /// All bytes.
    pub bytes: BytesMut,
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
        let start = read(size.min((BYTE_ORDER_MARK.len() + SIGNATURE.len()) as u64))?;
        let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&start);
        if !start.starts_with(SIGNATURE) {
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
        let text = std::str::from_utf8(&bytes).map_err(|_| refused("it is not in UTF-8"))?;
        let duration = text
            .lines()
            .filter_map(|line| line.split_once("-->"))
            .filter_map(|(_, end)| end.split_whitespace().next())
            .filter_map(read_time)
            .max()
            .ok_or_else(|| refused("it has no cue"))?;
        Ok(Some(Self { bytes, duration }))
    }
}

impl WebVtt {
    /// Returns a file with the cues that are shown from `start` to `end`, in time from `start`. Styles and regions are kept.
    pub fn part(&self, start: Duration, end: Option<Duration>) -> String {
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n");
        let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
        let kept: Vec<String> = blocks
            .filter_map(|block| shifted_block(block.trim_matches('\n'), start, end))
            .collect();
        kept.join("\n\n") + "\n"
    }
}

/// Moves the times of a cue; None if it is not shown from `start` to `end`. Any other block stays as it is.
fn shifted_block(block: &str, start: Duration, end: Option<Duration>) -> Option<String> {
    let Some(timing) = block.lines().find(|line| line.contains("-->")) else {
        return Some(block.to_owned());
    };
    let (from, rest) = timing.split_once("-->")?;
    let (to, settings) = match rest.trim_start().split_once(char::is_whitespace) {
        Some((to, settings)) => (to, settings),
        None => (rest.trim(), ""),
    };
    let (from, to) = (read_time(from.trim())?, read_time(to)?);
    if to <= start || end.is_some_and(|end| from >= end) {
        return None;
    }
    let shifted = format!(
        "{} --> {} {settings}",
        written_time(from.saturating_sub(start)),
        written_time(to.saturating_sub(start))
    );
    Some(block.replacen(timing, shifted.trim_end(), 1))
}

fn written_time(time: Duration) -> String {
    let seconds = time.as_secs();
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        time.subsec_millis()
    )
}

/// Reads a timestamp such as 01:02:03.004 or 02:03.004 (W3C WebVTT, 4.3).
fn read_time(text: &str) -> Option<Duration> {
    let (whole, milliseconds) = text.split_once('.')?;
    let seconds = whole.split(':').try_fold(0_u64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.parse().ok()?)
    })?;
    Some(Duration::from_secs(seconds) + Duration::from_millis(milliseconds.parse().ok()?))
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
