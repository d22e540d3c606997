// SPDX-License-Identifier: MPL-2.0
//! Tracks whose `pssh` boxes or PlayReady Headers differ from what a profile demands.

use crate::WrongTrack;
use crate::edits::{EditableBox, at, lay_out};
use crate::material::Parts;
use crate::wrong_boxes::group_all;

const TENC: &str = "moov/trak/mdia/minf/stbl/stsd/encv/sinf/schi/tenc";
const NAMESPACE: &str = "http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader";
const PLAYREADY: [u8; 16] = [
    0x9a, 0x04, 0xf0, 0x79, 0x98, 0x40, 0x42, 0x86, 0xab, 0x92, 0xe6, 0x5b, 0xe0, 0x88, 0x5f, 0x95,
];
/// The KIDs of `two.keys` and `cbc.keys` in GUID order, by Python's `uuid.UUID(KID).bytes_le`, in base64.
const VIDEO_GUID: &str = "09LR0NXUR0aYSVpbXF1eAQ==";
const AUDIO_GUID: &str = "09LR0NXUR0aYSVpbXF1eAg==";
const CBC_VIDEO_GUID: &str = "09LR0NXUR0aYSVpbXF1eAw==";
/// The types of records in a PlayReady Object.
const HEADER: u16 = 1;
const LICENCE_STORE: u16 = 3;

