// SPDX-License-Identifier: MPL-2.0
//! The output depends neither on the number of threads that share the cipher's work nor on the ends of the chunks.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode};
use cenc_types::Scheme;

use test_support::build_long::{fragment_of_three, init_of_three, long_stream, stream_of_three};
use test_support::encrypted::{FixedKey, KEY, file};
use test_support::stream::samples;
use test_support::stream_cipher::decrypt;

/// An encryptor with this number of threads. With `ahead` they work on several fragments at a time.
fn encryptor(threads: usize, ahead: bool) -> Encryptor<BytesMut> {
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    encryptor.set_threads(threads).unwrap();
    if ahead {
        encryptor.look_ahead();
    }
    encryptor
}

/// The way in which a stream is pushed.
struct Push {
    threads: usize,
    ahead: bool,
    /// Bytes of each chunk but the last.
    chunk: usize,
}

/// The whole stream in one chunk, without threads.
const ONE: Push = Push {
    threads: 1,
    ahead: false,
    chunk: usize::MAX,
};

fn protect(scheme: Scheme, data: &[u8], push: &Push) -> Vec<u8> {
    let mut encryptor = encryptor(push.threads, push.ahead);
    let (mut protector, mut outputs) = (FixedKey::new(scheme), Vec::new());
    for chunk in data.chunks(push.chunk) {
        let chunk = BytesMut::from(chunk);
        encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
    }
    encryptor.finish(&mut protector, &mut outputs).unwrap();
    file(outputs)
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let stream = stream_of_three(2);
    let clear = samples(&stream);
    for scheme in [Scheme::Cenc, Scheme::Cens, Scheme::Cbc1, Scheme::Cbcs] {
        let one = protect(scheme, &stream, &ONE);
        for (threads, ahead) in [2, 3, 7].into_iter().flat_map(|n| [(n, false), (n, true)]) {
            for chunk in [usize::MAX, 50_001, 1000] {
                let push = Push {
                    threads,
                    ahead,
                    chunk,
                };
                let made = protect(scheme, &stream, &push);
                assert!(made == one, "{scheme:?}, {threads} threads, {chunk} bytes");
            }
        }
        // The independent cipher supports no other schemes.
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

#[test]
fn more_fragments_than_may_be_in_work_come_out_in_order() {
    let stream = long_stream();
    for scheme in [Scheme::Cenc, Scheme::Cbcs] {
        let one = protect(scheme, &stream, &ONE);
        for chunk in [usize::MAX, 1 << 20] {
            let push = Push {
                threads: 2,
                ahead: true,
                chunk,
            };
            let made = protect(scheme, &stream, &push);
            assert!(made == one, "{scheme:?}, {chunk} bytes");
        }
    }
}

/// Pushes data after the start of a stream. Returns the length of the output and whether the data was accepted.
fn pushed(data: &[u8], ahead: bool) -> (usize, bool) {
    let mut encryptor = encryptor(2, ahead);
    let (mut protector, mut outputs) = (FixedKey::new(Scheme::Cenc), Vec::new());
    let start = BytesMut::from(init_of_three().as_slice());
    encryptor.push(start, &mut protector, &mut outputs).unwrap();
    let data = BytesMut::from(data);
    let taken = encryptor.push(data, &mut protector, &mut outputs);
    (file(outputs).len(), taken.is_ok())
}

#[test]
fn nothing_stays_in_work_but_where_it_may() {
    let fragments = fragment_of_three().repeat(4);
    let all = protect(Scheme::Cenc, &stream_of_three(4), &ONE).len();
    assert_eq!(pushed(&fragments, false), (all, true));
    // All output before an error comes out, even if threads were working on it.
    let damaged = [&fragments, &[0, 0, 0, 4, b'm', b'o', b'o', b'f'][..]].concat();
    assert_eq!(pushed(&damaged, true), (all, false));
    // The same holds for an end that comes too early.
    let mut cut = encryptor(2, true);
    let (mut protector, mut outputs) = (FixedKey::new(Scheme::Cenc), Vec::new());
    let data = [stream_of_three(4).as_slice(), b"\0\0\0\x10moo"].concat();
    let data = BytesMut::from(data.as_slice());
    cut.push(data, &mut protector, &mut outputs).unwrap();
    cut.finish(&mut protector, &mut outputs).unwrap_err();
    assert_eq!(file(outputs).len(), all);
    // All fragments come out before the protector gets the next initialization segment.
    let both = [stream_of_three(4), init_of_three()].concat();
    let all = protect(Scheme::Cenc, &both, &ONE).len();
    assert_eq!(
        pushed(&[fragments, init_of_three()].concat(), true),
        (all, true)
    );
}
