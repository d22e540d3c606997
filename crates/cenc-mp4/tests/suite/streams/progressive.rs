// SPDX-License-Identifier: MPL-2.0
//! Progressive files built by hand: the bytes that move, the bytes that stay, and the files that are refused.

use bytes::BytesMut;
use cenc_mp4::SeekableInput;
use cenc_types::Scheme;

use test_support::boxes::top_level;
use test_support::build::{boxed, ftyp, full, mdat, media, word};
use test_support::build_progressive::{co64, moov, stco, stsc, stsz, trak};
use test_support::decrypt;
use test_support::encrypted::{KEY, keys};
use test_support::layout;
use test_support::movie::Movie;
use test_support::progressive::{pass, protect};

const SCHEMES: [Scheme; 4] = [Scheme::Cenc, Scheme::Cens, Scheme::Cbc1, Scheme::Cbcs];

/// A file of zeros except for its first bytes and some others.
pub struct Sparse {
    pub head: Vec<u8>,
    pub others: Vec<(u64, Vec<u8>)>,
    pub size: u64,
}

impl SeekableInput for Sparse {
    type Chunk = BytesMut;

    fn size(&self) -> u64 {
        self.size
    }

    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<BytesMut, Box<dyn std::error::Error + Send + Sync>> {
        let mut bytes = BytesMut::zeroed(len);
        let head = (0, self.head.clone());
        for (start, known) in [&head].into_iter().chain(&self.others) {
            let from = offset.max(*start);
            let to = (offset + len as u64).min(start + known.len() as u64);
            if from < to {
                let at = |place: u64, base: u64| usize::try_from(place - base).unwrap();
                bytes[at(from, offset)..at(to, offset)]
                    .copy_from_slice(&known[at(from, *start)..at(to, *start)]);
            }
        }
        Ok(bytes)
    }
}

fn refusal(file: &[u8]) -> String {
    protect(file, Scheme::Cenc).unwrap_err()
}

#[test]
fn sound_whose_samples_are_all_empty_is_refused() {
    let file = |sizes: &[u32]| {
        let tables = |at| {
            let sound = [stsz(&[60, 40]), stsc(&[[1, 2, 1]]), stco(&[at])];
            let empty = [stsz(sizes), stsc(&[[1, 2, 1]]), stco(&[at + 100])];
            moov(&[trak(1, b"mp4a", &sound), trak(2, b"mp4a", &empty)])
        };
        let at = ftyp().len() + tables(0).len() + 8;
        [ftyp(), tables(at), mdat(&media(200))].concat()
    };
    assert!(protect(&file(&[100, 0]), Scheme::Cenc).is_ok());
    let said = refusal(&file(&[0, 0]));
    assert!(
        said.contains("track 2: damaged sample table: all samples are empty"),
        "{said}"
    );
}

/// Two `mdat` boxes with a `free` between them and 300 bytes in each.
fn two_mdats() -> Vec<u8> {
    let free = boxed(b"free", &[b"kept"]);
    [mdat(&media(300)), free, mdat(&media(300))].concat()
}

/// A `moov` for [`two_mdats`] at position `at`: sound in three chunks, text in one. Six bytes of each `mdat` belong to no
/// sample.
fn interleaved(at: usize) -> Vec<u8> {
    let (first, second) = (at + 8, at + 8 + 300 + 12 + 8);
    let sound = [
        stsz(&[60, 40, 0, 94, 50, 44]),
        stsc(&[[1, 2, 1], [3, 4, 1]]),
        stco(&[first, first + 200, second + 100]),
    ];
    let sound = trak(1, b"mp4a", &sound);
    let text = trak(
        2,
        b"stpp",
        &[
            full(b"stsz", &[0, 50, 2]),
            stsc(&[[1, 1, 1]]),
            stco(&[first + 100, second]),
        ],
    );
    moov(&[sound, text, boxed(b"udta", &[b"\0\0\0\x09abcd!"])])
}

