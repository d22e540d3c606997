// SPDX-License-Identifier: MPL-2.0
//! `--manifests smooth`: the boxes of the fragments by MS-SSTR and PIFF 1.1, their samples, and their IVs beside those of CMAF.

use std::fs;

use test_support::boxes::{Bx, top_level, u32_at, u64_at};
use test_support::decrypt::{self, Keys};
use test_support::iv_ledger;
use test_support::movie::Movie;
use test_support::samples::no_iv_repeats;

use crate::folder::{AUDIO_KEY, Folder, VIDEO_KEY};

/// The extended types of MS-SSTR 2.2.4.4 and PIFF 1.1, 5.3.2.
const TFXD: u128 = 0x6d1d_9b05_42d5_44e6_80e2_141d_aff7_57b2;
const SENC: u128 = 0xa239_4f52_5a9b_4f14_a244_6c42_7c64_8df4;
const KEY_IDS: [[&str; 2]; 2] = [
    ["b0b1b2b3b4b5464798494a4b4c4d4e4f", VIDEO_KEY],
    ["c0c1c2c3c4c5464798494a4b4c4d4e4f", AUDIO_KEY],
];
/// Pictures that are reordered, and sound that starts before them.
const CODECS: &str =
    "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -movflags +faststart -pix_fmt yuv420p";

/// A StreamIndex of a client manifest, of which all tests have one quality.
struct Stream {
    url: String,
    bitrate: String,
    /// The start and the duration of each fragment.
    fragments: Vec<[u64; 2]>,
}

impl Stream {
    /// Reads the streams of a manifest, by MS-SSTR 2.2.2.3 to 2.2.2.6.
    fn read_all(manifest: &str) -> Vec<Self> {
        let document = roxmltree::Document::parse(manifest).unwrap();
        let streams = document.descendants();
        streams
            .filter(|node| node.has_tag_name("StreamIndex"))
            .map(|stream| {
                let quality = stream.first_element_child().unwrap();
                let mut next = 0;
                let fragments = stream.children().filter(|node| node.has_tag_name("c"));
                Self {
                    url: stream.attribute("Url").unwrap().to_owned(),
                    bitrate: quality.attribute("Bitrate").unwrap().to_owned(),
                    fragments: fragments
                        .map(|c| {
                            let start = c.attribute("t").map_or(next, |t| t.parse().unwrap());
                            let duration = c.attribute("d").unwrap().parse().unwrap();
                            next = start + duration;
                            [start, duration]
                        })
                        .collect(),
                }
            })
            .collect()
    }

    /// Reads the files that a client requests.
    fn files(&self, folder: &Folder, output: &str) -> Vec<Vec<u8>> {
        self.fragments
            .iter()
            .map(|[start, _]| {
                let url = self.url.replace("{bitrate}", &self.bitrate);
                let url = url.replace("{start time}", &start.to_string());
                fs::read(folder.path(output).join(url)).unwrap()
            })
            .collect()
    }
}

fn manifest(folder: &Folder, output: &str) -> String {
    fs::read_to_string(folder.path(output).join("Manifest")).unwrap()
}

/// Checks the boxes of a fragment that starts at a time: MS-SSTR 2.2.4, PIFF 1.1 clauses 5.2 and 5.3.2.
fn check_boxes(fragment: &[u8], [start, duration]: [u64; 2]) {
    let boxes = top_level(fragment);
    let kinds: Vec<&[u8]> = boxes.iter().map(|found| &found.kind[..]).collect();
    assert_eq!(kinds, [b"moof", b"mdat"]);
    let moof = boxes[0];
    let traf = moof.at(&[b"traf"]);
    let kinds: Vec<_> = traf.children().iter().map(|child| child.kind).collect();
    assert_eq!(kinds, [*b"tfhd", *b"trun", *b"uuid", *b"uuid"]);
    let uuids = traf.all(b"uuid");
    let extended = |found: &Bx<'_>| u128::from_be_bytes(*found.body().first_chunk().unwrap());
    assert_eq!(uuids.iter().map(extended).collect::<Vec<_>>(), [TFXD, SENC]);
    let tfxd = uuids[0].body();
    assert_eq!(tfxd[16..20], [1, 0, 0, 0]);
    assert_eq!([u64_at(tfxd, 20), u64_at(tfxd, 28)], [start, duration]);
    // No base-data-offset and no sample_description_index; the run starts right after the header of the mdat.
    assert_eq!(traf.at(&[b"tfhd"]).flags() & 0x02_0003, 0);
    let trun = traf.at(&[b"trun"]);
    assert_eq!(trun.flags() & 1, 1);
    assert_eq!(
        u32_at(trun.body(), 8) as usize,
        moof.end - moof.start + 8,
        "data_offset counts from the moof"
    );
    // No override of the KID; an IV of 8 bytes for each sample of the run.
    let senc = uuids[1].body();
    assert_eq!(senc[16] | senc[17] | senc[18], 0);
    assert!([0, 2].contains(&senc[19]));
    assert_eq!(u32_at(senc, 20), u32_at(trun.body(), 4));
    if senc[19] == 0 {
        assert_eq!(senc.len(), 24 + 8 * u32_at(senc, 20) as usize);
    }
}

