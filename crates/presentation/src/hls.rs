// SPDX-License-Identifier: MPL-2.0
//! HLS playlists, RFC 8216: EXT-X-KEY before the EXT-X-MAP of each protected init segment, EXT-X-SESSION-KEY in a multivariant
//! playlist.

use drm_signaling::{Playlist, hls};
use url::Url;

use super::edit::Edit;
use super::manifest::{EditPlan, ManifestFormat};
use super::{Error, FileProtection, NamedProtection, PresentationFiles};

const CLEAR: &str = "#EXT-X-KEY:METHOD=NONE";

/// The tags that name media playlists.
const VARIANTS: [&str; 3] = [
    "#EXT-X-STREAM-INF",
    "#EXT-X-MEDIA",
    "#EXT-X-I-FRAME-STREAM-INF",
];

/// A line of a playlist.
#[derive(Clone, Copy)]
struct PlaylistLine<'t> {
    /// Its offset in bytes.
    at: usize,
    text: &'t str,
}

/// Plans the edits of a playlist.
///
/// # Errors
/// [`Error`].
pub(super) fn plan_edits<F: PresentationFiles>(
    text: &str,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    let lines = split_lines(text);
    for tag in ["#EXT-X-KEY", "#EXT-X-SESSION-KEY"] {
        if lines.iter().any(|line| line.is(tag)) {
            return Err(Error::Protected(tag).into());
        }
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    match lines.iter().any(|line| line.is_variant()) {
        true => plan_multivariant(&lines, end, files),
        false => plan_media(&lines, end, files),
    }
}

fn plan_media<F: PresentationFiles>(
    lines: &[PlaylistLine<'_>],
    end: &str,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    let mut plan = EditPlan::new(ManifestFormat::Hls);
    let maps = read_maps(lines, files.manifest_url())?;
    if maps.is_empty() {
        return Err(Error::NoMap.into());
    }
    let mut current = vec![CLEAR.to_owned()];
    for InitMap { at, url } in maps {
        let init = files.protection(&url)?;
        let keys = match init.scheme {
            None => vec![CLEAR.to_owned()],
            Some(_) => key_lines(&init, Playlist::Media, url.as_str())?,
        };
        if keys == current {
            continue;
        }
        plan.edits.push(Edit::insert(at, end_lines(&keys, end)));
        if init.scheme.is_some() {
            plan.record(file_name(&url), &init);
        }
        current = keys;
    }
    Ok(plan)
}

fn plan_multivariant<F: PresentationFiles>(
    lines: &[PlaylistLine<'_>],
    end: &str,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    let mut inits = files.given()?;
    if inits.is_empty() {
        inits = read_variants(lines, files)?;
    }
    let mut plan = EditPlan::new(ManifestFormat::Hls);
    let mut keys = Vec::new();
    for init in inits.iter().filter(|init| init.protection.scheme.is_some()) {
        for key in key_lines(&init.protection, Playlist::Multivariant, &init.name)? {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        plan.record(init.name.clone(), &init.protection);
    }
    if let Some(first) = lines.iter().find(|line| line.is_variant())
        && !keys.is_empty()
    {
        plan.edits
            .push(Edit::insert(first.at, end_lines(&keys, end)));
    }
    Ok(plan)
}

/// Reads the init segments that the media playlists name.
fn read_variants<F: PresentationFiles>(
    lines: &[PlaylistLine<'_>],
    files: &mut F,
) -> Result<Vec<NamedProtection>, F::Error> {
    let mut seen = Vec::new();
    let mut inits = Vec::new();
    for playlist in variant_uris(lines) {
        let playlist = files.manifest_url().join(playlist).map_err(Error::Url)?;
        if seen.contains(&playlist) {
            continue;
        }
        let text = files.playlist(&playlist)?;
        for InitMap { url, .. } in read_maps(&split_lines(&text), &playlist)? {
            inits.push(NamedProtection {
                name: file_name(&url),
                protection: files.protection(&url)?,
            });
        }
        seen.push(playlist);
    }
    Ok(inits)
}

fn variant_uris<'t>(lines: &[PlaylistLine<'t>]) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        if line.is("#EXT-X-STREAM-INF") {
            found.extend(
                lines
                    .clone()
                    .find(|line| line.is_uri())
                    .map(|line| line.text),
            );
        } else if line.is_variant() {
            found.extend(line.attribute("URI"));
        }
    }
    found
}

/// An EXT-X-MAP.
struct InitMap {
    /// The offset of its line in bytes.
    at: usize,
    /// The init segment.
    url: Url,
}

fn read_maps(lines: &[PlaylistLine<'_>], playlist: &Url) -> Result<Vec<InitMap>, Error> {
    lines
        .iter()
        .filter(|line| line.is("#EXT-X-MAP"))
        .map(|line| {
            let range = line
                .attribute("BYTERANGE")
                .and_then(|range| range.split_once('@'));
            if range.is_some_and(|(_, start)| start != "0") {
                return Err(Error::MapWithin);
            }
            Ok(InitMap {
                at: line.at,
                url: playlist.join(line.attribute("URI").ok_or(Error::NoMap)?)?,
            })
        })
        .collect()
}

/// Returns the key lines of all systems that HLS can name. A media playlist gets only those for the keys of the file.
fn key_lines(init: &FileProtection, playlist: Playlist, name: &str) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for (drm, scheme) in init.drms.iter().zip(init.scheme.into_iter().cycle()) {
        lines.extend(hls::key_lines(drm, scheme, playlist)?);
    }
    if playlist == Playlist::Media {
        let key_ids: Vec<String> = init
            .kids
            .iter()
            .map(|kid| format!("KEYID=0x{}", kid.to_string().replace('-', "")))
            .collect();
        lines.retain(|line| {
            !line.contains("KEYID=0x") || key_ids.iter().any(|key_id| line.contains(key_id))
        });
    }
    match lines.is_empty() {
        true => Err(Error::NoSystem(name.to_owned())),
        false => Ok(lines),
    }
}

fn end_lines(lines: &[String], end: &str) -> String {
    lines.iter().map(|line| format!("{line}{end}")).collect()
}

/// Returns the last part of a URL.
fn file_name(url: &Url) -> String {
    url.path_segments()
        .and_then(|mut segments| segments.next_back())
        .unwrap_or_default()
        .to_owned()
}

fn split_lines(text: &str) -> Vec<PlaylistLine<'_>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|whole| {
            let line = PlaylistLine {
                at,
                text: whole.trim_end_matches(['\r', '\n']),
            };
            at += whole.len();
            line
        })
        .collect()
}

