// SPDX-License-Identifier: MPL-2.0
//! Builds streams that are long enough for the encryptor to use threads.

use crate::build::{Base, fragment, ftyp, mdat, media, moof, moov, tfhd, traf, trun};

/// The sizes of a track's samples. They are of all kinds, and enough for threads to be used.
const SIZES: [u32; 9] = [90_000, 1, 400, 16, 33_333, 40_000, 0, 17, 8000];

/// A fragment of three tracks.
pub fn fragment_of_three() -> Vec<u8> {
    let size: u32 = SIZES.iter().sum();
    let make = |data: i32| {
        moof(&[1u32, 2, 3].map(|track| {
            let at = data + i32::try_from(size * (track - 1)).unwrap();
            traf(&tfhd(track, Base::Moof), &[trun(Some(at), &SIZES)])
        }))
    };
    fragment(make, &[], &mdat(&media(3 * size as usize)))
}

/// `ftyp` and `moov` of three sound tracks.
pub fn init_of_three() -> Vec<u8> {
    [ftyp(), moov(&[b"mp4a"; 3])].concat()
}

/// A stream of `fragments` fragments of three tracks.
pub fn stream_of_three(fragments: usize) -> Vec<u8> {
    [init_of_three(), fragment_of_three().repeat(fragments)].concat()
}

/// A stream of three times as many fragments as two threads may have in work.
pub fn long_stream() -> Vec<u8> {
    stream_of_three(3 * (8 << 20) / fragment_of_three().len())
}
