// SPDX-License-Identifier: MPL-2.0
//! `playready-packager manifest`: compares its manifests with those that Shaka Packager writes for protected files, and
//! plays those of FFmpeg with FFmpeg.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod manifests;

use std::collections::BTreeSet;
use std::fs;

use roxmltree::{Document, Node};
use serde_json::Value;

use manifests::{CLEAR, Folder, KEY, KID, ffmpeg, protect, shaka_pair, without};
use test_support::boxes::{Bx, top_level};
use test_support::tools;

const DASH: &str = "urn:mpeg:dash:schema:mpd:2011";
const CENC: &str = "urn:mpeg:cenc:2013";
/// Returns the attributes and texts of the ContentProtection elements of each AdaptationSet.
fn protection(mpd: &str) -> Vec<BTreeSet<Vec<String>>> {
    let document = Document::parse(mpd).unwrap();
    let sets = document
        .descendants()
        .filter(|node| node.has_tag_name((DASH, "AdaptationSet")));
    let said = |element: Node<'_, '_>| {
        let attributes = [
            element.attribute("schemeIdUri"),
            element.attribute("value"),
            element.attribute((CENC, "default_KID")),
        ];
        let texts = element
            .children()
            .filter(Node::is_element)
            .map(|child| child.text());
        attributes
            .into_iter()
            .chain(texts)
            .map(|text| text.unwrap_or_default().to_owned())
            .collect()
    };
    sets.map(|set| {
        let elements = set
            .children()
            .filter(|node| node.has_tag_name((DASH, "ContentProtection")));
        elements.map(said).collect()
    })
    .collect()
}

/// The attributes of each key line, in any order.
fn keys(playlist: &str) -> BTreeSet<BTreeSet<String>> {
    let lines = playlist
        .lines()
        .filter_map(|line| line.strip_prefix("#EXT-X-KEY:"));
    lines
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

#[test]
fn mpd_says_what_shaka_packager_says() {
    let Some((clear, protected)) = shaka_pair("manifest::mpd_says_what_shaka_packager_says") else {
        return;
    };
    let before = clear.text("stream.mpd");
    let report = clear.manifest(&["stream.mpd", "--output", "ours.mpd", "--json"]);
    let ours = clear.text("ours.mpd");
    let expected = protection(&protected.text("stream.mpd"));
    assert_eq!(
        expected.iter().map(BTreeSet::len).collect::<Vec<_>>(),
        [4, 4]
    );
    assert_eq!(protection(&ours), expected);
    assert_eq!(without(&ours, "<ContentProtection"), before);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["added"].as_array().unwrap().len(), 2);
    // A second run is refused.
    clear.refused(&["ours.mpd"], (1, "protection already"));
    assert_eq!(clear.manifest(&["stream.mpd"]), ours);
}