fn moov_first() -> Vec<u8> {
    let head = ftyp().len() + interleaved(0).len();
    [ftyp(), interleaved(head), two_mdats()].concat()
}

fn moov_last() -> Vec<u8> {
    let uuid = boxed(b"uuid", &[b"0123456789abcdef", b"kept too"]);
    let at = ftyp().len();
    [ftyp(), two_mdats(), uuid, interleaved(at)].concat()
}

#[test]
fn samples_decrypt_and_the_moov_comes_first_wherever_it_was() {
    for (clear, kinds) in [
        (moov_first(), "ftyp moov mdat free mdat"),
        (moov_last(), "ftyp moov mdat free mdat uuid"),
    ] {
        let before = Movie::parse(clear.clone());
        for scheme in SCHEMES {
            let movie = Movie::parse(protect(&clear, scheme).unwrap());
            assert_eq!(super::kinds(&movie.file).join(" "), kinds);
            layout::check(&movie.file);
            test_support::samples::same_samples(&before, &movie, &keys());
            for sample in &movie.tracks[0].samples {
                assert!(sample.protection.is_some());
            }
            assert!(
                movie.tracks[1]
                    .samples
                    .iter()
                    .all(|s| s.protection.is_none())
            );
            let kept = |bytes: &[u8]| movie.file.windows(bytes.len()).any(|w| w == bytes);
            assert!(kept(b"freekept") && kept(b"\0\0\0\x09abcd!"));
        }
    }
}

#[test]
fn bytes_that_no_sample_claims_leave_as_zeros() {
    let movie = Movie::parse(protect(&moov_first(), Scheme::Cenc).unwrap());
    let boxes = top_level(&movie.file);
    let mdat = boxes.iter().find(|piece| &piece.kind == b"mdat").unwrap();
    // The first `mdat` has 100 bytes of sound, 50 of text, 50 of no sample, 94 of sound and 6 of no sample.
    let body = mdat.body();
    assert!(
        body[150..200]
            .iter()
            .chain(&body[294..])
            .all(|byte| *byte == 0)
    );
    assert!(body[..150].iter().any(|byte| *byte != 0));
}

/// A file with 100 bytes of media. `tables` makes its tables, and gets the position of the media.
fn sound(tables: impl Fn(usize) -> Vec<Vec<u8>>) -> Vec<u8> {
    let at = ftyp().len() + 8;
    [
        ftyp(),
        mdat(&media(100)),
        moov(&[trak(1, b"mp4a", &tables(at))]),
    ]
    .concat()
}

fn good(at: usize) -> Vec<Vec<u8>> {
    vec![stsz(&[60, 40]), stsc(&[[1, 2, 1]]), stco(&[at])]
}

#[test]
fn compact_sizes_and_wide_offsets_are_taken() {
    let compact = boxed(b"stz2", &[&[0; 7], &[8], &word(2), &[60, 40]]);
    let file = sound(|at| {
        let wide = co64(&[at as u64]);
        vec![compact.clone(), stsc(&[[1, 2, 1]]), wide]
    });
    let out = protect(&file, Scheme::Cbcs).unwrap();
    assert!(out.windows(4).any(|kind| kind == b"co64"));
    let listed = protect(&sound(good), Scheme::Cbcs).unwrap();
    assert_eq!(out[out.len() - 100..], listed[listed.len() - 100..]);
}

