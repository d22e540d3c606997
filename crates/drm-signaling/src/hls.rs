// SPDX-License-Identifier: MPL-2.0
//! EXT-X-KEY and EXT-X-SESSION-KEY of HLS playlists, RFC 8216, 4.3.2.4 and 4.3.4.5, with the key formats of the DRM systems.

use cenc_types::{KeyId, Scheme};

pub use super::system_facts::HlsKey;
use super::{Drm, Error, System, kid_digits};

/// The playlist that a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Playlist {
    /// A media playlist: EXT-X-KEY, once more at each key change.
    Media,
    /// The multivariant playlist: EXT-X-SESSION-KEY. Windows needs all KIDs in its object.
    Multivariant,
}

/// Returns the key lines of one DRM system, without line breaks. Systems that HLS cannot name have none.
///
/// If there is a line for each key, a media playlist uses only the line for the key of its track.
///
/// # Errors
/// [`Error::NoHlsMethod`] for `cens` and `cbc1`, [`Error::SchemeOfSystem`] for FairPlay with `cenc`.
pub fn key_lines(drm: &Drm, scheme: Scheme, playlist: Playlist) -> Result<Vec<String>, Error> {
    lines_of(drm, scheme, playlist, drm.hls_keys(playlist))
}

/// Returns the EXT-X-KEY lines of one DRM system for a track with one key, without line breaks.
///
/// A list of KIDs starts with that of the track: hls.js takes the first as the track's. Of systems with a line for each key, only the
/// line of the track's is returned.
///
/// # Errors
/// Those of [`key_lines`].
pub fn track_key_lines(drm: &Drm, scheme: Scheme, kid: &KeyId) -> Result<Vec<String>, Error> {
    let mut lines = lines_of(drm, scheme, Playlist::Media, drm.hls_track_keys(kid))?;
    let key_id = format!("KEYID=0x{}", kid_digits(kid));
    lines.retain(|line| !line.contains("KEYID=0x") || line.contains(&key_id));
    Ok(lines)
}

fn lines_of(
    drm: &Drm,
    scheme: Scheme,
    playlist: Playlist,
    keys: Vec<HlsKey>,
) -> Result<Vec<String>, Error> {
    if let Some(texts) = drm.source_texts() {
        let lines = match playlist {
            Playlist::Media => &texts.hls_media,
            Playlist::Multivariant => &texts.hls_multivariant,
        };
        if !lines.is_empty() {
            return Ok(lines.clone());
        }
    }
    let method = method(scheme)?;
    check_scheme(drm, scheme)?;
    let tag = match playlist {
        Playlist::Media => "EXT-X-KEY",
        Playlist::Multivariant => "EXT-X-SESSION-KEY",
    };
    let line = |key: HlsKey| {
        format!(
            "#{tag}:METHOD={method},URI=\"{}\"{},KEYFORMAT=\"{}\",KEYFORMATVERSIONS=\"1\"",
            key.uri,
            key.key_id
                .map_or_else(String::new, |kid| format!(",KEYID=0x{}", kid_digits(&kid))),
            key.format
        )
    };
    Ok(keys.into_iter().map(line).collect())
}

/// Returns the first key of a media playlist, or None for systems that HLS cannot name.
pub fn first_key(drm: &Drm) -> Option<HlsKey> {
    drm.hls_keys(Playlist::Media).into_iter().next()
}