#[test]
fn playlists_say_what_shaka_packager_says() {
    let Some((clear, protected)) = shaka_pair("manifest::playlists_say_what_shaka_packager_says")
    else {
        return;
    };
    for name in ["video.m3u8", "audio.m3u8"] {
        let ours = clear.manifest(&[name]);
        assert_eq!(keys(&ours), keys(&protected.text(name)));
        assert_eq!(keys(&ours).len(), 2);
        assert_eq!(without(&ours, "#EXT-X-KEY"), clear.text(name));
        // The given file is used, and the line ends stay the same.
        clear.write("crlf.m3u8", clear.text(name).replace('\n', "\r\n"));
        let given = clear.manifest(&["crlf.m3u8", &name.replace("m3u8", "mp4")]);
        assert_eq!(given, ours.replace('\n', "\r\n"));
    }
    let main = clear.manifest(&["main.m3u8"]);
    assert_eq!(
        without(&main, "#EXT-X-SESSION-KEY"),
        clear.text("main.m3u8")
    );
    let media: BTreeSet<_> = ["video.m3u8", "audio.m3u8"]
        .iter()
        .flat_map(|name| keys(&protected.text(name)))
        .collect();
    let session = keys(&main.replace("#EXT-X-SESSION-KEY:", "#EXT-X-KEY:"));
    let playready = |keys: &BTreeSet<BTreeSet<String>>| {
        let is_playready = |key: &&BTreeSet<String>| {
            key.iter()
                .any(|part| part.contains("com.microsoft.playready"))
        };
        keys.iter()
            .filter(is_playready)
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    assert!(!playready(&session).is_empty());
    assert_eq!(playready(&session), playready(&media));
}

#[test]
fn ffmpeg_plays_what_its_own_mpd_says_with_protection() {
    let test = "manifest::ffmpeg_plays_what_its_own_mpd_says_with_protection";
    let Some((folder, ffmpeg)) = ffmpeg(test) else {
        return;
    };
    let frames = |more: &[&str], mpd| {
        let arguments = [
            &["-v", "error"][..],
            more,
            &["-i", mpd, "-map", "0", "-f", "framemd5", "-"],
        ]
        .concat();
        folder.run(&ffmpeg, &arguments)
    };
    let clear = frames(&[], "stream.mpd");
    folder.write("film.keys", format!("* {KID} {KEY}\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(folder.0.join("film.keys"), mode).unwrap();
    let before = folder.text("stream.mpd");
    folder.refused(&["stream.mpd"], (1, "none of the files"));
    protect(&folder, "0", &[]);
    protect(&folder, "1", &[]);
    folder.manifest(&["stream.mpd", "--output", "stream.mpd"]);
    let ours = folder.text("stream.mpd");
    assert_eq!(without(&ours, "<ContentProtection"), before);
    assert_eq!(protection(&ours).len(), 2);
    assert!(
        frames(&["-cenc_decryption_key", KEY], "stream.mpd") == clear,
        "other frames"
    );
    // The playlists name the same files; FFmpeg's have no key change.
    for (name, tag) in [
        ("media_0.m3u8", "#EXT-X-KEY"),
        ("master.m3u8", "#EXT-X-SESSION-KEY"),
    ] {
        let playlist = folder.manifest(&[name]);
        assert_eq!(without(&playlist, tag), folder.text(name));
        assert_eq!(playlist.matches(tag).count(), 1, "{playlist}");
    }
}

#[test]
fn representations_under_different_keys_have_their_own_elements() {
    let test = "manifest::representations_under_different_keys_have_their_own_elements";
    let Some((folder, _)) = ffmpeg(test) else {
        return;
    };
    protect(&folder, "0", &[]);
    fs::remove_file(folder.0.join("film.keys")).unwrap();
    protect(&folder, "1", &["--scheme", "cbcs"]);
    let representation = |id| format!("    <mpd:Representation id=\"{id}\"/>\n");
    let set = "  <mpd:AdaptationSet>\n    <mpd:SegmentTemplate initialization=\"init$RepresentationID$.mp4\"/>\n";
    let mpd = format!(
        "<mpd:MPD xmlns:mpd=\"{DASH}\"><mpd:Period>\n{set}{}{}  </mpd:AdaptationSet>\n</mpd:Period></mpd:MPD>\n",
        representation(0),
        representation(1)
    );
    folder.write("prefixed.mpd", &mpd);
    let ours = folder.manifest(&["prefixed.mpd"]);
    let document = Document::parse(&ours).unwrap();
    let named = |node: &Node<'_, '_>, name| node.has_tag_name((DASH, name));
    let schemes = document
        .descendants()
        .filter(|node| named(node, "Representation"))
        .map(|representation| {
            let elements: Vec<_> = representation
                .children()
                .filter(|node| named(node, "ContentProtection"))
                .collect();
            (
                elements.len(),
                elements[0].attribute("value").unwrap().to_owned(),
            )
        });
    assert_eq!(
        schemes.collect::<Vec<_>>(),
        [(2, "cenc".to_owned()), (2, "cbcs".to_owned())]
    );
}

#[test]
fn smooth_manifest_gets_the_object_of_the_file() {
    let test = "manifest::smooth_manifest_gets_the_object_of_the_file";
    let Some((folder, ffmpeg)) = ffmpeg(test) else {
        return;
    };
    let clear = fs::canonicalize(tools::vectors_for(test).unwrap().join(CLEAR)).unwrap();
    let input = clear.display().to_string();
    folder.run(
        &ffmpeg,
        &[
            "-v",
            "error",
            "-i",
            &input,
            "-map",
            "0",
            "-c",
            "copy",
            "-f",
            "smoothstreaming",
            "ss",
        ],
    );
    let before = folder.text("ss/Manifest");
    let uri = format!("file://{}", folder.0.join("film.keys").display());
    let piff = [
        "protect",
        &input,
        "film.ismv",
        "--flavor",
        "piff",
        "--json",
        "--key-uri",
        &uri,
    ];
    let report: Value = serde_json::from_slice(&folder.packager(&piff).stdout).unwrap();
    folder.refused(&["ss/Manifest"], (2, "INIT"));
    folder.manifest(&["ss/Manifest", "film.ismv", "--output", "ss/Manifest"]);
    let ours = folder.text("ss/Manifest");
    assert_eq!(without(&ours, "<Protection>"), before);
    let document = Document::parse(&ours).unwrap();
    let header = document
        .descendants()
        .find(|node| node.has_tag_name("ProtectionHeader"))
        .unwrap();
    assert_eq!(
        header.text(),
        report["signaling"]["playready_object"].as_str()
    );
    folder.refused(&["ss/Manifest", "film.ismv"], (1, "protection already"));
}

#[test]
fn what_cannot_be_signaled_is_refused() {
    let folder = Folder::new("refused");
    let mpd = |inside: &str| {
        format!(
            "<MPD xmlns=\"{DASH}\"><Period><AdaptationSet>{inside}</AdaptationSet></Period></MPD>"
        )
    };
    folder.write("init.mp4", b"\0\0\0\x08free");
    for (text, code, why) in [
        ("", 1, "well-formed"),
        ("<html/>", 1, "neither an MPD"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><MPD/>", 1, "well-formed"),
        (
            &mpd("<Representation id='1'><BaseURL>none.mp4</BaseURL></Representation>"),
            2,
            "none.mp4, which does not exist as a local file",
        ),
        (
            &mpd("<Representation><BaseURL>https://example.com/a.mp4</BaseURL></Representation>"),
            2,
            "which does not exist as a local file",
        ),
        (
            &mpd("<Representation><BaseURL>init.mp4</BaseURL></Representation>"),
            1,
            "no moov",
        ),
        (&mpd(""), 1, "none of the files"),
        ("#EXTM3U\n#EXTINF:2,\na.ts\n", 1, "no EXT-X-MAP"),
        ("#EXTM3U\n#EXT-X-MAP:URI=\"none.mp4\"\n", 2, "none.mp4"),
        (
            "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"8@8\"\n",
            1,
            "BYTERANGE",
        ),
        (
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nnone.m3u8\n",
            2,
            "none.m3u8",
        ),
    ] {
        folder.write("manifest", text);
        folder.refused(&["manifest"], (code, why));
    }
    folder.refused(&["none.mpd"], (2, "none.mpd"));
    folder.refused(&["manifest", "--json"], (2, "--output"));
    let deep = format!(
        "<MPD xmlns=\"{DASH}\">{}{}</MPD>",
        "<a>".repeat(100_000),
        "</a>".repeat(100_000)
    );
    folder.write("manifest", deep);
    folder.refused(&["manifest"], (1, "none of the files"));
    folder.write("manifest", "<a xmlns=''>".repeat(10_000));
    folder.refused(&["manifest"], (1, "more namespaces"));
}

#[test]
fn playlists_with_keys_of_another_protection_are_refused() {
    let folder = Folder::new("other-keys");
    // Players would request those keys too.
    for (tag, text) in [
        ("#EXT-X-KEY", "METHOD=AES-128,URI=\"key\""),
        (
            "#EXT-X-SESSION-KEY",
            "METHOD=SAMPLE-AES,URI=\"skd://old\",KEYFORMAT=\"com.apple.streamingkeydelivery\"",
        ),
    ] {
        let variant = "#EXT-X-STREAM-INF:BANDWIDTH=1\nnone.m3u8";
        folder.write("manifest", format!("#EXTM3U\n{tag}:{text}\n{variant}\n"));
        let why = format!("protection already ({tag}): give the manifest without it");
        folder.refused(&["manifest"], (1, &why));
    }
}

/// A folder with `video.mp4`, a protected file of the field cases, and its clear file `clear.mp4`.
fn field_case(test: &str) -> Option<Folder> {
    let cases = tools::project().join("../shared/field-cases");
    if !cases.is_dir() {
        tools::skip(test, "no ../shared");
        return None;
    }
    let folder = Folder::new(&test.replace(':', "-"));
    folder.write("film.keys", format!("* {KID} {KEY}\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(folder.0.join("film.keys"), mode).unwrap();
    folder.write("clear.mp4", fs::read(cases.join("base-video.mp4")).unwrap());
    protect_file(&folder, "clear.mp4", "video.mp4", &[]);
    for name in ["film.mpd", "thumbnails.mpd", "Manifest", "subs.vtt"] {
        folder.write(name, fs::read(cases.join("09").join(name)).unwrap());
    }
    Some(folder)
}

fn protect_file(folder: &Folder, clear: &str, protected: &str, options: &[&str]) -> Value {
    let uri = format!("file://{}", folder.0.join("film.keys").display());
    let command = ["protect", clear, protected, "--json", "--key-uri", &uri];
    let output = folder.packager(&[&command[..], options].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn text_and_pictures_stay_as_they_are() {
    let Some(folder) = field_case("manifest::text_and_pictures_stay_as_they_are") else {
        return;
    };
    for name in ["film.mpd", "thumbnails.mpd"] {
        let ours = folder.manifest(&[name]);
        let counts: Vec<_> = protection(&ours).iter().map(BTreeSet::len).collect();
        assert_eq!(counts, [2, 0], "{name}");
        let start = ours.find("<ContentProtection").unwrap();
        let end = ours.rfind("</ContentProtection>").unwrap() + "</ContentProtection>".len();
        let without = [ours.get(..start).unwrap(), ours.get(end..).unwrap()].concat();
        assert_eq!(without, folder.text(name));
    }
}

#[test]
fn manifests_keep_their_encoding() {
    let Some(folder) = field_case("manifest::manifests_keep_their_encoding") else {
        return;
    };
    let little = fs::read(folder.0.join("Manifest")).unwrap();
    let big: Vec<u8> = little
        .chunks(2)
        .flat_map(|unit| unit.iter().rev().copied())
        .collect();
    folder.write("Big", &big);
    let decode = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes
            .chunks(2)
            .map(|pair| unit(pair.try_into().unwrap()))
            .collect();
        String::from_utf16(&units).unwrap()
    };
    let clear = decode(&little, u16::from_le_bytes);
    for (name, unit) in [
        ("Manifest", u16::from_le_bytes as fn([u8; 2]) -> u16),
        ("Big", u16::from_be_bytes),
    ] {
        folder.manifest(&[name, "video.mp4", "--output", "ours"]);
        let ours = decode(&fs::read(folder.0.join("ours")).unwrap(), unit);
        let (start, rest) = ours.split_once("<Protection>").unwrap();
        let (_, end) = rest.split_once("</Protection>").unwrap();
        assert_eq!(
            format!("{start}{end}")
                .split_whitespace()
                .collect::<String>(),
            clear.split_whitespace().collect::<String>(),
            "{name}"
        );
    }
    folder.write("odd", b"\xff\xfe<");
    folder.refused(&["odd"], (1, "neither UTF-8 nor UTF-16"));
}

fn moofs(file: &[u8]) -> Vec<Bx<'_>> {
    top_level(file)
        .into_iter()
        .filter(|found| found.kind == *b"moof")
        .collect()
}

fn size_of(found: &Bx<'_>) -> usize {
    found.end - found.start
}

// RFC 8216, 4.3.2.2: EXT-X-BYTERANGE:<n>[@<o>]. The ranges of an I-frame playlist end within an mdat.
#[test]
fn byte_ranges_of_playlists_become_those_of_the_protected_file() {
    let test = "manifest::byte_ranges_of_playlists_become_those_of_the_protected_file";
    let Some(folder) = field_case(test) else {
        return;
    };
    let clear = fs::read(folder.0.join("clear.mp4")).unwrap();
    let protected = fs::read(folder.0.join("video.mp4")).unwrap();
    let lines = |file: &[u8], media: Option<usize>| {
        let moov = top_level(file)
            .into_iter()
            .find(|found| found.kind == *b"moov")
            .unwrap();
        let mut text = format!(
            "#EXTM3U\n#EXT-X-MAP:URI=\"video.mp4\",BYTERANGE=\"{}@0\"\n",
            moov.end
        );
        for moof in moofs(file) {
            let mdat = top_level(file)
                .into_iter()
                .find(|found| found.start == moof.end)
                .unwrap();
            let media = media.unwrap_or(size_of(&mdat));
            text += &format!(
                "#EXTINF:1,\n#EXT-X-BYTERANGE:{}@{}\nvideo.mp4\n",
                size_of(&moof) + media,
                moof.start
            );
        }
        text
    };
    assert!(moofs(&clear).len() > 1);
    for media in [None, Some(100)] {
        folder.write("clear.m3u8", lines(&clear, media));
        let ours = folder.manifest(&["clear.m3u8"]);
        assert_eq!(without(&ours, "#EXT-X-KEY"), lines(&protected, media));
    }
    folder.write(
        "clear.m3u8",
        lines(&clear, None).replace("BYTERANGE:", "BYTERANGE:1"),
    );
    folder.refused(&["clear.m3u8"], (1, "write the manifest for it"));
}

// ISO/IEC 23009-1, 5.3.9.2 and 5.3.9.3, in the MPDs of FFmpeg for single files; the boxes are those of the protected file.
#[test]
fn byte_ranges_of_mpds_become_those_of_the_protected_file() {
    let test = "manifest::byte_ranges_of_mpds_become_those_of_the_protected_file";
    let Some((folder, ffmpeg)) = ffmpeg(test) else {
        return;
    };
    let input = fs::canonicalize(tools::vectors_for(test).unwrap().join(CLEAR)).unwrap();
    let input = input.display().to_string();
    folder.write("film.keys", format!("* {KID} {KEY}\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(folder.0.join("film.keys"), mode).unwrap();
    for (name, sidx) in [("list", "0"), ("base", "1")] {
        let mpd = format!("{name}.mpd");
        let file = format!("{name}$RepresentationID$.mp4");
        let options = [
            "-v", "error", "-i", &input, "-map", "0", "-c", "copy", "-f", "dash",
        ];
        let single = ["-single_file", "1", "-global_sidx", sidx];
        let names = ["-seg_duration", "2", "-single_file_name", &file, &mpd];
        folder.run(&ffmpeg, &[&options[..], &single, &names].concat());
        let before = folder.text(&mpd);
        for stream in ["0", "1"] {
            let file = format!("{name}{stream}.mp4");
            folder.write("clear.mp4", fs::read(folder.0.join(&file)).unwrap());
            protect_file(&folder, "clear.mp4", &file, &[]);
        }
        let ours = folder.manifest(&[&mpd]);
        assert_ne!(without(&ours, "<ContentProtection"), before);
        let document = Document::parse(&ours).unwrap();
        for representation in document
            .descendants()
            .filter(|node| node.has_tag_name((DASH, "Representation")))
        {
            let id = representation.attribute("id").unwrap();
            let file = fs::read(folder.0.join(format!("{name}{id}.mp4"))).unwrap();
            check_ranges(representation, &file);
        }
    }
}

/// Checks that the byte ranges of a Representation are those of whole boxes of its file.
fn check_ranges(representation: Node<'_, '_>, file: &[u8]) {
    let boxes = top_level(file);
    let kinds_in = |range: &str| {
        let (first, last) = range.split_once('-').unwrap();
        let start: usize = first.parse().unwrap();
        let end = last.parse::<usize>().unwrap() + 1;
        assert!(boxes.iter().any(|found| found.start == start), "{range}");
        assert!(boxes.iter().any(|found| found.end == end), "{range}");
        boxes
            .iter()
            .filter(|found| found.start >= start && found.end <= end)
            .map(|found| found.kind)
            .collect::<Vec<_>>()
    };
    let mut fragments = 0;
    let mut ranges = 0;
    for node in representation.descendants() {
        let kinds = |name| node.attribute(name).map(kinds_in);
        if let Some(kinds) = kinds("range") {
            assert_eq!(kinds.last(), Some(b"moov"));
            ranges += 1;
        }
        if let Some(kinds) = kinds("indexRange") {
            assert!(kinds.iter().all(|kind| kind == b"sidx"), "{kinds:?}");
            ranges += 1;
        }
        if let Some(kinds) = kinds("mediaRange") {
            fragments += kinds.iter().filter(|kind| *kind == b"moof").count();
            assert_eq!(kinds.last(), Some(b"mdat"));
            ranges += 1;
        }
    }
    assert!(ranges >= 2, "{ranges}");
    if fragments > 0 {
        assert_eq!(fragments, moofs(file).len());
    }
}

#[test]
fn key_changes_are_signaled_where_they_happen() {
    let test = "manifest::key_changes_are_signaled_where_they_happen";
    let Some((folder, _)) = ffmpeg(test) else {
        return;
    };
    folder.write(
        "film.seed",
        "5D50687279D9A9B9C9D9E9F90A1B2C3D4E5F60718293A4B5C6D7E8F90112",
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(folder.0.join("film.seed"), mode).unwrap();
    let options = [
        "--key-id",
        KID,
        "--key-seed-file",
        "film.seed",
        "--crypto-period",
        "4s",
        "--json",
    ];
    let report = manifests::protect_by(&folder, "0", &options);
    let changes = report["key_changes"].as_array().unwrap();
    assert!(!changes.is_empty());
    let ours = folder.manifest(&["media_0.m3u8"]);
    assert_eq!(without(&ours, "#EXT-X-KEY"), folder.text("media_0.m3u8"));
    let lines: Vec<_> = ours
        .lines()
        .filter(|line| line.starts_with("#EXT-X-KEY"))
        .collect();
    let expected: Vec<_> = [&report["signaling"]]
        .into_iter()
        .chain(changes.iter().map(|change| &change["signaling"]))
        .flat_map(|signaling| signaling["hls_key"].as_str().unwrap().lines())
        .collect();
    assert_eq!(lines, expected);
    // Segments of 2 s: the second key starts before the third segment.
    let third = ours.find("0-3.m4s").unwrap();
    assert_eq!(ours.get(..third).unwrap().matches("#EXT-X-KEY").count(), 2);
    let second = ours.find("0-2.m4s").unwrap();
    assert_eq!(ours.get(..second).unwrap().matches("#EXT-X-KEY").count(), 1);

    protect(&folder, "1", &[]);
    let mpd = folder.manifest(&["stream.mpd"]);
    let sets: Vec<_> = mpd.split("<AdaptationSet").skip(1).collect();
    let pssh: Vec<_> = sets
        .iter()
        .map(|set| {
            (
                set.matches("<ContentProtection").count(),
                set.matches("pssh>").count(),
            )
        })
        .collect();
    assert_eq!(pssh, [(2, 0), (2, 2)]);
}

#[test]
fn playlists_of_other_forms_are_read() {
    let test = "manifest::playlists_of_other_forms_are_read";
    let Some((folder, _)) = ffmpeg(test) else {
        return;
    };
    protect(&folder, "0", &[]);
    protect(&folder, "1", &[]);
    let media = folder.text("media_0.m3u8");
    let keys_of = |text: &str| {
        folder.write("other.m3u8", text);
        let ours = folder.manifest(&["other.m3u8"]);
        assert_eq!(without(&ours, "#EXT-X-KEY"), text);
        keys(&ours)
    };
    let expected = keys_of(&media);
    assert_eq!(expected.len(), 1);
    let defined = media.replace("init0", "{$name}").replacen(
        "#EXTM3U\n",
        "#EXTM3U\n#EXT-X-DEFINE:NAME=\"name\",VALUE=\"init0\"\n",
        1,
    );
    for text in [
        format!("# by hand\n\n{media}"),
        format!("\u{feff}{media}"),
        format!("\n \n{media}"),
        defined,
    ] {
        assert_eq!(keys_of(&text), expected, "{text}");
    }
    // Lines that say that segments are clear make room for the keys.
    let clear = "#EXT-X-KEY:METHOD=NONE\n";
    folder.write(
        "other.m3u8",
        media
            .replacen("#EXT-X-MAP", &format!("{clear}#EXT-X-MAP"), 1)
            .replace("#EXTINF", &format!("{clear}#EXTINF")),
    );
    let ours = folder.manifest(&["other.m3u8"]);
    assert!(!ours.contains("NONE") && keys(&ours) == expected, "{ours}");
    assert_eq!(without(&ours, "#EXT-X-KEY"), media);
    folder.write(
        "subs.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsubs.vtt\n#EXT-X-ENDLIST\n",
    );
    assert_eq!(folder.manifest(&["subs.m3u8"]), folder.text("subs.m3u8"));
    let main = folder.text("master.m3u8").replacen(
        "#EXTM3U\n",
        "#EXTM3U\n#EXT-X-DEFINE:NAME=\"m\",VALUE=\"media\"\n\
         #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"s\",URI=\"subs.m3u8\"\n\
         #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"t\",URI=\"https://example.com/subs.m3u8\"\n",
        1,
    ).replace("media_0", "{$m}_0");
    folder.write("main.m3u8", &main);
    let ours = folder.manifest(&["main.m3u8"]);
    assert_eq!(without(&ours, "#EXT-X-SESSION-KEY"), main);
    assert_eq!(ours.matches("#EXT-X-SESSION-KEY").count(), 1, "{ours}");
}