#[test]
fn tables_that_place_no_samples_are_refused() {
    let runs = |runs: &[[u32; 3]]| {
        let runs = runs.to_vec();
        sound(move |at| vec![stsz(&[60, 40]), stsc(&runs), stco(&[at, at + 60])])
    };
    let chunk = |shift: usize, size: u32| {
        sound(move |at| vec![stsz(&[size]), stsc(&[[1, 1, 1]]), stco(&[at + shift])])
    };
    for (file, said) in [
        (runs(&[]), "does not start at chunk 1"),
        (runs(&[[2, 1, 1]]), "does not start at chunk 1"),
        (runs(&[[1, 1, 1], [1, 1, 1]]), "does not ascend"),
        (runs(&[[1, 1, 0]]), "sample description 0"),
        (runs(&[[1, 1, 2]]), "'stsd' does not have"),
        (runs(&[[1, 0, 1]]), "samples without a chunk"),
        (runs(&[[1, u32::MAX, 1], [2, 0, 1]]), ""),
        (chunk(0, 101), "outside of every 'mdat'"),
        (chunk(1, 100), "outside of every 'mdat'"),
        (chunk(500, 10), "outside of every 'mdat'"),
        (chunk(0, u32::MAX), "outside of every 'mdat'"),
        (
            sound(|at| vec![stsz(&[60, 40]), stsc(&[[1, 1, 1]]), stco(&[at, at + 59])]),
            "shares bytes",
        ),
        (
            sound(|at| {
                vec![
                    full(b"stsz", &[0, 1, u32::MAX]),
                    stsc(&[[1, 1, 1]]),
                    stco(&[at]),
                ]
            }),
            "more samples than any file has",
        ),
        (sound(|_| vec![stsz(&[60, 40])]), "has no 'stsc'"),
    ] {
        match said {
            "" => assert!(protect(&file, Scheme::Cenc).is_ok()),
            said => assert!(refusal(&file).contains(said), "{}", refusal(&file)),
        }
    }
}

#[test]
fn features_whose_offsets_do_not_move_are_refused() {
    let meta = boxed(b"meta", &[&[0; 4], &full(b"iloc", &[0, 0])]);
    let at = ftyp().len() + 8;
    let with = |extra: Vec<u8>| {
        let sound = trak(1, b"mp4a", &good(at));
        [ftyp(), mdat(&media(100)), moov(&[sound, extra])].concat()
    };
    assert!(refusal(&with(meta.clone())).contains("'iloc'"));
    assert!(refusal(&with(boxed(b"udta", &[&meta]))).contains("'iloc'"));
    assert!(refusal(&[sound(good), meta].concat()).contains("'iloc'"));
    let inside = |extra: Vec<u8>| sound(|at| [good(at), vec![extra.clone()]].concat());
    let outside = [
        boxed(b"saiz", &[&word(1), b"abcd", &word(0), &[4], &word(2)]),
        full(b"saio", &[1, 0x6162_6364, 0, 1, 9]),
    ];
    assert!(refusal(&inside(outside.concat())).contains("'saio'"));
    assert!(refusal(&[sound(good), moov(&[])].concat()).contains("occurs more than once"));
    let cut = sound(good);
    assert!(refusal(&cut[..60]).contains("mdat"));
    let fragments = [sound(good), boxed(b"moof", &[])].concat();
    assert_eq!(refusal(&fragments), "not progressive");
}

// 14496-12, clauses 8.7.8 and 8.7.9: for a track, offsets count from the start of the file.
#[test]
fn auxiliary_information_of_other_kinds_stays_and_is_found() {
    let at = ftyp().len() + 8;
    let auxiliary = b"information";
    for offsets in [&[at + 103][..], &[at + 103, at + 107]] {
        let offsets: Vec<u8> = offsets.iter().flat_map(|offset| word(*offset)).collect();
        let count = word(offsets.len() / 4);
        let saiz = boxed(
            b"saiz",
            &[&word(1), b"abcd", &word(5), &[0], &word(2), &[4, 7]],
        );
        let saio = boxed(b"saio", &[&word(1), b"abcd", &word(5), &count, &offsets]);
        let chunks = [stsz(&[60, 40]), stsc(&[[1, 1, 1]]), stco(&[at, at + 60])];
        let sound = trak(1, b"mp4a", &[chunks.concat(), saiz.clone(), saio]);
        let payload = [&media(100), b"gap".as_slice(), auxiliary, b"gap"].concat();
        let out = protect(
            &[ftyp(), mdat(&payload), moov(&[sound])].concat(),
            Scheme::Cenc,
        )
        .unwrap();
        let find = |bytes: &[u8]| out.windows(bytes.len()).position(|found| found == bytes);
        assert!(find(&saiz).is_some());
        let saio = find(b"saio\0\0\0\x01abcd").unwrap() + 20;
        let moved = u32::from_be_bytes(out[saio..][..4].try_into().unwrap()) as usize;
        assert_eq!(out[moved - 3..], *b"\0\0\0information\0\0\0");
    }
}

