// SPDX-License-Identifier: MPL-2.0
//! Compares the lengths of headers with those that FFmpeg's trace_headers finds in streams of several encoders.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::Command;

use codec_headers::{Codec, ProtectableRange};

use test_support::movie::Movie;
use test_support::tools::{self, skip};

/// An encoder of FFmpeg with options, and the heading under which trace_headers prints what comes before coded data.
struct Stream {
    encoder: &'static str,
    options: &'static [&'static str],
    heading: &'static str,
}

const AVC: &str = "Slice Header";
const HEVC: &str = "Slice Segment Header";
const AV1: &str = "OBU header";
const VP9: &str = "Frame";

const STREAMS: [Stream; 12] = [
    Stream {
        encoder: "libx264",
        options: &[
            "-x264-params",
            "slices=3:bframes=3:weightp=2:ref=4:8x8dct=1",
        ],
        heading: AVC,
    },
    Stream {
        encoder: "libx264",
        options: &[
            "-x264-params",
            "tff=1:bframes=2:b-pyramid=normal",
            "-flags",
            "+ildct+ilme",
        ],
        heading: AVC,
    },
    Stream {
        encoder: "libx264",
        options: &[
            "-profile:v",
            "high444",
            "-pix_fmt",
            "yuv444p",
            "-x264-params",
            "cabac=0:slices=2",
        ],
        heading: AVC,
    },
    Stream {
        encoder: "libx265",
        options: &[
            "-x265-params",
            "log-level=none:wpp=1:slices=2:weightb=1:ref=4",
        ],
        heading: HEVC,
    },
    Stream {
        encoder: "libx265",
        options: &[
            "-pix_fmt",
            "yuv422p12",
            "-x265-params",
            "log-level=none:b-pyramid=1:hrd=1:vbv-maxrate=900:vbv-bufsize=900",
        ],
        heading: HEVC,
    },
    Stream {
        encoder: "libx265",
        options: &[
            "-pix_fmt",
            "yuv444p10",
            "-x265-params",
            "log-level=none:temporal-layers=1:no-sao=1:no-deblock=1",
        ],
        heading: HEVC,
    },
    Stream {
        encoder: "libaom-av1",
        options: &[
            "-cpu-used",
            "8",
            "-denoise-noise-level",
            "20",
            "-lag-in-frames",
            "4",
        ],
        heading: AV1,
    },
    Stream {
        encoder: "libaom-av1",
        options: &[
            "-cpu-used",
            "8",
            "-pix_fmt",
            "yuv444p10",
            "-error-resilience",
            "1",
            "-enable-global-motion",
            "1",
        ],
        heading: AV1,
    },
    Stream {
        encoder: "libsvtav1",
        options: &["-preset", "12"],
        heading: AV1,
    },
    Stream {
        encoder: "librav1e",
        options: &["-speed", "10", "-tiles", "1"],
        heading: AV1,
    },
    Stream {
        encoder: "libvpx-vp9",
        options: &[
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-auto-alt-ref",
            "1",
            "-lag-in-frames",
            "4",
        ],
        heading: VP9,
    },
    Stream {
        encoder: "libvpx-vp9",
        options: &[
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-pix_fmt",
            "yuv422p12",
            "-error-resilient",
            "1",
        ],
        heading: VP9,
    },
];