fn check_scheme(drm: &Drm, scheme: Scheme) -> Result<(), Error> {
    match drm
        .system()
        .and_then(|system: System| Some((system, system.facts().only_scheme?)))
    {
        Some((system, only)) if only != scheme => Err(Error::SchemeOfSystem {
            system,
            scheme,
            only,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Returns the METHOD of a scheme.
///
/// # Errors
/// [`Error::NoHlsMethod`].
pub const fn method(scheme: Scheme) -> Result<&'static str, Error> {
    match scheme {
        Scheme::Cenc => Ok("SAMPLE-AES-CTR"),
        Scheme::Cbcs => Ok("SAMPLE-AES"),
        Scheme::Cens | Scheme::Cbc1 => Err(Error::NoHlsMethod(scheme)),
    }
}

#[cfg(test)]
mod tests {
    use playready_header::{Header, HeaderFields, KeyIds, PlayReadyObject};

    use super::*;
    use crate::system_facts::DrmData;

    fn playready() -> Drm {
        Drm::playready(Default::default(), Vec::new())
    }

    fn of_kids(system: System, kids: &[KeyId]) -> Drm {
        Drm::new(system, DrmData::from_kids(kids))
    }

    // Form of the HLS samples in Microsoft's list of MP4-based formats.
    #[test]
    fn lines_name_method_uri_and_key_format() {
        let rest = "URI=\"data:text/plain;charset=UTF-16;base64,BgAAAAAA\",\
                    KEYFORMAT=\"com.microsoft.playready\",KEYFORMATVERSIONS=\"1\"";
        let media = key_lines(&playready(), Scheme::Cenc, Playlist::Media);
        assert_eq!(
            media.unwrap(),
            [format!("#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,{rest}")]
        );
        let session = key_lines(&playready(), Scheme::Cbcs, Playlist::Multivariant);
        assert_eq!(
            session.unwrap(),
            [format!("#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,{rest}")]
        );
    }

    // RFC 8216, 4.3.4.5: no two EXT-X-SESSION-KEY tags with equal METHOD, URI and KEYFORMAT.
    #[test]
    fn keys_have_a_line_each_but_equal_ones_are_one_in_a_multivariant_playlist() {
        let kid = |byte| KeyId::from_bytes([byte; 16]);
        let lines = |drm: &Drm, playlist| key_lines(drm, Scheme::Cbcs, playlist).unwrap();
        for (kids, media, session) in [
            (vec![], 1, 1),
            (vec![kid(1)], 1, 1),
            (vec![kid(1), kid(2)], 2, 1),
        ] {
            let has_key_id = kids.len() == 1;
            let widevine = of_kids(System::Widevine, &kids);
            assert_eq!(lines(&widevine, Playlist::Media).len(), media);
            let found = lines(&widevine, Playlist::Multivariant);
            assert_eq!(found.len(), session);
            assert_eq!(found[0].contains("KEYID=0x0101"), has_key_id);
            let fairplay = of_kids(System::FairPlay, &kids);
            for playlist in [Playlist::Media, Playlist::Multivariant] {
                assert_eq!(lines(&fairplay, playlist).len(), kids.len());
            }
        }
    }

    // hls.js takes the first KID of a PlayReady Header as that of the track.
    #[test]
    fn lines_of_a_track_are_for_its_key() {
        let kids = [1, 2, 3].map(|byte| KeyId::from_bytes([byte; 16]));
        let lines = |drm: &Drm| track_key_lines(drm, Scheme::Cbcs, &kids[1]).unwrap();
        for system in [System::Widevine, System::FairPlay] {
            let [line] = lines(&of_kids(system, &kids)).try_into().unwrap();
            assert!(line.contains("0202"), "{line}");
        }
        let header = |kids: &[KeyId]| {
            let key_ids = KeyIds::AesCbc(kids.to_vec());
            let fields = HeaderFields {
                key_ids,
                ..HeaderFields::default()
            };
            PlayReadyObject::with_header(&Header::new(fields).unwrap()).unwrap()
        };
        let [line] = lines(&Drm::playready(header(&kids), Vec::new()))
            .try_into()
            .unwrap();
        let own_first = header(&[kids[1], kids[0], kids[2]]).to_base64();
        assert!(line.contains(&format!("base64,{own_first}\"")), "{line}");
    }

    // hls.js 1.7.4, LevelKey.getDecryptData: the first 16 bytes of a data URI are the KID.
    #[test]
    fn clear_key_has_the_kid_as_hls_js_reads_it() {
        let clear_key = of_kids(System::ClearKey, &[KeyId::from_bytes(*b"0123456789abcdef")]);
        assert_eq!(
            key_lines(&clear_key, Scheme::Cbcs, Playlist::Media).unwrap(),
            [
                "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:text/plain;base64,MDEyMzQ1Njc4OWFiY2RlZg==\",\
              KEYFORMAT=\"org.w3.clearkey\",KEYFORMATVERSIONS=\"1\""
            ]
        );
    }

    #[test]
    fn systems_without_a_key_format_have_no_line() {
        let common = of_kids(System::Common, &[]);
        let lines = key_lines(&common, Scheme::Cbcs, Playlist::Media);
        assert_eq!(lines, Ok(vec![]));
    }

    // Form of URI and KEYFORMAT in Apple's FairPlay Streaming.
    #[test]
    fn first_key_has_uri_and_format() {
        let kid = KeyId::from_bytes([1; 16]);
        let key = first_key(&of_kids(System::FairPlay, &[kid])).unwrap();
        assert_eq!(key.uri, "skd://01010101-0101-0101-0101-010101010101");
        assert_eq!(key.format, "com.apple.streamingkeydelivery");
        assert!(first_key(&of_kids(System::Common, &[])).is_none());
    }

    #[test]
    fn fairplay_is_for_cbcs_alone() {
        let fairplay = of_kids(System::FairPlay, &[]);
        let lines = key_lines(&fairplay, Scheme::Cenc, Playlist::Media);
        assert_eq!(
            lines.unwrap_err().to_string(),
            "FairPlay does not play the scheme cenc: protect with cbcs"
        );
    }

    #[test]
    fn schemes_without_a_method_are_refused() {
        for scheme in [Scheme::Cens, Scheme::Cbc1] {
            let lines = key_lines(&playready(), scheme, Playlist::Media);
            assert_eq!(lines, Err(Error::NoHlsMethod(scheme)));
        }
    }
}
