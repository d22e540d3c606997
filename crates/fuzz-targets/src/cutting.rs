// SPDX-License-Identifier: MPL-2.0
//! Cuts any bytes: a file that can be cut has the same samples after it, and so has the output of a muxer.

use std::time::Duration;

use bytes::BytesMut;
use cenc_mp4::cutting::SourceMovie;
use cenc_mp4::segmenting::{CutterLimits, MuxedPart, MuxedTrackReader, StreamCutter, TrackSegment};
use test_support::cut::cut;
use test_support::progressive::Memory;

/// Cuts `data` and reads the result.
pub fn cutting(data: &[u8]) {
    cut_as_stream(data);
    let Ok(cut) = cut(data) else {
        return;
    };
    let open = |file: &[u8]| match SourceMovie::open(&mut Memory(file)) {
        Ok(movie) => movie,
        Err(error) => panic!("a cut file cannot be read: {error}"),
    };
    for (found, source) in open(&cut).tracks.iter().zip(&open(data).tracks) {
        assert_eq!(found.sample_count(), source.sample_count(), "samples");
        assert_eq!(found.size(), source.size(), "bytes");
    }
}

/// Cuts `data` as the output of a muxer: each sample that the cutter takes is in one segment, with all of its bytes.
fn cut_as_stream(data: &[u8]) {
    let mut parts = Vec::new();
    let mut reader = MuxedTrackReader::default();
    // What came before an error counts.
    let _ = reader.push(BytesMut::from(data), &mut parts);
    let mut cutter = StreamCutter::new(Duration::from_secs(1), CutterLimits { patience: None });
    let mut has_track = false;
    for part in parts {
        match part {
            MuxedPart::Header(header) if !has_track => {
                cutter.add_track(&header);
                has_track = true;
            }
            MuxedPart::Header(_) => (),
            MuxedPart::Sample(sample) => cutter.push(0, sample),
        }
    }
    let waiting = cutter.waiting_bytes();
    cutter.end_track(0);
    let mut cut = 0;
    while let Some(segments) = cutter.next_segments() {
        for TrackSegment { segment, .. } in segments {
            let _ = segment.write_boxes(1, 1);
            for sample in segment.samples {
                let media: usize = sample.media.iter().map(|chunk| chunk.len()).sum();
                assert_eq!(media, sample.size as usize, "bytes of a sample");
                cut += u64::from(sample.size);
            }
        }
    }
    assert_eq!(
        cut + cutter.waiting_bytes(),
        waiting,
        "bytes of all samples"
    );
}
