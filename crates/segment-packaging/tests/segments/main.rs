// SPDX-License-Identifier: MPL-2.0
//! Segments of several tracks that are protected as one stream, and read by an independent reader.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod material;

use std::time::Duration;

use bytes::BytesMut;
use cenc_types::KeyId;
use content_keys::period_kid;
use material::{Call, ClearStream, Full, KID, Recorder, keys_of, packaging, push_all, start};
use material::{Recording, start_on};
use protection_policy::{ClearSignaling, KeyChangeForm};
use segment_packaging::{InitKeys, PushedFragment, SEGMENT_TYPE, SegmentError, StreamStart};
use test_support::build::{Base, fragment, ftyp, mdat, media, moof, moov, tfhd, traf, trun};
use test_support::build_pictures::{long_picture, picture_moov, pictures, short_picture};
use test_support::movie::Movie;
use test_support::samples::{no_iv_repeats, same_samples};

/// The length of a crypto period: the second fragment starts in the second one, the third fragment in the third one.
const PERIOD: Duration = Duration::from_millis(350);

/// A fragment of a sound track with this track_ID, of two samples.
fn sound(track_id: u32, len: u32) -> Vec<u8> {
    let make = |data| {
        moof(&[traf(
            &tfhd(track_id, Base::Moof),
            &[trun(Some(data), &[len, 20])],
        )])
    };
    fragment(make, &[], &mdat(&media(len as usize + 20)))
}

fn init_of(tracks: usize) -> Vec<u8> {
    [ftyp(), moov(&vec![b"mp4a"; tracks])].concat()
}

/// Checks that an independent reader decrypts the samples of a protected stream.
fn check(clear: Vec<u8>, protected: &[u8], kids: &[KeyId]) -> Movie {
    let protected = Movie::parse(protected.to_vec());
    same_samples(&Movie::parse(clear), &protected, &keys_of(kids));
    protected
}

fn first_kid() -> KeyId {
    KeyId::from_bytes(KID)
}

/// Pushes two segments of two tracks, the first of two fragments, in chunks of this size.
fn push_two_tracks(protector: &mut Recording, fragments: &[Vec<u8>; 5], chunk: usize) {
    let fragment = |track, segment, is_last| PushedFragment {
        track,
        segment,
        is_last,
    };
    for (pushed, bytes) in [
        fragment(0, 1, false),
        fragment(0, 1, true),
        fragment(1, 1, true),
        fragment(0, 2, true),
        fragment(1, 2, true),
    ]
    .into_iter()
    .zip(fragments)
    {
        let chunks = bytes.chunks(chunk).map(BytesMut::from);
        protector.push(pushed, chunks).unwrap();
    }
    protector.finish().unwrap();
}

#[test]
fn tracks_get_their_segments_in_the_order_of_pushing() {
    let styp = SEGMENT_TYPE.to_vec();
    let empty = fragment(
        |_| moof(&[traf(&tfhd(2, Base::Moof), &[])]),
        &[],
        &mdat(&[]),
    );
    let fragments = [
        [styp, sound(1, 40)].concat(),
        sound(1, 41),
        sound(2, 70_000),
        sound(1, 90_000),
        empty,
    ];
    let init = init_of(2);
    for (threads, looks_ahead, chunk) in [(1, false, 1 << 20), (1, false, 13), (4, true, 1 << 20)] {
        let mut protector = start_on(StreamStart {
            init: &init,
            packaging: packaging(|_| ()),
            threads,
            looks_ahead,
        });
        push_two_tracks(&mut protector, &fragments, chunk);
        assert_eq!(protector.totals().samples, 8);
        let sink = protector.into_parts().sink;
        let clear = [init.clone(), fragments.concat()].concat();
        let protected = check(clear, &sink.files[0], &[]);
        no_iv_repeats(&[protected]);
        let order: Vec<Call> = sink
            .calls
            .into_iter()
            .filter(|call| matches!(call, Call::Fragment { .. } | Call::End { .. }))
            .collect();
        let begun = |track, segment| Call::Fragment {
            track,
            segment,
            kid: Some(first_kid()),
        };
        let end = |track, segment| Call::End { track, segment };
        assert_eq!(
            order,
            [
                begun(0, 1),
                begun(0, 1),
                end(0, 1),
                begun(1, 1),
                end(1, 1),
                begun(0, 2),
                end(0, 2),
                begun(1, 2),
                end(1, 2),
            ]
        );
    }
}

// Without looking ahead, a live segment is complete when its last fragment is pushed.
#[test]
fn fragment_is_in_the_sink_at_once() {
    let mut protector = start(&init_of(1), packaging(|_| ()));
    for segment in 1..4 {
        let pushed = PushedFragment {
            track: 0,
            segment,
            is_last: true,
        };
        let bytes = sound(1, 300);
        protector
            .push(pushed, [BytesMut::from(bytes.as_slice())])
            .unwrap();
        let last = protector.sink.calls.last();
        assert_eq!(last, Some(&Call::End { track: 0, segment }));
    }
}

