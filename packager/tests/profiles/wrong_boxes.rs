// SPDX-License-Identifier: MPL-2.0
//! Tracks whose boxes differ from what a profile demands in one point.

use crate::edits::{EditableBox, at, lay_out};
use crate::material::Parts;
use crate::{Expected, WrongTrack};

const TENC: &str = "moov/trak/mdia/minf/stbl/stsd/encv/sinf/schi/tenc";
const AUDIO_TENC: &str = "moov/trak/mdia/minf/stbl/stsd/enca/sinf/schi/tenc";
const SCHM: &str = "moov/trak/mdia/minf/stbl/stsd/encv/sinf/schm";
const STSD: &str = "moov/trak/mdia/minf/stbl/stsd";
const STBL: &str = "moov/trak/mdia/minf/stbl";

/// The tracks.
pub const TRACKS: [WrongTrack; 22] = [
    WrongTrack {
        name: "keys-that-change",
        track: "periods/video",
        edit: |_| (),
        expected: &[
            ("playready-3", &["seig-keys"]),
            ("playready-4", &["seig-keys"]),
            // The first KID would be in the manifest.
            ("dash-if", &["kid-missing", "seig-keys"]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "clear-lead",
        track: "clear-lead/video",
        edit: |_| (),
        expected: &[
            ("playready-3", &["clear-samples"]),
            ("playready-4", &["clear-samples"]),
            ("dash-if", &[]),
            ("cmaf", &[]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "schm-version",
        track: "cenc/video",
        edit: |parts| at(&mut parts.init, SCHM).set_word(8, 0x1_0001),
        expected: &[("cmaf", &["scheme-version"]), ("playready-3", &[])],
    },
    WrongTrack {
        name: "pattern-of-sound",
        track: "cbcs/audio",
        edit: |parts| {
            let tenc = at(&mut parts.init, AUDIO_TENC);
            (tenc.fields[0], tenc.fields[5]) = (1, 0x19);
        },
        expected: &[
            ("cmaf", &["pattern-audio"]),
            ("dash-if", &["pattern-audio"]),
            ("playready-4", &[]),
        ],
    },
    WrongTrack {
        name: "no-default-base-is-moof",
        track: "cenc/video",
        edit: |parts| {
            // Only the first fragment can do without the flag and stay readable.
            parts.segments.truncate(1);
            at(&mut parts.segments[0], "moof/traf/tfhd").fields[1] &= !2;
        },
        expected: EVERYWHERE_BUT_PLAYREADY_DATA_BASE,
    },
    WrongTrack {
        name: "base-data-offset",
        track: "cenc/video",
        edit: |parts| {
            parts.segments.truncate(1);
            let segment = &mut parts.segments[0];
            let before: usize = segment
                .iter()
                .take_while(|found| found.kind != *b"moof")
                .map(|found| crate::edits::write_all(std::slice::from_ref(found)).len())
                .sum();
            let tfhd = at(segment, "moof/traf/tfhd");
            tfhd.fields[3] |= 1;
            let offset = (before as u64).to_be_bytes();
            tfhd.fields.splice(8..8, offset);
            lay_out(segment);
        },
        expected: EVERYWHERE_BUT_PLAYREADY_DATA_BASE,
    },
    WrongTrack {
        name: "no-tfdt",
        track: "cenc/video",
        edit: |parts| at(&mut parts.segments[1], "moof/traf/tfdt").free(),
        expected: &[
            ("cmaf", &["tfdt-missing"]),
            ("dash-if", &["tfdt-missing"]),
            ("hbbtv", &["tfdt-missing"]),
            ("playready-3", &[]),
        ],
    },
    WrongTrack {
        name: "no-saiz-and-saio",
        track: "cenc/video",
        edit: |parts| {
            for segment in &mut parts.segments {
                at(segment, "moof/traf/saiz").free();
                at(segment, "moof/traf/saio").free();
            }
        },
        expected: &[
            ("playready-3", &["saio-missing"]),
            ("playready-4", &["saio-missing"]),
            ("cmaf", &["saio-missing"]),
            ("dash-if", &[]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "no-senc",
        track: "cenc/video",
        edit: |parts| at(&mut parts.segments[0], "moof/traf/senc").free(),
        expected: &[
            ("dash-if", &["fragment-senc"]),
            ("playready-3", &["fragment-senc"]),
            ("playready-4", &["fragment-senc"]),
            ("cmaf", &[]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "no-senc-with-constant-iv",
        track: "cbcs/audio",
        edit: |parts| at(&mut parts.segments[0], "moof/traf/senc").free(),
        expected: &[
            ("dash-if", &["fragment-senc"]),
            ("playready-4", &["fragment-senc"]),
            ("cmaf", &[]),
        ],
    },
    WrongTrack {
        name: "entries-after-the-moof",
        track: "cenc/video",
        edit: |parts| {
            let segment = &mut parts.segments[0];
            let senc = at(segment, "moof/traf/senc");
            senc.free();
            let entries = EditableBox::leaf(*b"free", senc.fields[8..].to_vec());
            let moof = segment
                .iter()
                .position(|found| found.kind == *b"moof")
                .unwrap();
            let to_end: usize = segment[moof..]
                .iter()
                .map(|found| crate::edits::write_all(std::slice::from_ref(found)).len())
                .sum();
            let saio = at(segment, "moof/traf/saio");
            saio.set_word(8, u32::try_from(to_end + 8).unwrap());
            segment.push(entries);
        },
        expected: &[
            ("hbbtv", &["saio-outside-moof"]),
            ("dash-if", &["fragment-senc"]),
            ("playready-3", &["fragment-senc"]),
            ("cmaf", &[]),
        ],
    },
    WrongTrack {
        name: "two-offsets",
        track: "cenc/audio",
        edit: two_offsets,
        expected: &[("cmaf", &["saio-offsets"]), ("playready-3", &[])],
    },
    WrongTrack {
        name: "unaligned-range",
        track: "cenc/video",
        edit: |parts| {
            let senc = at(&mut parts.segments[0], "moof/traf/senc");
            // After the fields of the box, an IV of 8 bytes and subsample_count.
            let entry = (18..senc.fields.len())
                .find(|entry| senc.fields[entry - 2..*entry] == [0, 1] && senc.word(entry + 2) > 16)
                .unwrap();
            let (clear, protected) = (senc.word(entry) >> 16, senc.word(entry + 2));
            senc.set_word(entry + 2, protected - 1);
            let clear = u16::try_from(clear + 1).unwrap().to_be_bytes();
            senc.fields[entry..entry + 2].copy_from_slice(&clear);
        },
        expected: &[("cmaf", &["subsample-alignment"]), ("playready-3", &[])],
    },
    WrongTrack {
        name: "start-is-no-sync-sample",
        track: "cenc/video",
        edit: |parts| {
            let trun = at(&mut parts.segments[0], "moof/traf/trun");
            let flags = trun.word(0);
            // first_sample_flags, or the flags of each sample after its duration and size.
            let first = match flags & 4 {
                0 => 12 + 4 * ((flags >> 8 & 1) + (flags >> 9 & 1)) as usize,
                _ => 12,
            };
            trun.set_word(first, trun.word(first) | 0x1_0000);
        },
        expected: &[
            ("cmaf", &["start-not-sync"]),
            ("dash-if", &["start-not-sync"]),
            ("hbbtv", &["start-not-sync"]),
            ("playready-3", &[]),
        ],
    },
    WrongTrack {
        name: "two-trafs",
        track: "cenc/video",
        edit: |parts| {
            let moof = at(&mut parts.segments[0], "moof");
            // A fragment of no samples.
            let mut second = moof
                .children
                .iter()
                .find(|found| found.kind == *b"traf")
                .unwrap()
                .clone();
            second
                .children
                .retain(|found| matches!(&found.kind, b"tfhd" | b"tfdt"));
            moof.children.push(second);
            lay_out(&mut parts.segments[0]);
        },
        expected: &[("hbbtv", &["several-trafs"]), ("playready-3", &[])],
    },
    WrongTrack {
        name: "no-cmaf-brand",
        track: "cenc/video",
        edit: |parts| {
            let ftyp = at(&mut parts.init, "ftyp");
            ftyp.fields = b"iso6\0\0\0\0iso6".to_vec();
        },
        expected: &[("cmaf", &["brand-missing"]), ("dash-if", &[])],
    },
    WrongTrack {
        name: "brand-with-a-version",
        track: "cenc/video",
        edit: |parts| {
            let ftyp = at(&mut parts.init, "ftyp");
            ftyp.fields = b"cmfc\0\0\0\x01iso6cmfc".to_vec();
        },
        expected: &[("cmaf", &["brand-version"]), ("dash-if", &[])],
    },
    WrongTrack {
        name: "no-ftyp",
        track: "cenc/video",
        edit: |parts| at(&mut parts.init, "ftyp").free(),
        expected: &[
            ("cmaf", &["ftyp-missing"]),
            ("dash-if", &["ftyp-missing"]),
            ("hbbtv", &["ftyp-missing"]),
            ("playready-3", &[]),
        ],
    },
    WrongTrack {
        name: "clear-sample-entry",
        track: "cenc/video",
        edit: |parts| {
            let stsd = at(&mut parts.init, STSD);
            let mut clear = stsd.children[0].clone();
            clear.kind = *b"avc1";
            clear.children.retain(|child| child.kind != *b"sinf");
            stsd.children.push(clear);
            stsd.set_word(4, 2);
        },
        expected: &[
            ("playready-3", &["clear-samples"]),
            ("playready-4", &["clear-samples"]),
            ("dash-if", &[]),
        ],
    },
    WrongTrack {
        name: "senc-in-an-init-segment",
        track: "cenc/video",
        edit: |parts| {
            let empty = EditableBox::leaf(*b"senc", vec![0; 8]);
            at(&mut parts.init, STBL).children.push(empty);
        },
        expected: &[
            ("playready-3", &["senc-in-moov"]),
            ("playready-4", &["senc-in-moov"]),
            ("cmaf", &[]),
        ],
    },
    WrongTrack {
        name: "tenc-without-kid",
        track: "cenc/video",
        edit: |parts| {
            let tenc = at(&mut parts.init, TENC);
            let kid: [u8; 16] = tenc.fields[8..24].try_into().unwrap();
            tenc.fields[8..24].fill(0);
            for segment in &mut parts.segments {
                group_all(segment, kid, 0x1_0001, true);
            }
        },
        expected: &[
            ("dash-if", &["seig-keys", "tenc-kid-nil"]),
            ("playready-3", &["seig-keys"]),
            ("cmaf", &[]),
        ],
    },
    WrongTrack {
        name: "groups-of-moov",
        track: "cenc/video",
        edit: |parts| {
            let kid: [u8; 16] = at(&mut parts.init, TENC).fields[8..24].try_into().unwrap();
            at(&mut parts.init, STBL).children.push(sgpd(kid));
            for segment in &mut parts.segments {
                group_all(segment, kid, 1, false);
            }
        },
        expected: &[
            ("playready-3", &["seig-in-moov"]),
            ("playready-4", &["seig-in-moov"]),
            ("dash-if", &["seig-in-moov"]),
            ("cmaf", &[]),
        ],
    },
];

const EVERYWHERE_BUT_PLAYREADY_DATA_BASE: &[Expected] = &[
    ("cmaf", &["data-base"]),
    ("dash-if", &["data-base"]),
    ("hbbtv", &["data-base"]),
    ("playready-3", &[]),
];

/// An `sgpd` with a `seig` entry of IVs of 8 bytes.
fn sgpd(kid: [u8; 16]) -> EditableBox {
    let mut fields = b"\x01\0\0\0seig\0\0\0\x14\0\0\0\x01\0\0\x01\x08".to_vec();
    fields.extend(kid);
    EditableBox::leaf(*b"sgpd", fields)
}

/// Puts all samples of a segment into one group, whose `sgpd` may be in the fragment.
pub fn group_all(segment: &mut [EditableBox], kid: [u8; 16], index: u32, is_local: bool) {
    let traf = at(segment, "moof/traf");
    let samples = traf
        .children
        .iter()
        .find(|found| found.kind == *b"trun")
        .unwrap()
        .word(4);
    let mut sbgp = b"\0\0\0\0seig\0\0\0\x01".to_vec();
    sbgp.extend(samples.to_be_bytes());
    sbgp.extend(index.to_be_bytes());
    traf.children.push(EditableBox::leaf(*b"sbgp", sbgp));
    if is_local {
        traf.children.push(sgpd(kid));
    }
    lay_out(segment);
}

/// Divides the samples of the first segment into a run of one sample and a run of the others, with an offset each.
fn two_offsets(parts: &mut Parts) {
    let segment = &mut parts.segments[0];
    let traf = at(segment, "moof/traf");
    let place = traf
        .children
        .iter()
        .position(|found| found.kind == *b"trun")
        .unwrap();
    let first = &mut traf.children[place];
    let (flags, count) = (first.word(0), first.word(4));
    let fields_of_run = 8 + 4 * (flags & 1) as usize + (flags & 4) as usize;
    let fields_of_sample = 4 * (flags & 0xf00).count_ones() as usize;
    let others = first.fields.split_off(fields_of_run + fields_of_sample);
    first.set_word(4, 1);
    let mut second = (flags & !5).to_be_bytes().to_vec();
    second.extend((count - 1).to_be_bytes());
    second.extend(others);
    traf.children
        .insert(place + 1, EditableBox::leaf(*b"trun", second));
    at(segment, "moof/traf/saio").fields = b"\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0".to_vec();
    lay_out(segment);
    // An entry is an IV of 8 bytes.
    let saio = at(segment, "moof/traf/saio");
    saio.set_word(12, saio.word(8) + 8);
}