/// The tracks.
pub const TRACKS: [WrongTrack; 10] = [
    WrongTrack {
        name: "pssh-only-in-the-manifest",
        track: "cenc/video",
        edit: remove_pssh,
        expected: &[
            ("playready-3", &["pssh-missing"]),
            ("playready-4", &["pssh-missing"]),
            ("cmaf", &[]),
            ("dash-if", &[]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "pssh-in-the-init-segment",
        track: "cenc/video",
        edit: |parts| add_pssh(parts, &header("4.0.0.0", &kid_of_4_0(VIDEO_GUID))),
        expected: &[
            ("cmaf", &["pssh-in-moov"]),
            ("dash-if", &["pssh-in-moov"]),
            ("playready-3", &[]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "header-4.3",
        track: "cenc/video",
        edit: |parts| {
            add_pssh(
                parts,
                &header("4.3.0.0", &kids(&[VIDEO_GUID], " ALGID=\"AESCTR\"")),
            );
        },
        expected: &[("playready-3", &["header-version"]), ("playready-4", &[])],
    },
    WrongTrack {
        name: "header-without-algid",
        track: "cbcs/video",
        edit: |parts| add_pssh(parts, &header("4.3.0.0", &kids(&[CBC_VIDEO_GUID], ""))),
        expected: &[
            ("playready-3", &["header-version", "scheme-cbcs"]),
            ("playready-4", &["header-algid"]),
        ],
    },
    WrongTrack {
        name: "header-for-each-kid",
        track: "cenc/video",
        edit: |parts| {
            add_second_track(parts);
            add_pssh(parts, &header("4.0.0.0", &kid_of_4_0(VIDEO_GUID)));
            let other = pssh(&object(
                HEADER,
                &utf16(&header("4.0.0.0", &kid_of_4_0(AUDIO_GUID))),
            ));
            at(&mut parts.init, "moov").children.push(other);
        },
        expected: &[
            ("playready-3", &["header-kids", "header-kids"]),
            ("playready-4", &["header-kids", "header-kids"]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "on-demand-header-without-licences",
        track: "cenc/video",
        edit: |parts| add_pssh(parts, &on_demand()),
        expected: &[
            ("playready-3", &["on-demand-licences"]),
            ("playready-4", &["on-demand-licences"]),
            ("hbbtv", &[]),
        ],
    },
    WrongTrack {
        name: "licences-without-an-on-demand-header",
        track: "cenc/video",
        edit: |parts| {
            add_licences(parts);
            add_pssh(parts, &header("4.0.0.0", &kid_of_4_0(VIDEO_GUID)));
        },
        expected: &[
            ("playready-3", &["leaf-licences"]),
            ("playready-4", &["leaf-licences"]),
            ("dash-if", &["pssh-in-moov"]),
        ],
    },
    // Right: the leaf licences of changing keys are in the fragments.
    WrongTrack {
        name: "embedded-licences",
        track: "cenc/video",
        edit: |parts| {
            change_keys(parts);
            add_licences(parts);
            add_pssh(parts, &on_demand());
        },
        expected: &[("playready-3", &[]), ("playready-4", &[])],
    },
    WrongTrack {
        name: "changing-keys-without-licences",
        track: "cenc/video",
        edit: change_keys,
        expected: &[("dash-if", &["seig-keys"]), ("cmaf", &[])],
    },
    WrongTrack {
        name: "two-schemes",
        track: "cenc/video",
        edit: |parts| {
            add_second_track(parts);
            remove_pssh(parts);
            let moov = at(&mut parts.init, "moov");
            let second = moov
                .children
                .iter_mut()
                .rfind(|b| b.kind == *b"trak")
                .unwrap();
            let schm = at(&mut second.children, "mdia/minf/stbl/stsd/encv/sinf/schm");
            schm.fields[4..8].copy_from_slice(b"cbcs");
            let tenc = at(
                &mut second.children,
                "mdia/minf/stbl/stsd/encv/sinf/schi/tenc",
            );
            (tenc.fields[0], tenc.fields[5], tenc.fields[7]) = (1, 0x19, 0);
            tenc.fields.push(16);
            tenc.fields.extend([5; 16]);
        },
        expected: &[
            ("playready-4", &["pssh-missing", "schemes-mixed"]),
            ("dash-if", &["schemes-mixed", "several-tracks"]),
            ("cmaf", &["schemes-mixed", "several-tracks"]),
        ],
    },
];

fn remove_pssh(parts: &mut Parts) {
    let moov = at(&mut parts.init, "moov");
    moov.children.retain(|child| child.kind != *b"pssh");
}

/// Replaces the `pssh` boxes by one with this header.
fn add_pssh(parts: &mut Parts, header: &str) {
    remove_pssh(parts);
    let moov = at(&mut parts.init, "moov");
    moov.children.push(pssh(&object(HEADER, &utf16(header))));
}

/// Adds a `pssh` with an embedded licence store to each fragment.
fn add_licences(parts: &mut Parts) {
    for segment in &mut parts.segments {
        let licences = pssh(&object(LICENCE_STORE, &[7; 64]));
        at(segment, "moof").children.push(licences);
        lay_out(segment);
    }
}

/// Names another key for the samples of the second fragment.
fn change_keys(parts: &mut Parts) {
    let mut kid: [u8; 16] = at(&mut parts.init, TENC).fields[8..24].try_into().unwrap();
    kid[0] ^= 1;
    group_all(&mut parts.segments[1], kid, 0x1_0001, true);
}

/// Adds a track with the KID of sound, of which there are no samples.
fn add_second_track(parts: &mut Parts) {
    let moov = at(&mut parts.init, "moov");
    let mut second = moov
        .children
        .iter()
        .find(|found| found.kind == *b"trak")
        .unwrap()
        .clone();
    let tkhd = at(&mut second.children, "tkhd");
    // track_ID follows two times, which have 8 bytes in version 1.
    let place = if tkhd.fields[0] == 0 { 12 } else { 20 };
    tkhd.set_word(place, 9);
    let tenc = at(
        &mut second.children,
        "mdia/minf/stbl/stsd/encv/sinf/schi/tenc",
    );
    tenc.fields[23] = 2;
    moov.children.push(second);
    let mvex = at(&mut moov.children, "mvex");
    let mut trex = at(&mut mvex.children, "trex").clone();
    trex.set_word(4, 9);
    mvex.children.push(trex);
}

fn header(version: &str, data: &str) -> String {
    format!(
        "<WRMHEADER xmlns=\"{NAMESPACE}\" version=\"{version}\"><DATA>{data}</DATA></WRMHEADER>"
    )
}

fn on_demand() -> String {
    header("4.2.0.0", "<DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP>")
}

fn kid_of_4_0(guid: &str) -> String {
    format!("<PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>{guid}</KID>")
}

fn kids(guids: &[&str], algorithm: &str) -> String {
    let kids: String = guids
        .iter()
        .map(|guid| format!("<KID{algorithm} VALUE=\"{guid}\"></KID>"))
        .collect();
    format!("<PROTECTINFO><KIDS>{kids}</KIDS></PROTECTINFO>")
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A PlayReady Object with one record, by Microsoft's PlayReady Header Specification, section 2.
fn object(record: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap();
    let mut object = (u32::from(len) + 10).to_le_bytes().to_vec();
    object.extend([1, 0]);
    object.extend(record.to_le_bytes());
    object.extend(len.to_le_bytes());
    object.extend(value);
    object
}

/// A `pssh` box of version 0 with a PlayReady Object.
fn pssh(object: &[u8]) -> EditableBox {
    let mut fields = vec![0; 4];
    fields.extend(PLAYREADY);
    fields.extend(u32::try_from(object.len()).unwrap().to_be_bytes());
    fields.extend(object);
    EditableBox::leaf(*b"pssh", fields)
}
