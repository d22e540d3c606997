// SPDX-License-Identifier: MPL-2.0
//! The delay of a live stream, and the cost of many such streams.

use std::time::Instant;

use bytes::BytesMut;
use cenc_types::Scheme;

use test_support::build::{Base, moof, moov_of, tfhd, traf, trak_of, trex, trun};
use test_support::build::{boxed, ftyp};
use test_support::channel::Channel;

use super::film::{Film, Fragment};

/// The number of channels in one process, and the bytes of each in two seconds at 2 Mb/s, in 50 samples.
const CHANNELS: usize = 100;
const SECONDS: f64 = 2.0;
const SAMPLE: u32 = 10_000;
const SAMPLES: usize = 50;

/// Times each fragment of a film from its last byte in to its first byte out.
pub fn latency(film: &Film) {
    for scheme in [Scheme::Cenc, Scheme::Cbcs] {
        let mut channel = Channel::new(scheme, &film.init);
        let mut times: Vec<_> = film
            .fragments
            .iter()
            .map(|fragment| {
                let Fragment { boxes, media } = fragment.clone();
                let mut media = media;
                let last = media.split_off(media.len() - 1);
                channel.push(BytesMut::from(&boxes[..]));
                channel.push(media);
                let begin = Instant::now();
                channel.push(last).unwrap();
                begin.elapsed()
            })
            .collect();
        times.sort_unstable();
        let middle = times[times.len() / 2];
        println!(
            "last byte in to first byte out, {scheme:?}: median {middle:.1?}, most {:.1?}",
            times[times.len() - 1]
        );
    }
}

/// Runs a hundred channels in turns, so that none finds its data in a cache.
pub fn channels() {
    let init = [ftyp(), moov_of(&[avc_track()], &[trex(1, 0)])].concat();
    for scheme in [Scheme::Cenc, Scheme::Cbcs] {
        let mut channels: Vec<_> = (0..CHANNELS)
            .map(|_| {
                let mut media = BytesMut::new();
                for _ in 0..SAMPLES {
                    media.extend_from_slice(&(SAMPLE - 4).to_be_bytes());
                    // These bytes begin a slice of an IDR picture, and any bytes may follow.
                    media.extend_from_slice(&[0x65, 0x88, 0x84]);
                    media.resize(media.len() + SAMPLE as usize - 7, 0x5a);
                }
                (Channel::new(scheme, &init), media)
            })
            .collect();
        let sizes = [SAMPLE; SAMPLES];
        let build = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &sizes)])]);
        let boxes = build(i32::try_from(build(0).len() + 8).unwrap());
        let header = [(8 + SAMPLE * SAMPLES as u32).to_be_bytes(), *b"mdat"].concat();
        let boxes = [boxes, header].concat();
        let best = (0..10)
            .map(|_| {
                let begin = Instant::now();
                for (channel, media) in &mut channels {
                    channel.protect(&boxes, media);
                }
                begin.elapsed()
            })
            .min()
            .unwrap();
        let share = best.as_secs_f64() / SECONDS * 100.0;
        println!("{CHANNELS} channels of 2 Mb/s, {scheme:?}: {share:.2} % of a core");
    }
}

/// H.264 of the baseline profile, with the smallest parameter sets.
fn avc_track() -> Vec<u8> {
    // 14496-10, clause 7.3.2: profile 66, level 30, and the shortest form of all that is variable.
    let sps = [0x67, 0x42, 0x00, 0x1e, 0xf8, 0x41, 0xa2];
    let pps = [0x68, 0xce, 0x38, 0x80];
    let mut avcc = vec![1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, sps.len() as u8];
    avcc.extend(sps);
    avcc.extend([1, 0, pps.len() as u8]);
    avcc.extend(pps);
    let mut fields = vec![0; 78];
    fields[7] = 1;
    let entry = boxed(b"avc1", &[&fields, &boxed(b"avcC", &[&avcc])]);
    trak_of(
        1,
        b"vide",
        &boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry]),
    )
}
