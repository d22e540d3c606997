// SPDX-License-Identifier: MPL-2.0
//! The codecs parameter: RFC 6381, ISO/IEC 14496-15 annex E, and the bindings of other codecs.

use codec_headers::configuration::{
    Ac4Configuration, AudioSpecificConfig, Av1Configuration, AvcConfiguration,
    DolbyVisionConfiguration, HevcConfiguration, IamfConfiguration, MpegHConfiguration,
    VpConfiguration, VvcConfiguration,
};
use isobmff_boxes::{CodedColours, FourCc};

use super::Error;
use super::entry::DescribedEntry;
use super::private_data::read_esds;
use super::video::read_colours;

/// objectTypeIndication of MPEG-4 audio, and of MPEG-4 video.
pub(super) const MPEG4_AUDIO: u8 = 0x40;
const MPEG4_VIDEO: u8 = 0x20;
/// The code point of colours that are not specified, and that of BT.709, which the codecs parameters of AV1 and VP9 omit.
const UNSPECIFIED: u8 = 2;
const BT_709: u8 = 1;
/// The profiles of IMSC in `stpp`, by the W3C's registry of TTML profiles.
const TTML_PROFILES: [(&str, &str); 6] = [
    ("http://www.w3.org/ns/ttml/profile/imsc1/text", "im1t"),
    ("http://www.w3.org/ns/ttml/profile/imsc1/image", "im1i"),
    ("http://www.w3.org/ns/ttml/profile/imsc1.1/text", "im2t"),
    ("http://www.w3.org/ns/ttml/profile/imsc1.1/image", "im2i"),
    ("http://www.w3.org/ns/ttml/profile/imsc1.2/text", "im3t"),
    ("http://www.w3.org/ns/ttml/profile/imsc1.2/image", "im3i"),
];

/// A codec that a track also is, for players that know it: SUPPLEMENTAL-CODECS in HLS, scte214:supplementalCodecs in DASH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplementalCodec {
    /// The codecs parameter.
    pub codecs: String,
    /// The brand that says how both are compatible, such as `db4h`.
    pub brand: &'static str,
}

/// Returns the codecs parameter of an entry: its type, and what its configuration says about profile and level.
pub(super) fn codecs(entry: &DescribedEntry<'_>) -> Result<String, Error> {
    let format = entry.format();
    let detailed = match &format.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => entry.configuration(*b"avcC", |config| {
            Ok(avc(format, &AvcConfiguration::read(config)?))
        })?,
        b"hvc1" | b"hev1" | b"hvc2" | b"hev2" | b"hvc3" | b"hev3" | b"hvt1" | b"hvt2" | b"hvt3"
        | b"lhv1" | b"lhe1" => entry.configuration(*b"hvcC", |config| {
            Ok(hevc(format, &HevcConfiguration::read(config)?))
        })?,
        b"dva1" | b"dvav" | b"dvh1" | b"dvhe" | b"dav1" => {
            read_dolby_vision(entry)?.map(|dolby| dolby_vision(format, dolby))
        }
        b"vvc1" | b"vvi1" => entry
            .configuration(*b"vvcC", VvcConfiguration::read)?
            .flatten()
            .map(|vvc| self::vvc(format, &vvc)),
        b"av01" => read_av1(entry)?,
        b"vp08" | b"vp09" => entry
            .configuration(*b"vpcC", VpConfiguration::read)?
            .flatten()
            .map(|vp| self::vp(format, &vp)),
        b"mp4a" | b"mp4v" | b"mp4s" => read_mpeg4(entry)?,
        b"ac-4" => entry
            .configuration(*b"dac4", Ac4Configuration::read)?
            .map(ac4),
        b"mha1" | b"mha2" | b"mhm1" | b"mhm2" => entry
            .configuration(*b"mhaC", MpegHConfiguration::read)?
            .map(|mpeg_h| format!("{format}.0x{:02X}", mpeg_h.profile_level)),
        b"iamf" => read_iamf(entry)?,
        // FFmpeg, Shaka Packager and browsers use the names that WebM has.
        b"Opus" => Some("opus".to_owned()),
        b"fLaC" => Some("flac".to_owned()),
        b"stpp" => ttml(entry.clear().body),
        _ => None,
    };
    Ok(detailed.unwrap_or_else(|| printable(format)))
}