/// Returns a file of one track with an init segment of CMAF, by whose `tenc` the samples are decrypted.
fn with_init(folder: &Folder, init: &str, fragments: &[Vec<u8>]) -> Movie {
    let init = fs::read(folder.path(init)).unwrap();
    Movie::parse([init, fragments.concat()].concat())
}

#[test]
fn fragments_have_the_boxes_and_the_samples() {
    let Some(folder) = Folder::new("smooth") else {
        return;
    };
    folder.film("film.mp4", "160x90", 6, CODECS);
    let report =
        folder.package("film.mp4 --output out --segment-duration 2s --manifests dash,smooth");
    assert_eq!(
        report["manifests"],
        serde_json::json!(["manifest.mpd", "Manifest"])
    );
    let clear = Movie::open(&folder.path("film.mp4"));
    let keys = || {
        let [video, audio] = KEY_IDS;
        Keys::one(video[0], video[1]).with(audio[0], audio[1])
    };
    let streams = Stream::read_all(&manifest(&folder, "out"));
    assert_eq!(streams.len(), 2);
    let mut movies = Vec::new();
    for (index, (stream, name)) in streams.iter().zip(["video-90p", "audio"]).enumerate() {
        let files = stream.files(&folder, "out");
        assert_eq!(files.len(), 3);
        for (file, times) in files.iter().zip(&stream.fragments) {
            check_boxes(file, *times);
        }
        let smooth = with_init(&folder, &format!("out/v1/{name}/init.mp4"), &files);
        assert_eq!(
            decrypt::samples(&smooth, &smooth.tracks[0], &keys()),
            decrypt::samples(&clear, &clear.tracks[index], &keys()),
            "{name}"
        );
        movies.push(smooth);
        movies.push(Movie::open(&folder.joined("out/v1", name)));
        fs::write(
            folder.path(&format!("{name}.smooth.mp4")),
            &movies[2 * index].file,
        )
        .unwrap();
    }
    no_iv_repeats(&movies);
    iv_ledger::record(&folder.path("out/v1"));
    for name in ["video-90p", "audio"] {
        iv_ledger::record(&folder.path(&format!("{name}.smooth.mp4")));
    }
}

// With the priming of AAC, sound starts 1024 samples before the pictures: at 0, since Smooth has no time before. A client takes the time
// of a fragment as the decode time of its first sample, so that one is presented then.
#[test]
fn sound_that_starts_early_starts_at_zero() {
    let Some(folder) = Folder::new("smooth_times") else {
        return;
    };
    folder.film("film.mp4", "160x90", 4, &format!("{CODECS} -ar 48000"));
    folder.package("film.mp4 --output out --segment-duration 2s --manifests smooth");
    assert_eq!(folder.names("out"), ["Manifest", "v1"]);
    let streams = Stream::read_all(&manifest(&folder, "out"));
    let [video, audio] = streams.as_slice() else {
        panic!("{} streams", streams.len());
    };
    // 1024 / 48000 s in units of 100 ns, rounded up.
    assert_eq!(
        video.fragments,
        [[213_334, 20_000_000], [20_213_334, 20_000_000]]
    );
    assert_eq!(audio.fragments[0][0], 0);
    let files = video.files(&folder, "out");
    let trun = top_level(&files[0])[0]
        .at(&[b"traf", b"trun"])
        .body()
        .to_vec();
    // Version 1: data_offset, first_sample_flags, then size and offset of each sample.
    assert_eq!(trun[..4], [1, 0, 0x0a, 5], "{:?}", &trun[..4]);
    assert_eq!(
        u32_at(&trun, 20),
        0,
        "the first picture is decoded when it is presented"
    );
}

#[test]
fn what_smooth_cannot_say_is_refused() {
    let Some(folder) = Folder::new("smooth_refused") else {
        return;
    };
    folder.film("film.mp4", "160x90", 2, CODECS);
    let video = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -an -map 0:v";
    folder.film("vp9.mp4", "160x90", 2, video);
    for (inputs, code, expected) in [
        ("film.mp4 --scheme cbcs", 2, "give --scheme cenc"),
        ("film.mp4 --iv-size 16", 2, "give --iv-size 8"),
        ("film.mp4 --clear-lead 1s", 2, "leave out --clear-lead"),
        (
            "film.mp4 --crypto-period 1s",
            2,
            "give --key-change embedded",
        ),
        (
            "vp9.mp4",
            1,
            "vp9.mp4: Smooth Streaming has no name for the codec \"vp09",
        ),
        (
            "film.mp4 --systems widevine",
            1,
            "add playready to the systems",
        ),
    ] {
        let arguments = format!("package --output out --manifests dash,smooth {inputs}");
        let (found, message) = folder.refused(&arguments);
        assert!(message.contains(expected), "{inputs}: {message}");
        assert_eq!(found, code, "{inputs}: {message}");
        assert!(!folder.path("out").exists(), "{inputs}");
    }
    // A codec without a name is left out beside one that has a name.
    let run = folder.run("package film.mp4 vp9.mp4 --output out --manifests smooth");
    assert!(run.status.success(), "{run:?}");
    let warning = String::from_utf8(run.stderr).unwrap();
    assert!(
        warning.contains("its manifest leaves the track out"),
        "{warning}"
    );
    assert_eq!(Stream::read_all(&manifest(&folder, "out")).len(), 2);
}