#[test]
fn fragments_have_the_key_of_their_crypto_period() {
    let clear = ClearStream::sound();
    let kids = [0, 1, 2].map(|period| period_kid(first_kid(), period));
    let mut protector = start(
        &clear.init,
        packaging(|config| config.crypto_period = PERIOD),
    );
    push_all(&mut protector, &clear.fragments);
    protector.finish().unwrap();
    let sink = protector.sink;
    assert_eq!(sink.kids(), kids.map(Some));
    check(clear.file(), &sink.files[0], &kids);
    // A change comes before the first fragment with its key.
    let in_order: Vec<&KeyId> = sink
        .calls
        .iter()
        .filter_map(|call| match call {
            Call::Fragment { kid, .. } => kid.as_ref(),
            Call::Keys(change) => change.signals.kids.first(),
            _ => None,
        })
        .collect();
    let [first, second, third] = &kids;
    assert_eq!(in_order, [first, second, second, third, third]);
}

// The first fragment is a clear lead, since most of it is before 200 ms, and has an init segment of its own.
#[test]
fn fragments_have_the_key_of_the_init_segment_before_them() {
    let clear = ClearStream::sound();
    let kids = [0, 1, 2].map(|period| period_kid(first_kid(), period));
    let mut protector = start(
        &clear.init,
        packaging(|config| {
            config.crypto_period = PERIOD;
            config.key_change = KeyChangeForm::Init;
            config.clear_lead = Duration::from_millis(200);
            config.clear_signaling = ClearSignaling::Init;
        }),
    );
    push_all(&mut protector, &clear.fragments);
    protector.finish().unwrap();
    let Recorder { calls, files, .. } = &protector.sink;
    assert_eq!(protector.sink.kids(), [None, Some(kids[1]), Some(kids[2])]);
    let inits: Vec<&InitKeys> = calls
        .iter()
        .filter_map(|call| match call {
            Call::Init(keys) => Some(keys),
            _ => None,
        })
        .collect();
    let default_kids: Vec<_> = inits.iter().map(|init| init.default_kids[0]).collect();
    assert_eq!(default_kids, [None, Some(kids[1]), Some(kids[2])]);
    assert_eq!(inits[0].signals, None);
    for (index, file) in files.iter().enumerate() {
        let own = [clear.init.clone(), clear.fragments[index].clone()].concat();
        check(own, file, &kids);
    }
}

#[test]
fn other_tracks_go_on_with_the_keys_and_their_ivs() {
    let mut protector = start(&init_of(1), packaging(|_| ()));
    push_all(&mut protector, &[sound(1, 1000), sound(1, 50)]);
    protector.restart(&init_of(2)).unwrap();
    push_all(&mut protector, &[sound(1, 1000)]);
    let second = PushedFragment {
        track: 1,
        segment: 1,
        is_last: true,
    };
    let bytes = sound(2, 1000);
    protector
        .push(second, [BytesMut::from(bytes.as_slice())])
        .unwrap();
    protector.finish().unwrap();
    let sink = protector.into_parts().sink;
    let one = [init_of(1), sound(1, 1000), sound(1, 50)].concat();
    let two = [init_of(2), sound(1, 1000), sound(2, 1000)].concat();
    let [one, two] = [(one, &sink.files[0]), (two, &sink.files[1])]
        .map(|(clear, protected)| check(clear, protected, &[]));
    no_iv_repeats(&[one, two]);
    assert_eq!(sink.kids(), [Some(first_kid()); 4]);
}

// Each part has one fragment of pictures, and an init segment of its own.
#[test]
fn something_of_a_track_must_be_protected_from_the_start_to_the_end() {
    let [long, short] = [long_picture(), short_picture()].map(|picture| pictures(1, &[picture]));
    let init = [ftyp(), picture_moov(1)].concat();
    for (parts, is_taken) in [
        ([&long, &short], true),
        ([&short, &long], true),
        ([&short, &short], false),
    ] {
        let mut protector = start(&init, packaging(|_| ()));
        push_all(&mut protector, &[parts[0].clone()]);
        protector.restart(&init).unwrap();
        push_all(&mut protector, &[parts[1].clone()]);
        let ended = protector.finish();
        assert_eq!(ended.is_ok(), is_taken);
        let sink = protector.into_parts().sink;
        for (clear, protected) in parts.into_iter().zip(&sink.files) {
            check([init.as_slice(), clear].concat(), protected, &[]);
        }
    }
}

#[test]
fn errors_say_who_has_failed() {
    let mut protector = start(&init_of(1), packaging(|_| ()));
    protector.sink.limit = Some(3);
    let pushed = PushedFragment {
        track: 0,
        segment: 1,
        is_last: true,
    };
    let whole = sound(1, 100);
    let full = protector.push(pushed, [BytesMut::from(whole.as_slice())]);
    assert!(matches!(full, Err(SegmentError::Sink(Full))));
    let mut protector = start(&init_of(1), packaging(|_| ()));
    let part = &whole[..whole.len() - 1];
    protector.push(pushed, [BytesMut::from(part)]).unwrap();
    let error = protector.finish().unwrap_err();
    assert!(matches!(error, SegmentError::Protection(_)), "{error}");
}
