// SPDX-License-Identifier: MPL-2.0
//! Sample entry types without subsamples: ISO/IEC 23001-7, clauses 9.4 and 9.7.

/// Audio, and VP8. MP3 and AAC share `mp4a`.
const WHOLE_SAMPLE: [&[u8; 4]; 17] = [
    b"vp08", b"mp4a", b".mp3", b"ac-3", b"ec-3", b"Opus", b"fLaC", b"alac", b"dtsc", b"dtse",
    b"dtsh", b"dtsl", b"dtsx", b"mha1", b"mha2", b"mhm1", b"mhm2",
];

/// Timed text and timed metadata.
const TEXT_OR_METADATA: [&[u8; 4]; 15] = [
    b"wvtt", b"stpp", b"sbtt", b"stxt", b"tx3g", b"text", b"c608", b"c708", b"mp4s", b"mett",
    b"metx", b"mebx", b"urim", b"evte", b"tmcd",
];

/// True if samples of this type are protected as a whole, without a subsample map.
pub(super) fn is_whole_sample(format: [u8; 4]) -> bool {
    WHOLE_SAMPLE.contains(&&format)
}

/// True if `format` is a sample entry type of timed text or timed metadata, which stays clear unless the user selects the track.
///
/// ```
/// use codec_headers::is_text_or_metadata;
///
/// assert!(is_text_or_metadata(*b"wvtt"));
/// assert!(!is_text_or_metadata(*b"avc1"));
/// ```
pub fn is_text_or_metadata(format: [u8; 4]) -> bool {
    TEXT_OR_METADATA.contains(&&format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_audio_and_video_is_neither() {
        assert!(is_whole_sample(*b"Opus") && !is_text_or_metadata(*b"Opus"));
        assert!(is_text_or_metadata(*b"stpp") && !is_whole_sample(*b"stpp"));
        assert!(is_whole_sample(*b"vp08"));
        assert!(!is_text_or_metadata(*b"avc1") && !is_whole_sample(*b"avc1"));
    }
}
