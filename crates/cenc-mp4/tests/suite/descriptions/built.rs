// SPDX-License-Identifier: MPL-2.0
//! Descriptions of tracks built by hand, for codecs and boxes that no tool of the tests writes.

use cenc_mp4::Error;
use cenc_mp4::description::{
    DynamicRange, MediaDescription, SpeakerLayout, SupplementalCodec, TrackDescription,
};
use isobmff_boxes::{BoxTree, FourCc, FullBoxHeader};

/// A box of a type with these bytes.
fn leaf(box_type: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 8)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    bytes.extend(box_type);
    bytes.extend(body);
    bytes
}

fn entry(format: &[u8; 4], fields: usize, children: &[Vec<u8>]) -> Vec<u8> {
    leaf(format, &[vec![0; fields], children.concat()].concat())
}

fn visual(format: &[u8; 4], children: &[Vec<u8>]) -> Vec<u8> {
    entry(format, 78, children)
}

fn sound(format: &[u8; 4], children: &[Vec<u8>]) -> Vec<u8> {
    entry(format, 28, children)
}

/// A track under test.
struct Track<'a> {
    handler: &'a [u8; 4],
    entries: &'a [Vec<u8>],
    /// Boxes of `mdia` and of `trak`.
    media_boxes: Vec<BoxTree<'a>>,
    track_boxes: Vec<BoxTree<'a>>,
}

impl<'a> Track<'a> {
    const fn new(handler: &'a [u8; 4], entries: &'a [Vec<u8>]) -> Self {
        Self {
            handler,
            entries,
            media_boxes: Vec::new(),
            track_boxes: Vec::new(),
        }
    }

    fn describe(self) -> Result<TrackDescription, Error> {
        let full = |name: &[u8; 4], fields: &[u8]| {
            BoxTree::full(
                FourCc(*name),
                FullBoxHeader {
                    version: 0,
                    flags: 1,
                },
                fields,
            )
        };
        let count = u32::try_from(self.entries.len()).unwrap().to_be_bytes();
        let stsd = [vec![0; 4], count.to_vec(), self.entries.concat()].concat();
        let stbl = BoxTree::container(FourCc::STBL, vec![BoxTree::leaf(FourCc::STSD, stsd)]);
        let mut mdia = vec![
            full(b"mdhd", b"\0\0\0\0\0\0\0\0\0\0\x75\x30\0\0\0\0\x55\xc4\0\0"),
            full(b"hdlr", &[&[0; 4], &self.handler[..], &[0; 13]].concat()),
            BoxTree::container(FourCc::MINF, vec![stbl]),
        ];
        mdia.extend(self.media_boxes);
        let mut trak = vec![
            full(b"tkhd", &[&[0; 8][..], &[0, 0, 0, 7], &[0; 68]].concat()),
            BoxTree::container(FourCc::MDIA, mdia),
        ];
        trak.extend(self.track_boxes);
        TrackDescription::read(&BoxTree::container(FourCc::TRAK, trak))
    }
}

fn codecs(handler: &[u8; 4], entry: Vec<u8>) -> String {
    Track::new(handler, &[entry]).describe().unwrap().codecs
}

const HVCC: &[u8] = b"\x01\x02\x20\0\0\0\xb0\0\0\0\0\0\x99\xf0\0\xfc\xfd\xfa\xfa\0\0\x0f\0";
const AV1C: &[u8] = b"\x81\x04\x0c\0";

/// Checks the codecs parameter of each entry of video.
fn check_video(entries: Vec<(Vec<u8>, &str)>) {
    for (entry, expected) in entries {
        assert_eq!(codecs(b"vide", entry), expected);
    }
}

