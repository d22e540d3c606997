// SPDX-License-Identifier: MPL-2.0
//! Sample entry types: the kind of media of each, and those without subsamples (ISO/IEC 23001-7, clauses 9.4 and 9.7).

/// The kind of media in the samples of a sample entry type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FormatKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Timed text or timed metadata, which stays clear unless the user selects the track.
    TextOrMetadata,
}

/// Video with headers inside of samples: those that [`crate::Codec`] reads, and others that are refused.
const VIDEO_WITH_HEADERS: [&[u8; 4]; 42] = [
    b"avc1", b"avc2", b"avc3", b"avc4", b"avcp", b"dva1", b"dvav", b"svc1", b"svc2", b"mvc1",
    b"mvc2", b"mvc3", b"mvc4", b"mvd1", b"mvd2", b"mvd3", b"mvd4", b"a3d1", b"hvc1", b"hev1",
    b"hvc2", b"hev2", b"hvc3", b"hev3", b"lhv1", b"lhe1", b"hvt1", b"hvt2", b"hvt3", b"dvh1",
    b"dvhe", b"av01", b"dav1", b"vp09", b"vvc1", b"vvi1", b"vvs1", b"vvcN", b"evc1", b"evs1",
    b"lvc1", b"icpv",
];

/// Video that is protected by whole samples: VP8 by its own rule, the others since 23001-7 has no rule for them.
const WHOLE_VIDEO: [&[u8; 4]; 80] = [
    b"vp08", b"mp4v", b"s263", b"h263", b"H263", b"jpeg", b"mjpa", b"mjpb", b"mjpg", b"MJPG",
    b"png ", b"MPNG", b"tiff", b"gif ", b"mjp2", b"MJP2", b"j2ki", b"j2k1", b"apch", b"apcn",
    b"apcs", b"apco", b"ap4h", b"ap4x", b"aprn", b"aprh", b"AVdn", b"AVdh", b"AVDJ", b"CFHD",
    b"FFV1", b"icod", b"dvc ", b"dvcp", b"dvpp", b"dvcs", b"dv5n", b"dv5p", b"dvhp", b"dvhq",
    b"dvh2", b"dvh3", b"dvh5", b"dvh6", b"mp1v", b"m1v ", b"mp2v", b"m2v1", b"mx5n", b"mx5p",
    b"mx4n", b"mx4p", b"mx3n", b"mx3p", b"vc-1", b"WMV3", b"SVQ1", b"SVQ3", b"cvid", b"rpza",
    b"rle ", b"smc ", b"WRLE", b"VP30", b"VP31", b"VP60", b"VP6F", b"vp06", b"drac", b"theo",
    b"IV32", b"IV50", b"DIVX", b"XVID", b"uncv", b"2vuy", b"yuv2", b"v210", b"v410", b"raw ",
];

/// Audio that is protected by whole samples, apart from PCM. MP3, AAC and xHE-AAC share `mp4a`.
const WHOLE_AUDIO: [&[u8; 4]; 46] = [
    b"mp4a", b".mp3", b"mp3 ", b"ac-3", b"ec-3", b"ec+3", b"Opus", b"fLaC", b"alac", b"dtsc",
    b"dtse", b"dtsh", b"dtsl", b"dtsx", b"dtsy", b"dts+", b"dts-", b"mha1", b"mha2", b"mhm1",
    b"mhm2", b"samr", b"sawb", b"sawp", b"sevc", b"sqcp", b"ssmv", b"mlpa", b"iamf", b"apac",
    b"a3ds", b"g719", b"g726", b"m4ae", b"wma ", b"owma", b"ima4", b"agsm", b"QDM2", b"QDMC",
    b"Qclp", b"MAC3", b"MAC6", b"spex", b"vdva", b"dvca",
];

/// Uncompressed audio and audio of one byte per value: frames of a few bytes.
const PCM: [&[u8; 4]; 16] = [
    b"ipcm",
    b"fpcm",
    b"lpcm",
    b"twos",
    b"sowt",
    b"in24",
    b"in32",
    b"42ni",
    b"23ni",
    b"fl32",
    b"fl64",
    b"raw ",
    b"NONE",
    b"ulaw",
    b"alaw",
    b"\0\0\0\0",
];

/// Timed text and timed metadata.
const TEXT_OR_METADATA: [&[u8; 4]; 16] = [
    b"wvtt", b"stpp", b"sbtt", b"stxt", b"tx3g", b"text", b"c608", b"c708", b"dfxp", b"mp4s",
    b"mett", b"metx", b"mebx", b"urim", b"evte", b"tmcd",
];

