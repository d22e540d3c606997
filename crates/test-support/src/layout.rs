// SPDX-License-Identifier: MPL-2.0
//! Checks the structure of a protected file: each offset and size refers to the right box or sample.

use crate::boxes::{Bx, Fields, top_level, u32_at, usize_of};
use crate::fragments::{of_encryption, saiz_sizes};
use crate::movie::Movie;

/// Checks a protected file: sample entries, aux info offsets, samples inside mdat, sidx and mfra.
pub fn check(file: &[u8]) {
    let boxes = top_level(file);
    check_samples_in_mdat(&Movie::parse(file.to_vec()), &boxes);
    for moof in boxes.iter().filter(|piece| &piece.kind == b"moof") {
        for traf in moof.all(b"traf") {
            let tfhd = traf.at(&[b"tfhd"]);
            let base = match tfhd.flags() & 1 {
                0 => moof.start,
                _ => usize_of(Fields(&tfhd.body()[8..]).wide(true)),
            };
            check_saio(traf, base);
        }
    }
    for moov in boxes.iter().filter(|piece| &piece.kind == b"moov") {
        for trak in moov.all(b"trak") {
            check_saio(trak.at(&[b"mdia", b"minf", b"stbl"]), 0);
        }
    }
    for index in 0..boxes.len() {
        if &boxes[index].kind == b"sidx" {
            check_sidx(&boxes, index);
        }
    }
    for mfra in boxes.iter().filter(|piece| &piece.kind == b"mfra") {
        check_tfra(*mfra, &boxes);
    }
}

/// Checks that a failed run left nothing that a player could take for a file: no `moov`, no fragment, no media.
pub fn nothing_plays(file: &std::path::Path) {
    let left = std::fs::read(file).unwrap_or_default();
    for piece in top_level(&left) {
        let is_harmless = matches!(&piece.kind, b"ftyp" | b"free" | b"skip");
        let kind = String::from_utf8_lossy(&piece.kind);
        assert!(is_harmless, "{kind} has left, of {} bytes", left.len());
    }
}

/// Checks that every sample is in one mdat, and that no two samples overlap.
fn check_samples_in_mdat(movie: &Movie, boxes: &[Bx<'_>]) {
    let mut places: Vec<_> = movie
        .tracks
        .iter()
        .flat_map(|track| &track.samples)
        .map(|sample| (sample.offset, sample.offset + sample.size))
        .collect();
    places.sort_unstable();
    for pair in places.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "samples {pair:?} overlap");
    }
    for (start, end) in places {
        assert!(
            boxes
                .iter()
                .filter(|piece| &piece.kind == b"mdat")
                .any(|mdat| mdat.start + mdat.header <= start && end <= mdat.end),
            "sample {start}..{end} is in no mdat"
        );
    }
}

/// Checks 23001-7, 7.1: `saio` points at the first entry of `senc`, and `saiz` has the sizes of the entries.
fn check_saio(parent: Bx<'_>, base: usize) {
    let Some(saio) = of_encryption(parent, b"saio") else {
        return;
    };
    let senc = parent.at(&[b"senc"]);
    let mut fields = Fields(&saio.body()[4 + 8 * (saio.flags() as usize & 1)..]);
    assert_eq!(fields.u32(), 1, "entry_count of saio");
    let entries = senc.start + senc.header + 8;
    assert_eq!(
        base + usize_of(fields.wide(saio.version() == 1)),
        entries,
        "saio points at the first entry of senc"
    );
    let sizes = saiz_sizes(of_encryption(parent, b"saiz").unwrap());
    assert_eq!(
        sizes.len(),
        u32_at(senc.body(), 4) as usize,
        "sample_count of saiz"
    );
    assert_eq!(
        entries + sizes.iter().map(|&size| usize::from(size)).sum::<usize>(),
        senc.end,
        "saiz covers senc"
    );
}

/// Checks that each reference of a `sidx` ends where a box ends, and that the next reference begins with the next box.
fn check_sidx(boxes: &[Bx<'_>], index: usize) {
    let sidx = boxes[index];
    let is_wide = sidx.version() == 1;
    let mut fields = Fields(&sidx.body()[12..]);
    let _earliest_presentation_time = fields.wide(is_wide);
    let mut at = sidx.end + usize_of(fields.wide(is_wide));
    let _reserved = fields.u16();
    for reference in 0..fields.u16() {
        let [kind_and_size, _duration, _sap] = fields.words();
        assert!(
            boxes.iter().any(|piece| piece.start == at),
            "reference {reference} of sidx begins at {at}, where no box begins"
        );
        at += (kind_and_size & 0x7fff_ffff) as usize;
        let last = boxes
            .iter()
            .find(|piece| piece.end == at)
            .unwrap_or_else(|| panic!("reference {reference} of sidx ends at {at}, in a box"));
        assert_eq!(&last.kind, b"mdat", "reference {reference} of sidx");
    }
}

/// Checks that each entry of a `tfra` points at the first byte of a `moof`.
fn check_tfra(mfra: Bx<'_>, boxes: &[Bx<'_>]) {
    for tfra in mfra.all(b"tfra") {
        let is_wide = tfra.version() == 1;
        let mut fields = Fields(&tfra.body()[8..]);
        let lengths = fields.u32();
        let numbers: usize = [4, 2, 0]
            .map(|shift| (lengths >> shift & 3) as usize + 1)
            .iter()
            .sum();
        for _ in 0..fields.u32() {
            let _time = fields.wide(is_wide);
            let offset = usize_of(fields.wide(is_wide));
            assert!(
                boxes
                    .iter()
                    .any(|piece| piece.start == offset && &piece.kind == b"moof"),
                "tfra names byte {offset}, where no moof begins"
            );
            fields.take(numbers);
        }
    }
}
