// SPDX-License-Identifier: MPL-2.0
//! `playready-packager manifest`: manifests of Shaka Packager against those that it writes itself for protected files, and
//! manifests of FFmpeg, which plays the results.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod manifests;

use std::collections::BTreeSet;
use std::fs;

use roxmltree::{Document, Node};
use serde_json::Value;

use manifests::{CLEAR, Folder, KEY, KID, ffmpeg, protect, shaka_pair, without};
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
    // Once is enough.
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
        ("#EXTM3U\n#EXT-X-KEY:METHOD=NONE\n", 1, "protection already"),
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
