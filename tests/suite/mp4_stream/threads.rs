// SPDX-License-Identifier: MPL-2.0
//! The output does not depend on how many threads share the cipher's work, nor on where chunks end.

use bytes::BytesMut;
use gstplayready::cenc::Scheme;
use gstplayready::mp4::{Encryptor, IndexMode};

use super::build::{Base, fragment, ftyp, mdat, media, moof, moov, tfhd, traf, trun};
use crate::fuzz_replay::targets::decrypt::decrypt;
use crate::fuzz_replay::targets::mp4::{FixedKey, KEY, file};
use crate::fuzz_replay::targets::stream::samples;

/// Bytes of the samples of each track: as many as threads are worth, of all lengths.
const SIZES: [u32; 9] = [90_000, 1, 400, 16, 33_333, 40_000, 0, 17, 8000];

/// Two fragments of three tracks.
fn stream() -> Vec<u8> {
    let size: u32 = SIZES.iter().sum();
    let make = |data: i32| {
        let trafs = [1u32, 2, 3].map(|track| {
            let at = data + i32::try_from(size * (track - 1)).unwrap();
            traf(&tfhd(track, Base::Moof), &[trun(Some(at), &SIZES)])
        });
        moof(&trafs)
    };
    let one = fragment(make, &[], &mdat(&media(3 * size as usize)));
    [ftyp(), moov(&[b"mp4a"; 3]), one.clone(), one].concat()
}

fn protect(scheme: Scheme, threads: usize, chunk: usize) -> Vec<u8> {
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    encryptor.set_threads(threads).unwrap();
    let (mut protector, mut outputs) = (FixedKey::new(scheme), Vec::new());
    for chunk in stream().chunks(chunk) {
        let chunk = BytesMut::from(chunk);
        encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
    }
    encryptor.finish(&mut protector, &mut outputs).unwrap();
    file(outputs)
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let clear = samples(&stream());
    for scheme in [Scheme::Cenc, Scheme::Cens, Scheme::Cbc1, Scheme::Cbcs] {
        let one = protect(scheme, 1, usize::MAX);
        for threads in [2, 3, 7] {
            for chunk in [usize::MAX, 50_001, 1000] {
                let made = protect(scheme, threads, chunk);
                assert!(made == one, "{scheme:?}, {threads} threads, {chunk} bytes");
            }
        }
        // The independent cipher has no others.
        if !matches!(scheme, Scheme::Cenc | Scheme::Cbcs) {
            continue;
        }
        let made = samples(&one);
        assert_eq!(made.len(), clear.len());
        for (made, clear) in made.iter().zip(&clear) {
            assert_eq!(decrypt(KEY, made), clear.bytes, "{scheme:?}");
        }
    }
}
