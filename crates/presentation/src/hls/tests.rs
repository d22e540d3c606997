// SPDX-License-Identifier: MPL-2.0
//! Playlists in unusual forms, and their keys.

use super::*;

#[test]
fn attributes_are_read_as_rfc_8216_writes_them() {
    let text = "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"URI=x,\",URI=\"a,b.m3u8\",CHANNELS=\"2\"";
    let line = split_lines(text)[0];
    let values = ["TYPE", "URI", "CHANNELS", "NONE"].map(|name| line.attribute(name));
    assert_eq!(values, [Some("AUDIO"), Some("a,b.m3u8"), Some("2"), None]);
    for text in [
        "#EXT-X-MAP",
        "#EXT-X-MAP:URI",
        "#EXT-X-MAP:URI=\"a",
        "#EXT-X-MAP:,,=,",
    ] {
        assert_eq!(split_lines(text)[0].attribute("URI"), None, "{text}");
    }
}

#[test]
fn media_playlists_are_found_after_comments_and_in_attributes() {
    let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n# a comment\n\nv.m3u8\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a.m3u8\"\n\
                #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS\n#EXT-X-I-FRAME-STREAM-INF:URI=\"i.m3u8\"\n";
    let uris: Vec<_> = variant_uris(&split_lines(text))
        .iter()
        .map(|uri| uri.text)
        .collect();
    assert_eq!(uris, ["v.m3u8", "a.m3u8", "i.m3u8"]);
}

#[test]
fn comments_and_blank_lines_may_precede_the_first_tag() {
    for (text, expected) in [
        ("#EXTM3U\n", true),
        ("\u{feff}#EXTM3U\r\n", true),
        ("# by hand\n\n  \n#EXTM3U\n", true),
        ("\u{feff}\n#EXTM3U", true),
        ("#EXTINF:1,\n#EXTM3U\n", false),
        ("<MPD/>", false),
        ("", false),
    ] {
        assert_eq!(is_playlist(text), expected, "{text:?}");
    }
}