// RFC 6381, clause 3.6 ("avc1.42E01E"); 14496-15 annex E; HLS authoring specification of Apple ("hvc1.2.4.L153.b0"); "vvc1.1.L67.CQA" is in
// the tests of browsers.
#[test]
fn codecs_with_nal_units_are_the_standards_examples() {
    const HIGH_TIER: &[u8] =
        b"\x01\x61\x60\0\0\0\xb0\0\0\0\0\x01\x5d\xf0\0\xfc\xfd\xfa\xfa\0\0\x0f\0";
    let with = |format, box_type, body: &[u8]| visual(format, &[leaf(box_type, body)]);
    check_video(vec![
        (
            with(b"avc1", b"avcC", b"\x01\x42\xe0\x1e\xff\xe0\0"),
            "avc1.42e01e",
        ),
        (
            with(b"avc3", b"avcC", b"\x01\x64\0\x28\xff\xe0\0"),
            "avc3.640028",
        ),
        (with(b"hvc1", b"hvcC", HVCC), "hvc1.2.4.L153.B0"),
        (
            with(b"hev1", b"hvcC", HIGH_TIER),
            "hev1.A1.6.H93.B0.0.0.0.0.1",
        ),
        (
            with(b"vvc1", b"vvcC", b"\0\0\0\0\xff\0\x19\x5f\x01\x02\x43\x80"),
            "vvc1.1.L67.CQA",
        ),
        (
            with(b"vvi1", b"vvcC", b"\0\0\0\0\xff\0\x19\x5f\x01\x03\x33\0"),
            "vvi1.1.H51",
        ),
        // Without its configuration, an entry has its type alone.
        (visual(b"avc1", &[]), "avc1"),
        (visual(b"ap4h", &[]), "ap4h"),
        (visual(b"mjpg", &[]), "mjpg"),
    ]);
}

// AV1 Codec ISO Media File Format Binding, clause 5 ("av01.0.04M.10.0.112.09.16.09.0"), and VP Codec ISO Media File Format Binding
// ("vp09.02.10.10.01.09.16.09.01").
#[test]
fn codecs_with_colours_are_the_standards_examples() {
    let with = |format, box_type, body: &[u8]| visual(format, &[leaf(box_type, body), hdr10()]);
    check_video(vec![
        (visual(b"av01", &[leaf(b"av1C", AV1C)]), "av01.0.04M.08"),
        (
            with(b"av01", b"av1C", b"\x81\x04\x4e\0"),
            "av01.0.04M.10.0.112.09.16.09.0",
        ),
        (
            with(b"vp09", b"vpcC", b"\x01\0\0\0\x02\x0a\xa3\x09\x10\x09\0\0"),
            "vp09.02.10.10.01.09.16.09.01",
        ),
        (
            with(b"vp08", b"vpcC", b"\x01\0\0\0\0\x0a\x82\x01\x01\x01\0\0"),
            "vp08.00.10.08",
        ),
    ]);
}

/// A `colr` of BT.2020 with the perceptual quantizer.
fn hdr10() -> Vec<u8> {
    leaf(b"colr", b"nclx\0\x09\0\x10\0\x09\0")
}

// Dolby Vision Streams within the HTTP Live Streaming format.
#[test]
fn dolby_vision_has_a_codec_of_its_own_or_a_supplemental_one() {
    let dolby = |profile: u8, level: u8, base: u8| {
        let fields = [
            1,
            0,
            profile << 1 | level >> 5,
            level << 3 | 5,
            base << 4,
            0,
        ];
        leaf(b"dvcC", &fields)
    };
    check_video(vec![
        (
            visual(b"dvh1", &[leaf(b"hvcC", HVCC), dolby(5, 6, 0)]),
            "dvh1.05.06",
        ),
        (visual(b"dav1", &[dolby(10, 9, 0)]), "dav1.10.09"),
    ]);
    let entries = [visual(
        b"hvc1",
        &[leaf(b"hvcC", HVCC), hdr10(), dolby(8, 7, 1)],
    )];
    let described = Track::new(b"vide", &entries).describe().unwrap();
    let supplemental = SupplementalCodec {
        codecs: "dvh1.08.07".to_owned(),
        brand: "db1p",
    };
    assert_eq!(described.supplemental_codec, Some(supplemental));
    let entries = [visual(b"dvh1", &[dolby(5, 6, 0)])];
    let MediaDescription::Video(video) = Track::new(b"vide", &entries).describe().unwrap().media
    else {
        panic!("it is video");
    };
    assert_eq!(video.dynamic_range, Some(DynamicRange::Pq));
}