impl FormatKind {
    /// Returns the kind of a sample entry type (before protection); None if the type is not known, or is one of several kinds.
    ///
    /// ```
    /// use codec_headers::FormatKind;
    ///
    /// assert_eq!(FormatKind::of(*b"avc1"), Some(FormatKind::Video));
    /// assert_eq!(FormatKind::of(*b"samr"), Some(FormatKind::Audio));
    /// assert_eq!(FormatKind::of(*b"gpmd"), None);
    /// ```
    pub fn of(format: [u8; 4]) -> Option<Self> {
        let has = |formats: &[&[u8; 4]]| formats.contains(&&format);
        match (
            has(&VIDEO_WITH_HEADERS) || has(&WHOLE_VIDEO),
            has(&WHOLE_AUDIO) || has(&PCM) || &format == b"ac-4",
        ) {
            (true, false) => Some(Self::Video),
            (false, true) => Some(Self::Audio),
            (true, true) => None,
            (false, false) => is_text_or_metadata(format).then_some(Self::TextOrMetadata),
        }
    }
}

/// True if samples of this type are protected as a whole, without a subsample map.
pub(super) fn is_whole_sample(format: [u8; 4]) -> bool {
    is_pcm(format)
        || [&WHOLE_VIDEO[..], &WHOLE_AUDIO]
            .iter()
            .any(|formats| formats.contains(&&format))
}

/// True if samples of this type are frames of PCM audio, which are shorter than a cipher block: only full-sample encryption in counter
/// mode protects them.
///
/// ```
/// assert!(codec_headers::is_pcm(*b"sowt"));
/// assert!(!codec_headers::is_pcm(*b"alac"));
/// ```
pub fn is_pcm(format: [u8; 4]) -> bool {
    PCM.contains(&&format)
}

/// Returns the bytes of one value of PCM audio; `bits` is its width by the sample entry, for types that state none.
///
/// ```
/// assert_eq!(codec_headers::pcm_value_bytes(*b"in24", 16), 3);
/// assert_eq!(codec_headers::pcm_value_bytes(*b"twos", 16), 2);
/// ```
pub const fn pcm_value_bytes(format: [u8; 4], bits: u32) -> u32 {
    match &format {
        b"ulaw" | b"alaw" => 1,
        b"in24" | b"42ni" => 3,
        b"in32" | b"23ni" | b"fl32" => 4,
        b"fl64" => 8,
        _ => bits.div_ceil(8),
    }
}

/// True for video that is protected by whole samples because the standard has no subsample rule for it. The schemes with patterns are
/// for video with subsamples (23001-7 clauses 10.3 and 10.4).
///
/// ```
/// assert!(codec_headers::is_video_without_rule(*b"mp4v"));
/// assert!(!codec_headers::is_video_without_rule(*b"avc1"));
/// ```
pub fn is_video_without_rule(format: [u8; 4]) -> bool {
    &format != b"vp08" && WHOLE_VIDEO.contains(&&format)
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
    fn each_type_is_in_one_list() {
        let lists: [&[&[u8; 4]]; 5] = [
            &VIDEO_WITH_HEADERS,
            &WHOLE_VIDEO,
            &WHOLE_AUDIO,
            &PCM,
            &TEXT_OR_METADATA,
        ];
        let all = lists.concat();
        for format in &all {
            let places = all.iter().filter(|other| *other == format).count();
            // QuickTime's "raw " is video or audio.
            assert_eq!(places, if *format == b"raw " { 2 } else { 1 }, "{format:?}");
        }
        assert_eq!(FormatKind::of(*b"raw "), None);
    }

    #[test]
    fn text_is_not_audio_and_video_is_neither() {
        for (format, kind, is_whole) in [
            (*b"Opus", FormatKind::Audio, true),
            (*b"ac-4", FormatKind::Audio, false),
            (*b"twos", FormatKind::Audio, true),
            (*b"stpp", FormatKind::TextOrMetadata, false),
            (*b"vp08", FormatKind::Video, true),
            (*b"avc1", FormatKind::Video, false),
            (*b"ap4h", FormatKind::Video, true),
        ] {
            assert_eq!(FormatKind::of(format), Some(kind));
            assert_eq!(is_whole_sample(format), is_whole);
        }
    }
}
