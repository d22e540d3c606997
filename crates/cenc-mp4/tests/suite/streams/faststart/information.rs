// SPDX-License-Identifier: MPL-2.0
//! What tables say of samples beside their times goes with the fragments: sub-samples, compact groups, and auxiliary information of
//! other kinds, wherever in the media it is.

use cenc_types::Scheme;

use super::{checked, file, fragments, stts, trak};
use crate::streams::{protected, refusal};
use test_support::build::{boxed, mdat, media, word};
use test_support::build_progressive::{stco, stsc, stsz};
use test_support::timeline;

/// Four sync samples of 2 s in two chunks, which are four fragments, with other tables.
fn film(chunks: &[usize], others: &[Vec<u8>]) -> Vec<u8> {
    trak(
        1,
        b"vp08",
        &[
            stts(&[[4, 20]]),
            stsz(&[20, 30, 40, 50]),
            stsc(&[[1, 2, 1]]),
            stco(chunks),
            others.concat(),
        ],
    )
}

/// `saiz` and `saio` of one kind.
fn information(kind: &[u8; 8], sizes: &[u8], offsets: &[usize]) -> Vec<u8> {
    let saiz = [&word(1), &kind[..], &[0], &word(sizes.len()), sizes].concat();
    let offsets_end: Vec<u8> = offsets.iter().flat_map(|&at| word(at)).collect();
    let saio = [&word(1), &kind[..], &word(offsets.len()), &offsets_end].concat();
    [boxed(b"saiz", &[&saiz]), boxed(b"saio", &[&saio])].concat()
}

#[test]
fn sub_samples_and_compact_groups_go_with_their_samples() {
    let sub_sample = |size: u8| [0, size, 1, 0, 0, 0, 0, 7];
    let subs = |delta: u8, count: u8| {
        let each: Vec<u8> = (1..=count).flat_map(sub_sample).collect();
        [&[0, 0, 0, delta, 0, count], each.as_slice()].concat()
    };
    let others = [
        boxed(b"subs", &[&[0; 4], &word(2), &subs(2, 2), &subs(2, 3)]),
        // A second box of other flags.
        boxed(b"subs", &[&word(3), &word(1), &subs(1, 1)]),
        boxed(
            b"csgp",
            &[&word(0x15), b"rap ", &word(1), b"\x02\x04\x01\x02"],
        ),
        boxed(
            b"sgpd",
            &[&[1, 0, 0, 0], b"rap ", &word(1), &word(2), b"\x01\x02"],
        ),
    ];
    let clear = file(
        |at| vec![film(&[at + 8, at + 58], &others)],
        &mdat(&media(140)),
    );
    let out = checked(&clear);
    assert_eq!(fragments(&out), [(1, 1); 4]);
    let told = &timeline::of(&out)[&1];
    let sub_samples: Vec<_> = told.iter().map(|moment| moment.sub_samples.len()).collect();
    assert_eq!(sub_samples, [1, 1, 0, 1]);
    let groups: Vec<_> = told.iter().map(|moment| moment.groups[b"rap "]).collect();
    assert_eq!(groups, [1, 2, 1, 2]);
    assert!(!out.windows(4).any(|kind| kind == b"csgp"));
}

#[test]
fn auxiliary_information_goes_with_its_samples_wherever_it_is() {
    let kinds = [b"abcd\0\0\0\x01", b"abcd\0\0\0\x02"];
    let sizes = [3, 0, 4, 5];
    // One kind after each chunk of two samples, the other in front of all.
    let traks = |at: usize| {
        let first = at + 8 + 9;
        let second = first + 50 + 3 + 6;
        let others = [
            information(kinds[0], &sizes, &[first + 50, second + 90]),
            information(kinds[1], &[9], &[at + 8]),
        ];
        vec![film(&[first, second], &others)]
    };
    let clear = file(traks, &mdat(&media(9 + 50 + 3 + 6 + 90 + 9)));
    let out = checked(&clear);
    let told = &timeline::of(&out)[&1];
    let found = |kind: &[u8; 8]| -> Vec<usize> {
        let len = |moment: &timeline::Moment| moment.information.get(kind).map_or(0, Vec::len);
        told.iter().map(len).collect()
    };
    assert_eq!(found(kinds[0]), sizes.map(usize::from));
    assert_eq!(found(kinds[1]), [9, 0, 0, 0]);
    protected(&clear, Scheme::Cbcs);
}

#[test]
fn auxiliary_information_outside_of_the_media_is_refused() {
    let with = |behind: usize| {
        let traks = |at: usize| {
            let place = at + 8 + 140 + behind;
            vec![film(
                &[at + 8, at + 58],
                &[information(b"abcd\0\0\0\0", &[4], &[place])],
            )]
        };
        file(traks, &mdat(&media(144)))
    };
    checked(&with(0));
    assert!(refusal(&with(1)).contains("ends inside mdat"));
    // Three offsets for two chunks.
    let traks = |at: usize| {
        vec![film(
            &[at + 8, at + 58],
            &[information(b"abcd\0\0\0\0", &[4], &[at, at, at])],
        )]
    };
    let odd = file(traks, &mdat(&media(144)));
    assert!(refusal(&odd).contains("'saio' is not supported"));
}