// mp4ra.org; ETSI TS 103 190-2, E.13; ISO/IEC 23008-3; IAMF v1.1, 6.3; the `dac4` is that of Shaka Packager's
// ac4_audio_util_unittest.cc for immersive stereo.
#[test]
fn audio_codecs_are_the_standards() {
    let esds = |object_type: u8, config: &[u8]| {
        let specific = [&[5, u8::try_from(config.len()).unwrap()][..], config].concat();
        let decoder = [&[object_type, 0x15][..], &[0; 11], &specific].concat();
        let decoder = [&[4, u8::try_from(decoder.len()).unwrap()][..], &decoder].concat();
        let stream = [&[0, 1, 0][..], &decoder].concat();
        let body = [
            &[0; 4][..],
            &[3, u8::try_from(stream.len()).unwrap()],
            &stream,
        ]
        .concat();
        leaf(b"esds", &body)
    };
    let dac4 = b"\x20\xa4\x02\x40\0\0\0\x1f\xff\xff\xff\xe0\x02\x12\xf8\x80\0\0\x42\0\0\x02\x50\x10\0\0\x03\x10";
    for (entry, expected) in [
        (sound(b"mp4a", &[esds(0x40, &[0x12, 0x10])]), "mp4a.40.2"),
        (
            sound(b"mp4a", &[esds(0x40, &[0x2b, 0x11, 0x88, 0])]),
            "mp4a.40.5",
        ),
        (
            sound(b"mp4a", &[esds(0x40, &[0xeb, 0x09, 0x88, 0])]),
            "mp4a.40.29",
        ),
        (
            sound(b"mp4a", &[esds(0x40, &[0xf9, 0x48, 0x40, 0])]),
            "mp4a.40.42",
        ),
        (sound(b"mp4a", &[esds(0x6b, &[])]), "mp4a.6B"),
        (sound(b"mp4a", &[esds(0x69, &[])]), "mp4a.69"),
        (
            sound(b"mp4a", &[leaf(b"wave", &esds(0x40, &[0x12, 0x10]))]),
            "mp4a.40.2",
        ),
        (sound(b"mp4a", &[]), "mp4a"),
        (sound(b"ac-4", &[leaf(b"dac4", dac4)]), "ac-4.02.02.00"),
        (
            sound(b"mhm1", &[leaf(b"mhaC", b"\x01\x0d\x13\0\0")]),
            "mhm1.0x0D",
        ),
        (
            sound(
                b"iamf",
                &[leaf(b"iacb", b"\x01\x10\xf8\x06iamf\0\0\0\x06\x01Opus\0")],
            ),
            "iamf.000.000.Opus",
        ),
        (sound(b"dtsx", &[]), "dtsx"),
    ] {
        assert_eq!(codecs(b"soun", entry), expected);
    }
    let entries = [sound(b"ac-4", &[leaf(b"dac4", dac4)])];
    let MediaDescription::Audio(ac4) = Track::new(b"soun", &entries).describe().unwrap().media
    else {
        panic!("it is audio");
    };
    assert_eq!((ac4.channels, ac4.cicp_configuration), (2, Some(2)));
    assert_eq!(ac4.speakers, Some(SpeakerLayout::DolbyAc4(Some(1))));
    assert!(ac4.is_immersive_stereo);
}

#[test]
fn text_has_its_profile_if_players_know_it() {
    let stpp = |schema: &str| {
        let texts = format!("http://www.w3.org/ns/ttml\0{schema}\0\0");
        leaf(b"stpp", &[&[0; 8], texts.as_bytes()].concat())
    };
    let imsc = "http://www.w3.org/ns/ttml/profile/imsc1/text";
    assert_eq!(codecs(b"subt", stpp(imsc)), "stpp.ttml.im1t");
    assert_eq!(codecs(b"subt", stpp("")), "stpp");
    assert_eq!(
        codecs(b"text", entry(b"wvtt", 8, &[leaf(b"vttC", b"WEBVTT")])),
        "wvtt"
    );
    let forced = leaf(b"tx3g", &[&[0; 8][..], &[0x80, 0, 0, 0], &[0; 26]].concat());
    let described = Track::new(b"sbtl", &[forced]).describe().unwrap();
    assert_eq!(described.media, MediaDescription::Text { is_forced: true });
    let metadata = Track::new(b"meta", &[entry(b"mett", 10, &[])])
        .describe()
        .unwrap();
    assert_eq!(metadata.media, MediaDescription::Other);
}