/// Reads the codec that the base layer of Dolby Vision does not name.
pub(super) fn supplemental_codec(
    entry: &DescribedEntry<'_>,
) -> Result<Option<SupplementalCodec>, Error> {
    let format = match &entry.format().0 {
        b"avc1" => *b"dva1",
        b"avc3" => *b"dvav",
        b"hvc1" => *b"dvh1",
        b"hev1" => *b"dvhe",
        b"av01" => *b"dav1",
        _ => return Ok(None),
    };
    let Some(dolby) = read_dolby_vision(entry)? else {
        return Ok(None);
    };
    let brand = match dolby.base_compatibility {
        1 => "db1p",
        2 => "db2g",
        4 => "db4h",
        _ => return Ok(None),
    };
    Ok(Some(SupplementalCodec {
        codecs: dolby_vision(FourCc(format), dolby),
        brand,
    }))
}

/// Reads the configuration of Dolby Vision, whose box has one of three types by its profile.
pub(super) fn read_dolby_vision(
    entry: &DescribedEntry<'_>,
) -> Result<Option<DolbyVisionConfiguration>, Error> {
    for box_type in [*b"dvcC", *b"dvvC", *b"dvwC"] {
        if let Some(found) = entry.configuration(box_type, DolbyVisionConfiguration::read)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn dolby_vision(format: FourCc, dolby: DolbyVisionConfiguration) -> String {
    format!("{format}.{:02}.{:02}", dolby.profile, dolby.level)
}

/// 14496-15 clause E.3 and RFC 6381 clause 3.3.
fn avc(format: FourCc, avc: &AvcConfiguration<'_>) -> String {
    let [profile, compatibility, level] = [avc.profile, avc.compatibility, avc.level];
    format!("{format}.{profile:02x}{compatibility:02x}{level:02x}")
}

/// 14496-15 clause E.4.
fn hevc(format: FourCc, hevc: &HevcConfiguration<'_>) -> String {
    let space = ["", "A", "B", "C"].get(usize::from(hevc.profile_space));
    let constraints = without_trailing_zeros(&hevc.constraints)
        .iter()
        .map(|byte| format!(".{byte:X}"))
        .collect::<String>();
    format!(
        "{format}.{}{}.{:X}.{}{}{constraints}",
        space.unwrap_or(&""),
        hevc.profile,
        hevc.compatibility.reverse_bits(),
        tier(hevc.is_high_tier, 'L'),
        hevc.level,
    )
}

/// 14496-15 clause E.6.
fn vvc(format: FourCc, vvc: &VvcConfiguration<'_>) -> String {
    let constraints = without_trailing_zeros(vvc.constraints);
    let constraints = match constraints {
        [] => String::new(),
        _ => format!(".C{}", base32(constraints)),
    };
    let tier = tier(vvc.is_high_tier, 'L');
    format!("{format}.{}.{tier}{}{constraints}", vvc.profile, vvc.level)
}

const fn tier(is_high: bool, main: char) -> char {
    if is_high { 'H' } else { main }
}

fn without_trailing_zeros(bytes: &[u8]) -> &[u8] {
    let len = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    bytes.get(..len).unwrap_or_default()
}

/// Writes bytes in base 32 of RFC 4648, without padding.
fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    bytes
        .chunks(5)
        .flat_map(|group| {
            let bits = (0..5).fold(0u64, |bits, at| {
                bits << 8 | u64::from(*group.get(at).unwrap_or(&0))
            });
            (0..(group.len() * 8).div_ceil(5)).map(move |digit| bits >> (35 - 5 * digit) & 31)
        })
        .filter_map(|digit| {
            DIGITS
                .get(usize::try_from(digit).ok()?)
                .map(|digit| char::from(*digit))
        })
        .collect()
}

/// AV1 Codec ISO Media File Format Binding, clause 5: the optional fields are all there or all absent.
fn read_av1(entry: &DescribedEntry<'_>) -> Result<Option<String>, Error> {
    let Some(av1) = entry.configuration(*b"av1C", Av1Configuration::read)? else {
        return Ok(None);
    };
    let colours = match av1.colours {
        Some(stream) => [
            stream.primaries,
            stream.transfer,
            stream.matrix,
            stream.is_full_range.into(),
        ],
        None => read_colours(entry)?.map_or([BT_709, BT_709, BT_709, 0], values),
    };
    let tier = tier(av1.is_high_tier, 'M');
    let short = format!(
        "av01.{}.{:02}{tier}.{:02}",
        av1.profile, av1.level, av1.bit_depth
    );
    let [x, y, position] = av1.chroma;
    if !av1.is_monochrome && av1.chroma == [1, 1, 0] && is_default(colours) {
        return Ok(Some(short));
    }
    let [primaries, transfer, matrix, range] = colours;
    let mono = u8::from(av1.is_monochrome);
    Ok(Some(format!(
        "{short}.{mono}.{x}{y}{position}.{primaries:02}.{transfer:02}.{matrix:02}.{range}"
    )))
}

/// VP Codec ISO Media File Format Binding, "Codecs Parameter String".
fn vp(format: FourCc, vp: &VpConfiguration) -> String {
    let short = format!(
        "{format}.{:02}.{:02}.{:02}",
        vp.profile, vp.level, vp.bit_depth
    );
    let colours = vp.colours;
    let values = [
        colours.primaries,
        colours.transfer,
        colours.matrix,
        colours.is_full_range.into(),
    ];
    if vp.chroma_subsampling == 1 && is_default(values) {
        return short;
    }
    let [primaries, transfer, matrix, range] = values;
    format!(
        "{short}.{:02}.{primaries:02}.{transfer:02}.{matrix:02}.{range:02}",
        vp.chroma_subsampling
    )
}

fn values(colours: CodedColours) -> [u8; 4] {
    [
        colours.primaries,
        colours.transfer,
        colours.matrix,
        colours.is_full_range.into(),
    ]
}

/// True if the colours are those that a short codecs parameter means, or are not specified at all.
fn is_default([primaries, transfer, matrix, range]: [u8; 4]) -> bool {
    let is_plain = |code: u8| code == BT_709 || code == UNSPECIFIED;
    is_plain(primaries) && is_plain(transfer) && is_plain(matrix) && range == 0
}

/// RFC 6381, clause 3.3: objectTypeIndication, and then the audio object type or the video profile.
fn read_mpeg4(entry: &DescribedEntry<'_>) -> Result<Option<String>, Error> {
    let Some(esds) = read_esds(entry)? else {
        return Ok(None);
    };
    let object = format!("{}.{:02X}", entry.format(), esds.object_type);
    Ok(Some(match (esds.object_type, esds.specific_info) {
        (MPEG4_AUDIO, config @ [_, ..]) => {
            let config = entry.parse(AudioSpecificConfig::read(config))?;
            format!("{object}.{}", config.signaled_object_type())
        }
        // visual_object_sequence_start_code, profile_and_level_indication: 14496-2 clause 6.2.2.
        (MPEG4_VIDEO, [0, 0, 1, 0xb0, profile, ..]) => format!("{object}.{profile}"),
        _ => object,
    }))
}

/// ETSI TS 103 190-2, E.13.
fn ac4(ac4: Ac4Configuration) -> String {
    let first = ac4.presentation;
    let [version, level] = first.map_or([0; 2], |first| [first.version, first.decoder_level]);
    format!(
        "ac-4.{:02x}.{version:02x}.{level:02x}",
        ac4.bitstream_version
    )
}

/// IAMF v1.1, 6.3.
fn read_iamf(entry: &DescribedEntry<'_>) -> Result<Option<String>, Error> {
    let iamf = entry.configuration(*b"iacb", IamfConfiguration::read)?;
    Ok(iamf.map(|iamf| {
        let codec = match &iamf.codec {
            b"mp4a" => "mp4a.40.2".to_owned(),
            codec => printable(FourCc(*codec)),
        };
        format!(
            "iamf.{:03}.{:03}.{codec}",
            iamf.primary_profile, iamf.additional_profile
        )
    }))
}

/// Returns the form for a profile of IMSC that namespace or schema_location name: 14496-30, clause 5.4. Players know no others.
fn ttml(body: &[u8]) -> Option<String> {
    let mut texts = body.get(8..)?.split(|byte| *byte == 0).take(2);
    let names = |text: &[u8], profile: &str| {
        text.split(u8::is_ascii_whitespace)
            .any(|name| name == profile.as_bytes())
    };
    texts.find_map(|text| {
        TTML_PROFILES
            .iter()
            .find(|(profile, _)| names(text, profile))
            .map(|(_, short)| format!("stpp.ttml.{short}"))
    })
}

/// Returns a sample entry type as a codecs parameter, with escapes for what would end the value in a manifest.
fn printable(format: FourCc) -> String {
    let text = format.0.trim_ascii_end();
    text.iter()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'+' | b'.' | b'_' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4648, clause 10, without padding.
    #[test]
    fn base_32_is_that_of_the_standard() {
        for (bytes, expected) in [
            (&b""[..], ""),
            (b"f", "MY"),
            (b"fo", "MZXQ"),
            (b"foo", "MZXW6"),
            (b"foob", "MZXW6YQ"),
            (b"fooba", "MZXW6YTB"),
            (b"foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes), expected);
        }
    }

    #[test]
    fn types_are_safe_in_a_manifest() {
        assert_eq!(printable(FourCc(*b"ap4h")), "ap4h");
        assert_eq!(printable(FourCc(*b"rle ")), "rle");
        assert_eq!(printable(FourCc(*b"a\",<")), "a%22%2C%3C");
    }
}
