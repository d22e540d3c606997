// SPDX-License-Identifier: MPL-2.0
//! Damages each byte that matters of the `moov` of a progressive file: the check before the output must notice.

use cenc_types::Scheme;
use test_support::build::{boxed, ftyp, mdat, media};
use test_support::build_progressive::{moov, stco, stsc, stsz, trak};
use test_support::encrypted::FixedKey;

use super::*;
use crate::RequiredForm;
use crate::memory::Memory;
use crate::progressive::{ProgressiveEncryptor, moov};

/// A file with its `moov` at the end: sound of three samples in two chunks, with other bytes between.
fn file() -> Memory {
    let first = ftyp().len() + 8;
    let tables = [
        stsz(&[60, 40, 90]),
        stsc(&[[1, 2, 1], [2, 1, 1]]),
        stco(&[first, first + 150]),
    ];
    let moov = moov(&[trak(1, b"mp4a", &tables)]);
    let free = boxed(b"free", &[b"kept"]);
    Memory([ftyp(), mdat(&media(250)), free, moov].concat())
}

#[test]
fn damage_of_every_field_is_noticed() {
    for scheme in [Scheme::Cenc, Scheme::Cbcs] {
        let mut source = file();
        let opened = ProgressiveEncryptor::open(&mut source, RequiredForm::Any);
        let mut encryptor = opened.unwrap().unwrap();
        encryptor.protect(&mut FixedKey::new(scheme)).unwrap();
        for track in &mut encryptor.tracks {
            track.measure(&mut source).unwrap();
        }
        let pieces = &encryptor.file.pieces;
        let written = moov::write(&encryptor.moov, &encryptor.tracks, pieces).unwrap();
        let check = |bytes: &[u8]| {
            WrittenTables {
                bytes,
                input: &BoxTree::parse(&encryptor.moov).unwrap(),
                tracks: &encryptor.tracks,
                pieces,
            }
            .check()
        };
        assert!(check(&written).is_ok(), "{scheme}");
        // Without IVs of their own, samples that are protected whole have no entries.
        let names: &[&[u8; 4]] = match scheme {
            Scheme::Cenc => &[b"stco", b"saiz", b"saio", b"senc"],
            _ => &[b"stco", b"senc"],
        };
        for name in names {
            let start = written.windows(4).position(|found| found == *name).unwrap();
            let size = written[start - 4..start].first_chunk().unwrap();
            for at in start + 8..start - 4 + u32::from_be_bytes(*size) as usize {
                let mut damaged = written.clone();
                damaged[at] ^= 1;
                let refused = check(&damaged);
                assert!(refused.is_err(), "{scheme} {name:?} byte {at}");
            }
            let mut missing = written.clone();
            missing[start..start + 4].copy_from_slice(b"free");
            assert!(check(&missing).is_err(), "{scheme} {name:?}");
        }
    }
}
