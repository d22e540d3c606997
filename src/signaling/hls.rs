// SPDX-License-Identifier: MPL-2.0
//! EXT-X-KEY and EXT-X-SESSION-KEY of HLS playlists, RFC 8216, 4.3.2.4 and 4.3.4.5, with the key formats of the DRM systems.

use crate::cenc::Scheme;

use super::{Drm, Error};

/// The playlist that a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Playlist {
    /// A media playlist: EXT-X-KEY, once more at each key change.
    Media,
    /// The multivariant playlist: EXT-X-SESSION-KEY. Windows wants all KIDs in its object.
    Multivariant,
}

/// The line, without line break, by which clients of one DRM system find the key.
///
/// # Errors
/// [`Error::NoHlsMethod`] for `cens` and `cbc1`.
pub fn key_line(drm: &Drm, scheme: Scheme, playlist: Playlist) -> Result<String, Error> {
    let method = method(scheme)?;
    let tag = match playlist {
        Playlist::Media => "EXT-X-KEY",
        Playlist::Multivariant => "EXT-X-SESSION-KEY",
    };
    let key = drm.hls_key_format();
    let (uri, format, versions) = (key.uri, key.format, key.versions);
    Ok(format!(
        "#{tag}:METHOD={method},URI=\"{uri}\",KEYFORMAT=\"{format}\",KEYFORMATVERSIONS=\"{versions}\""
    ))
}

const fn method(scheme: Scheme) -> Result<&'static str, Error> {
    match scheme {
        Scheme::Cenc => Ok("SAMPLE-AES-CTR"),
        Scheme::Cbcs => Ok("SAMPLE-AES"),
        Scheme::Cens | Scheme::Cbc1 => Err(Error::NoHlsMethod(scheme)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playready() -> Drm {
        Drm::PlayReady {
            pssh: Vec::new(),
            object: Default::default(),
        }
    }

    // Form of the HLS samples in Microsoft's list of MP4-based formats.
    #[test]
    fn lines_name_method_uri_and_key_format() {
        let rest = "URI=\"data:text/plain;charset=UTF-16;base64,BgAAAAAA\",\
                    KEYFORMAT=\"com.microsoft.playready\",KEYFORMATVERSIONS=\"1\"";
        let media = key_line(&playready(), Scheme::Cenc, Playlist::Media);
        assert_eq!(
            media.unwrap(),
            format!("#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,{rest}")
        );
        let session = key_line(&playready(), Scheme::Cbcs, Playlist::Multivariant);
        assert_eq!(
            session.unwrap(),
            format!("#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,{rest}")
        );
    }

    #[test]
    fn schemes_without_a_method_are_refused() {
        for scheme in [Scheme::Cens, Scheme::Cbc1] {
            let line = key_line(&playready(), scheme, Playlist::Media);
            assert_eq!(line, Err(Error::NoHlsMethod(scheme)));
        }
    }
}
