// SPDX-License-Identifier: MPL-2.0
//! The container of a DASH Representation: only ISO base media files can be protected.

use roxmltree::Node;
use url::Url;

/// The MIME types of ISO base media files.
const MP4_TYPES: [&str; 7] = [
    "video/mp4",
    "audio/mp4",
    "application/mp4",
    "video/iso.segment",
    "audio/iso.segment",
    "video/quicktime",
    "video/3gpp",
];
/// The ends of the names of files in other formats: text, pictures and other containers.
const OTHER_EXTENSIONS: [&str; 19] = [
    "vtt", "webvtt", "ttml", "ttml2", "dfxp", "xml", "srt", "sub", "jpg", "jpeg", "png", "webp",
    "gif", "avif", "bmp", "webm", "mkv", "ts", "mp3",
];

/// True if a Representation is in MP4: by the MIME type of it or of its AdaptationSet, by its codecs, or else by the name of its
/// file.
pub(super) fn is_mp4(representation: Node<'_, '_>, init: &Url) -> bool {
    // Common attributes of ISO/IEC 23009-1, 5.3.7.2; the inner element takes precedence.
    let attribute = |name: &str| {
        representation
            .ancestors()
            .filter(Node::is_element)
            .take(2)
            .find_map(|level| level.attribute(name))
    };
    if let Some(mime_type) = attribute("mimeType") {
        let essence = mime_type.split(';').next().unwrap_or_default().trim();
        return MP4_TYPES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(essence));
    }
    if attribute("contentType") == Some("image") {
        return false;
    }
    let name = init.path().to_ascii_lowercase();
    let is_other = name
        .rsplit_once('.')
        .is_some_and(|(_, extension)| OTHER_EXTENSIONS.contains(&extension));
    match attribute("codecs") {
        // Names of other containers, which have no sample entries.
        Some(codecs) => {
            !["vp8", "vp9", "vorbis", "opus", "jpeg", "png", "vtt", "ttml"].contains(&codecs.trim())
        }
        None => !is_other,
    }
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    #[test]
    fn container_follows_from_type_codecs_or_name() {
        for (set, representation, name, expected) in [
            ("mimeType='video/mp4'", "", "v.bin", true),
            ("mimeType='text/vtt'", "", "t.mp4", false),
            ("mimeType='video/mp4'", "mimeType='image/jpeg'", "t", false),
            ("mimeType='application/ttml+xml'", "", "t.ttml", false),
            ("", "mimeType='Audio/MP4; codecs=\"mp4a.40.2\"'", "a", true),
            ("", "mimeType='video/webm'", "v.mp4", false),
            (
                "contentType='text'",
                "codecs='stpp.ttml.im1t'",
                "t.mp4",
                true,
            ),
            ("contentType='text'", "", "t.VTT", false),
            ("contentType='image'", "", "t.mp4", false),
            ("", "", "v.mp4", true),
            ("", "", "folder/", true),
        ] {
            let text = format!("<S {set}><R {representation}/></S>");
            let document = Document::parse(&text).unwrap();
            let node = document.descendants().find(|node| node.has_tag_name("R"));
            let url = Url::parse("file:///film/").unwrap().join(name).unwrap();
            assert_eq!(is_mp4(node.unwrap(), &url), expected, "{text} {name}");
        }
    }
}