#[test]
fn language_name_and_purposes_are_read() {
    let kind = leaf(b"kind", b"\0\0\0\0urn:mpeg:dash:role:2011\0caption\0");
    let udta = [kind, leaf(b"name", b"Deutsch"), vec![0; 4]].concat();
    let entries = [entry(b"wvtt", 8, &[])];
    let track = Track {
        media_boxes: vec![BoxTree::leaf(
            FourCc(*b"elng"),
            b"\0\0\0\0deu-AT\0".to_vec(),
        )],
        track_boxes: vec![BoxTree::leaf(FourCc::UDTA, udta)],
        ..Track::new(b"text", &entries)
    };
    let described = track.describe().unwrap();
    assert_eq!(described.language.as_deref(), Some("de-AT"));
    assert_eq!(described.name.as_deref(), Some("Deutsch"));
    assert_eq!(described.kinds.len(), 1);
    assert_eq!(described.kinds[0].scheme, "urn:mpeg:dash:role:2011");
    assert_eq!(described.kinds[0].value, "caption");
    assert!(described.is_enabled);
    assert_eq!((described.track_id, described.timescale), (7, 30_000));
}

#[test]
fn different_entries_are_listed() {
    let entries = [
        visual(b"av01", &[leaf(b"av1C", AV1C)]),
        visual(b"avc1", &[]),
        visual(b"av01", &[leaf(b"av1C", AV1C)]),
    ];
    let described = Track::new(b"vide", &entries).describe().unwrap();
    assert_eq!(described.codecs, "av01.0.04M.08,avc1");
}

#[test]
fn damaged_configurations_are_errors() {
    let error = |entry| Track::new(b"vide", &[entry]).describe().unwrap_err();
    let short = error(visual(b"avc1", &[leaf(b"avcC", &[1, 66])]));
    assert!(matches!(short, Error::Codec { track_id: 7, .. }), "{short}");
    assert!(matches!(error(visual(b"encv", &[])), Error::Box(_)));
    let none = Track::new(b"vide", &[]).describe().unwrap_err();
    assert!(
        matches!(none, Error::NoSampleEntry { track_id: 7 }),
        "{none}"
    );
}

// Each byte of entries with all configurations is changed; the result does not matter.
#[test]
fn no_damage_is_a_panic() {
    let dec3 = leaf(b"dec3", &[0x14, 0, 0x20, 0x0f, 0, 1, 0x10]);
    let dac4 = leaf(
        b"dac4",
        b"\x20\xa4\x02\x40\0\0\0\x1f\xff\xff\xff\xe0\x02\x12\xf8\x80\0\0\x42\0\0\x02\x50\x10",
    );
    let iacb = leaf(b"iacb", b"\x01\x10\xf8\x06iamf\0\0\0\x06\x01Opus\0");
    let esds = leaf(
        b"esds",
        b"\0\0\0\0\x03\x19\0\x01\0\x04\x11\x40\x15\0\0\0\0\0\0\0\0\0\0\0\x05\x04\xeb\x09\x88\0",
    );
    let avcc = leaf(
        b"avcC",
        b"\x01\x42\0\x0a\xff\xe1\0\x06\x67\x42\0\x0a\xfb\xc8\x01\0\x04\x68\xce\x38\x80",
    );
    for (handler, entry) in [
        (b"vide", visual(b"avc1", &[avcc, leaf(b"pasp", &[0; 8])])),
        (
            b"vide",
            visual(
                b"hvc1",
                &[
                    leaf(b"hvcC", HVCC),
                    leaf(b"colr", b"nclx\0\x09\0\x10\0\x09\0"),
                ],
            ),
        ),
        (b"vide", visual(b"av01", &[leaf(b"av1C", AV1C)])),
        (
            b"vide",
            visual(
                b"vvc1",
                &[leaf(b"vvcC", b"\0\0\0\0\xff\0\x19\x5f\x01\x02\x43\x80")],
            ),
        ),
        (b"soun", sound(b"ec-3", &[dec3])),
        (b"soun", sound(b"ac-4", &[dac4])),
        (b"soun", sound(b"iamf", &[iacb])),
        (b"soun", sound(b"mp4a", &[leaf(b"wave", &esds)])),
        (b"subt", leaf(b"stpp", b"\0\0\0\0\0\0\0\0a\0b\0c\0")),
    ] {
        for at in 0..entry.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, entry[at] ^ 1] {
                let mut damaged = entry.clone();
                damaged[at] = value;
                let _ = Track::new(handler, &[damaged]).describe();
            }
        }
    }
}
