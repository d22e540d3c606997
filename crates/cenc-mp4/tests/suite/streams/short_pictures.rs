// SPDX-License-Identifier: MPL-2.0
//! Pictures that are too short to encrypt: something of each track must be protected in the whole stream, over all its init segments.

use std::error::Error;

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::{Scheme, Track};
use common_encryption::{FragmentProtection, FragmentTime, InitProtection, Protector};

use super::{protected, refusal};
use test_support::build::{ftyp, init, sound};
use test_support::build_pictures::{long_picture, picture_moov, pictures, short_picture};
use test_support::encrypted::{FixedKey, file};

const REFUSED: &str = "nothing was protected in track 1";

/// Writes a new init segment before each fragment.
struct NewInits(FixedKey);

impl Protector for NewInits {
    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
        self.0.protect(tracks)
    }

    fn follows_time(&self) -> bool {
        true
    }

    fn renews_init(&self) -> bool {
        true
    }

    fn fragment(
        &mut self,
        _fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn Error + Send + Sync>> {
        Ok(FragmentProtection {
            new_init: true,
            ..FragmentProtection::default()
        })
    }
}

fn long() -> Vec<u8> {
    pictures(1, &[long_picture(), short_picture()])
}

fn short() -> Vec<u8> {
    pictures(1, &[short_picture()])
}

#[test]
fn pictures_under_the_last_key_may_be_too_short() {
    for (fragments, is_taken) in [
        ([long(), short()], true),
        ([short(), long()], true),
        ([short(), short()], false),
    ] {
        let mut encryptor = Encryptor::new(IndexMode::Hold);
        let mut protector = NewInits(FixedKey::new(Scheme::Cenc));
        let mut outputs = Vec::new();
        for piece in [ftyp(), picture_moov(1)].iter().chain(&fragments) {
            let chunk = BytesMut::from(piece.as_slice());
            encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
        }
        let ended = encryptor.finish(&mut protector, &mut outputs);
        assert_eq!(ended.is_ok(), is_taken);
        let inits = file(outputs);
        let inits = inits.windows(4).filter(|kind| kind == b"moov");
        assert_eq!(inits.count(), 3);
    }
}

#[test]
fn later_moov_goes_on_with_the_tracks_of_its_kind_and_number() {
    let first = [ftyp(), picture_moov(1)].concat();
    let ended = |fragments: &[Vec<u8>]| [first.clone(), fragments.concat()].concat();
    protected(&ended(&[long(), first.clone(), short()]), Scheme::Cenc);
    protected(&ended(&[short(), first.clone(), long()]), Scheme::Cenc);
    // Other tracks in its place, of which something is protected, do not count for it.
    let sound = [init(), sound(&[500])].concat();
    let other_number = [picture_moov(2), pictures(2, &[long_picture()])].concat();
    for other in [&sound, &other_number] {
        let stream = ended(&[short(), other.clone()]);
        assert!(refusal(&stream).contains(REFUSED));
    }
    // The track comes again.
    protected(
        &ended(&[long(), sound, first.clone(), short()]),
        Scheme::Cenc,
    );
}

/// Protects one part after the other, and says whether the end is taken.
fn parts(parts: &[Vec<u8>], start: impl Fn(&mut Encryptor<BytesMut>)) -> Result<(), String> {
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let mut protector = FixedKey::new(Scheme::Cenc);
    let mut outputs: Vec<Output<BytesMut>> = Vec::new();
    for part in parts {
        start(&mut encryptor);
        let chunk = BytesMut::from([ftyp(), picture_moov(1), part.clone()].concat().as_slice());
        encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
        encryptor.end_part(&mut protector, &mut outputs).unwrap();
    }
    encryptor
        .check_protected()
        .map_err(|error| error.to_string())
}

#[test]
fn parts_are_one_stream_and_a_restart_begins_another() {
    let part = |encryptor: &mut Encryptor<BytesMut>| encryptor.start_part(IndexMode::Hold);
    let stream = |encryptor: &mut Encryptor<BytesMut>| encryptor.restart(IndexMode::Hold);
    parts(&[long(), short()], part).unwrap();
    parts(&[short(), long()], part).unwrap();
    parts(&[short(), long()], stream).unwrap();
    for refused in [
        parts(&[short(), short()], part),
        parts(&[long(), short()], stream),
    ] {
        assert!(refused.unwrap_err().contains(REFUSED));
    }
}