/// A file with a hole before its second sample. Its `moov` is the last box.
fn with_hole(hole: u64, offsets: impl Fn(u64) -> Vec<u8>) -> Sparse {
    let head = [ftyp(), word(1).to_vec(), b"mdat".to_vec()].concat();
    let first = head.len() as u64 + 8;
    let second = first + 100 + hole;
    let head = [
        head,
        (100 + hole + 100 + 16).to_be_bytes().to_vec(),
        media(100),
    ]
    .concat();
    let tables = [stsz(&[100, 100]), stsc(&[[1, 1, 1]]), offsets(second)];
    let moov = moov(&[trak(1, b"mp4a", &tables)]);
    let tail = [media(100), moov].concat();
    Sparse {
        head,
        size: second + tail.len() as u64,
        others: vec![(second, tail)],
    }
}

/// Protects a file with a hole. Returns its `moov`, and the decrypted samples from the positions that it states.
fn across(mut source: Sparse) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut head = Vec::new();
    let mut places: Vec<u64> = Vec::new();
    let mut samples = Vec::new();
    pass(&mut source, Scheme::Cenc, |at, bytes| {
        if places.is_empty() && head.windows(4).any(|kind| kind == b"moov") {
            let movie = Movie::parse(whole_boxes(&head));
            let found = movie.tracks.iter().flat_map(|track| &track.samples);
            places = found.map(|sample| sample.offset as u64).collect();
        }
        if at < 4096 {
            head.extend_from_slice(bytes.get(..bytes.len().min(4096)).unwrap());
        }
        for place in places
            .iter()
            .filter(|place| (at..at + bytes.len() as u64).contains(*place))
        {
            let from = usize::try_from(place - at).unwrap();
            samples.push(bytes[from..from + 100].to_vec());
        }
    })
    .unwrap();
    let moov = whole_boxes(&head);
    let movie = Movie::parse(moov.clone());
    let track = movie.tracks[0].samples.iter().zip(&mut samples);
    for (sample, bytes) in track {
        let protection = sample.protection.as_ref().unwrap();
        decrypt::decrypt(bytes, protection, &KEY);
    }
    (moov, samples)
}

/// The boxes before the first `mdat`.
fn whole_boxes(head: &[u8]) -> Vec<u8> {
    let at = ftyp().len();
    let moov = u32::from_be_bytes(head[at..][..4].try_into().unwrap());
    head[..at + moov as usize].to_vec()
}

#[test]
fn files_beyond_four_gibibytes_keep_their_offsets() {
    let (moov, samples) = across(with_hole(1 << 32, |second| co64(&[36, second])));
    assert!(moov.windows(4).any(|kind| kind == b"co64"));
    assert_eq!(samples, [media(100), media(100)]);
}

#[test]
fn offsets_that_outgrow_32_bits_get_64() {
    // The second sample is below 4 GiB until the `moov` is moved in front of it.
    let narrow = |second: u64| stco(&[36, usize::try_from(second).unwrap()]);
    let (moov, samples) = across(with_hole((1 << 32) - 400, narrow));
    assert!(moov.windows(4).any(|kind| kind == b"co64"));
    assert_eq!(samples, [media(100), media(100)]);
    let (moov, _) = across(with_hole(1 << 16, narrow));
    assert!(moov.windows(4).any(|kind| kind == b"stco"));
}
