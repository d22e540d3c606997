// SPDX-License-Identifier: MPL-2.0
//! Shows that the cost grows in proportion to the work: number of tracks, sizes of samples, number of fragments.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use cenc_types::Scheme;

use test_support::build::{Base, ftyp, moof, moov, tfhd, traf, trun};
use test_support::channel::Channel;

/// The bytes of each stream. Where fragments are counted, the stream is shorter.
const TOTAL: usize = 64 << 20;

pub fn all() {
    println!("tracks, {TOTAL} bytes in samples of 400");
    for tracks in [1, 10, 100] {
        row(
            &format!("{tracks}"),
            &Shape {
                tracks,
                samples: 50,
                sample: 400,
                fragments: TOTAL / 400 / 50 / tracks,
            },
        );
    }
    println!("bytes of a sample, {TOTAL} bytes");
    for sample in [1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000] {
        let fragments = (TOTAL / sample).div_ceil(50).max(1);
        let samples = (TOTAL / sample / fragments).max(1);
        row(
            &format!("{sample}"),
            &Shape {
                tracks: 1,
                samples,
                sample,
                fragments,
            },
        );
    }
    println!("fragments of 5 samples of 400 bytes");
    for fragments in [1, 10, 100, 1000, 10_000, 100_000] {
        row(
            &format!("{fragments}"),
            &Shape {
                tracks: 1,
                samples: 5,
                sample: 400,
                fragments,
            },
        );
    }
}

struct Shape {
    tracks: usize,
    samples: usize,
    sample: usize,
    fragments: usize,
}

fn row(name: &str, shape: &Shape) {
    let mut line = format!("    {name:>12}");
    for scheme in [Scheme::Cenc, Scheme::Cbcs] {
        let (samples, bytes) = (
            shape.tracks * shape.samples * shape.fragments,
            shape.media() * shape.fragments,
        );
        let best = (0..3).map(|_| shape.run(scheme)).min().unwrap();
        let each = best.as_secs_f64() * 1e9;
        line += &format!(
            "  {scheme:?}: {:9.0} ns a fragment, {:7.0} a sample, {:.3} a byte",
            each / shape.fragments as f64,
            each / samples as f64,
            each / bytes as f64
        );
    }
    println!("{line}");
}

impl Shape {
    fn media(&self) -> usize {
        self.tracks * self.samples * self.sample
    }

    /// Protects one fragment again and again.
    fn run(&self, scheme: Scheme) -> Duration {
        let formats: Vec<&[u8; 4]> = vec![b"mp4a"; self.tracks];
        let init = [ftyp(), moov(&formats)].concat();
        let sizes = vec![self.sample as u32; self.samples];
        let size = self.samples * self.sample;
        let build = |data: i32| {
            let trafs: Vec<_> = (0..self.tracks)
                .map(|track| {
                    let at = data + i32::try_from(track * size).unwrap();
                    let id = u32::try_from(track + 1).unwrap();
                    traf(&tfhd(id, Base::Moof), &[trun(Some(at), &sizes)])
                })
                .collect();
            moof(&trafs)
        };
        let payload = i32::try_from(build(0).len() + 8).unwrap();
        let len = u32::try_from(8 + self.media()).unwrap();
        let boxes = [build(payload), len.to_be_bytes().to_vec(), b"mdat".to_vec()].concat();
        let mut media = BytesMut::zeroed(self.media());
        let mut channel = Channel::new(scheme, &init);
        channel.protect(&boxes, &mut media);
        let begin = Instant::now();
        for _ in 0..self.fragments {
            channel.protect(&boxes, &mut media);
        }
        begin.elapsed()
    }
}