#[test]
fn headers_end_where_ffmpeg_ends_them() {
    let test = "headers_end_where_ffmpeg_ends_them";
    let (Some(encoder), Some(tracer)) = (tools::ffmpeg(), tools::ffmpeg8().or_else(tools::ffmpeg))
    else {
        return skip(test, "no ffmpeg");
    };
    let folder = tools::scratch_root().join(test);
    std::fs::create_dir_all(&folder).unwrap();
    for (index, stream) in STREAMS.iter().enumerate() {
        let path = folder.join(format!("{index}.mp4"));
        if !stream.encode(&encoder, &path) {
            skip(
                test,
                &format!("ffmpeg cannot encode with {}", stream.encoder),
            );
            continue;
        }
        let expected = stream.trace(&tracer, &path);
        let found = header_bytes(&Movie::open(&path), stream.heading);
        assert_eq!(found, expected, "{} {:?}", stream.encoder, stream.options);
        assert!(found.len() > 5, "{}", stream.encoder);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

impl Stream {
    fn encode(&self, ffmpeg: &Path, path: &Path) -> bool {
        Command::new(ffmpeg)
            .args(["-v", "error", "-y", "-f", "lavfi", "-i"])
            .args([
                "testsrc2=s=176x144:r=25:d=0.4",
                "-strict",
                "-2",
                "-c:v",
                self.encoder,
            ])
            .args(self.options)
            .arg(path)
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// Returns the number of whole bytes that trace_headers finds before the coded data of each slice or frame.
    fn trace(&self, ffmpeg: &Path, path: &Path) -> Vec<usize> {
        let output = Command::new(ffmpeg)
            .args(["-hide_banner", "-nostats", "-i"])
            .arg(path)
            .args([
                "-map",
                "0:v",
                "-c",
                "copy",
                "-bsf:v",
                "trace_headers",
                "-f",
                "null",
                "-",
            ])
            .output()
            .unwrap();
        let mut lengths = Vec::new();
        let mut bits = None;
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            let Some((_, line)) = line
                .split_once("] ")
                .filter(|(tag, _)| tag.starts_with("[trace_headers"))
            else {
                continue;
            };
            if let Some(end) = element_end(line) {
                bits = bits.map(|_| end);
                continue;
            }
            // A heading ends the structure before it. Of AV1 only OBUs with tiles count.
            let is_complete = self.heading != AV1 || line == "Tile Group";
            if let Some(end) = bits.filter(|_| is_complete) {
                lengths.push(end.div_ceil(8));
                bits = None;
            }
            if line == self.heading {
                bits = Some(0);
            }
        }
        lengths.extend(
            bits.filter(|_| self.heading != AV1)
                .map(|end: usize| end.div_ceil(8)),
        );
        lengths
    }
}

/// Returns the end of the syntax element in a line `position name bits = value`.
fn element_end(line: &str) -> Option<usize> {
    let (element, _) = line.rsplit_once(" = ")?;
    let mut words = element.split_ascii_whitespace();
    let start: usize = words.next()?.parse().ok()?;
    let bits = words
        .last()
        .filter(|bits| bits.bytes().all(|bit| matches!(bit, b'0' | b'1')));
    Some(start + bits.map_or(0, str::len))
}

/// Returns the number of bytes before the coded data of each slice or frame, without emulation prevention bytes.
fn header_bytes(movie: &Movie, heading: &str) -> Vec<usize> {
    let track = movie.track(b"vide");
    let entry = &track.entries[0];
    let mut codec = Codec::new(entry.format, entry.config.as_deref()).unwrap();
    let mut lengths = Vec::new();
    for sample in &track.samples {
        let bytes = movie.bytes(sample);
        let mut ranges = Vec::new();
        codec.protectable_ranges(bytes, &mut ranges).unwrap();
        for range in ranges {
            lengths.push(match heading {
                AVC | HEVC => rbsp_len(&bytes[nal_start(bytes, range)..range.start]),
                AV1 => range.start - obu_start(bytes, range),
                _ => range.start - frame_start(bytes, range),
            });
        }
    }
    lengths
}

/// Returns the number of bytes without emulation prevention bytes.
fn rbsp_len(header: &[u8]) -> usize {
    let is_prevention = |three: &&[u8]| **three == [0, 0, 3];
    header.len() - header.windows(3).filter(is_prevention).count()
}

/// Returns the first byte of the NAL unit that `range` is in.
fn nal_start(sample: &[u8], range: ProtectableRange) -> usize {
    let mut at = 0;
    loop {
        let length = u32::from_be_bytes(sample[at..at + 4].try_into().unwrap());
        let end = at + 4 + length as usize;
        if range.start < end {
            return at + 4;
        }
        at = end;
    }
}

/// Returns the first byte of the OBU that `range` is in. Each OBU has a size of up to three bytes.
fn obu_start(sample: &[u8], range: ProtectableRange) -> usize {
    let mut at = 0;
    loop {
        let mut size = 0;
        let mut next = at + 1 + usize::from(sample[at] >> 2 & 1);
        for shift in [0, 7, 14] {
            size |= usize::from(sample[next] & 0x7f) << shift;
            next += 1;
            if sample[next - 1] & 0x80 == 0 {
                break;
            }
        }
        if range.start < next + size {
            return at;
        }
        at = next + size;
    }
}

/// Returns the first byte of the VP9 frame that `range` is in.
fn frame_start(sample: &[u8], range: ProtectableRange) -> usize {
    let marker = sample[sample.len() - 1];
    if marker & 0xe0 != 0xc0 {
        return 0;
    }
    let (count, width) = (
        usize::from(marker & 7) + 1,
        usize::from(marker >> 3 & 3) + 1,
    );
    let index = &sample[sample.len() - 1 - count * width..sample.len() - 1];
    let mut start = 0;
    for size in index.chunks(width) {
        let end = start
            + size
                .iter()
                .rev()
                .fold(0, |size, byte| size << 8 | usize::from(*byte));
        if range.start < end {
            return start;
        }
        start = end;
    }
    start
}