impl<'t> PlaylistLine<'t> {
    /// Returns true if the line is a tag with that name.
    fn is(self, tag: &str) -> bool {
        self.text
            .strip_prefix(tag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }

    fn is_variant(self) -> bool {
        VARIANTS.iter().any(|tag| self.is(tag))
    }

    fn is_uri(self) -> bool {
        !self.text.trim().is_empty() && !self.text.starts_with('#')
    }

    /// Returns a value of the attribute list, without its quotes.
    fn attribute(self, name: &str) -> Option<&'t str> {
        let (_, mut rest) = self.text.split_once(':')?;
        loop {
            let (found, value) = rest.split_once('=')?;
            let (value, after) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => value.split_at(value.find(',').unwrap_or(value.len())),
            };
            if found.trim() == name {
                return Some(value);
            }
            rest = after.trim_start_matches([',', ' ']);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_rfc_8216_writes_them() {
        let text = "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"URI=x,\",URI=\"a,b.m3u8\",CHANNELS=\"2\"";
        let line = PlaylistLine { at: 0, text };
        let values = ["TYPE", "URI", "CHANNELS", "NONE"].map(|name| line.attribute(name));
        assert_eq!(values, [Some("AUDIO"), Some("a,b.m3u8"), Some("2"), None]);
        for text in [
            "#EXT-X-MAP",
            "#EXT-X-MAP:URI",
            "#EXT-X-MAP:URI=\"a",
            "#EXT-X-MAP:,,=,",
        ] {
            assert_eq!(
                PlaylistLine { at: 0, text }.attribute("URI"),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn media_playlists_are_found_after_comments_and_in_attributes() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n# a comment\n\nv.m3u8\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a.m3u8\"\n\
                    #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS\n#EXT-X-I-FRAME-STREAM-INF:URI=\"i.m3u8\"\n";
        assert_eq!(
            variant_uris(&split_lines(text)),
            ["v.m3u8", "a.m3u8", "i.m3u8"]
        );
    }
}
