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

/// Reads a timestamp such as 01:02:03.004 or 02:03.004 (W3C WebVTT, 4.3).
fn read_time(text: &str) -> Option<Duration> {
    let (whole, milliseconds) = text.split_once('.')?;
    let seconds = whole.split(':').try_fold(0_u64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.parse().ok()?)
    })?;
    Some(Duration::from_secs(seconds) + Duration::from_millis(milliseconds.parse().ok()?))
}
