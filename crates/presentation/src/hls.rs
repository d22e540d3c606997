// SPDX-License-Identifier: MPL-2.0
//! HLS playlists, RFC 8216: EXT-X-KEY in front of the EXT-X-MAP of each protected init segment, EXT-X-SESSION-KEY in a multivariant
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

/// A line and where it starts.
#[derive(Clone, Copy)]
struct Line<'t> {
    at: usize,
    text: &'t str,
}

/// Finds out what a playlist needs.
///
/// # Errors
/// [`Error`].
pub(super) fn plan<F: PresentationFiles>(text: &str, files: &mut F) -> Result<EditPlan, F::Error> {
    let lines = lines(text);
    for tag in ["#EXT-X-KEY", "#EXT-X-SESSION-KEY"] {
        if lines.iter().any(|line| line.is(tag)) {
            return Err(Error::Protected(tag).into());
        }
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let first = lines.iter().find(|line| line.is_variant());
    match first {
        Some(first) => multivariant(&lines, (first.at, end), files),
        None => media(&lines, end, files),
    }
}

fn media<F: PresentationFiles>(
    lines: &[Line<'_>],
    end: &str,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    let mut plan = EditPlan::new(ManifestFormat::Hls);
    let maps = maps(lines, files.manifest_url())?;
    if maps.is_empty() {
        return Err(Error::NoMap.into());
    }
    let mut current = vec![CLEAR.to_owned()];
    for (at, url) in maps {
        let init = files.protection(&url)?;
        let keys = match init.scheme {
            None => vec![CLEAR.to_owned()],
            Some(_) => key_lines(&init, Playlist::Media, url.as_str())?,
        };
        if keys == current {
            continue;
        }
        plan.edits.push(Edit::insert(at, ended(&keys, end)));
        if init.scheme.is_some() {
            plan.note(name(&url), &init);
        }
        current = keys;
    }
    Ok(plan)
}

fn multivariant<F: PresentationFiles>(
    lines: &[Line<'_>],
    (at, end): (usize, &str),
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    let given = files.given()?;
    let named = match given.is_empty() {
        true => inits_of_variants(lines, files)?,
        false => given,
    };
    let mut plan = EditPlan::new(ManifestFormat::Hls);
    let mut keys = Vec::new();
    let is_protected = |named: &&NamedProtection| named.protection.scheme.is_some();
    for NamedProtection { name, protection } in named.iter().filter(is_protected) {
        for key in key_lines(protection, Playlist::Multivariant, name)? {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        plan.note(name.clone(), protection);
    }
    if !keys.is_empty() {
        plan.edits.push(Edit::insert(at, ended(&keys, end)));
    }
    Ok(plan)
}

/// The init segments that the media playlists name.
fn inits_of_variants<F: PresentationFiles>(
    lines: &[Line<'_>],
    files: &mut F,
) -> Result<Vec<NamedProtection>, F::Error> {
    let mut seen = Vec::new();
    let mut inits = Vec::new();
    for playlist in variants(lines) {
        let playlist = files.manifest_url().join(playlist).map_err(Error::Url)?;
        if seen.contains(&playlist) {
            continue;
        }
        let text = files.playlist(&playlist)?;
        for (_, url) in maps(&self::lines(&text), &playlist)? {
            inits.push(NamedProtection {
                name: name(&url),
                protection: files.protection(&url)?,
            });
        }
        seen.push(playlist);
    }
    Ok(inits)
}

fn variants<'t>(lines: &[Line<'t>]) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        if line.is("#EXT-X-STREAM-INF") {
            let mut rest = lines.clone();
            found.extend(rest.find(|line| line.is_uri()).map(|line| line.text));
        } else if line.is_variant() {
            found.extend(line.attribute("URI"));
        }
    }
    found
}

/// Each EXT-X-MAP and the file that it names.
fn maps(lines: &[Line<'_>], playlist: &Url) -> Result<Vec<(usize, Url)>, Error> {
    let maps = lines.iter().filter(|line| line.is("#EXT-X-MAP"));
    let maps = maps.map(|line| {
        let range = line
            .attribute("BYTERANGE")
            .and_then(|range| range.split_once('@'));
        if range.is_some_and(|(_, start)| start != "0") {
            return Err(Error::MapWithin);
        }
        let uri = line.attribute("URI").ok_or(Error::NoMap)?;
        Ok((line.at, playlist.join(uri)?))
    });
    maps.collect()
}

/// The lines of all systems that HLS can name, of those for one key each the ones for the keys of the file.
fn key_lines(init: &FileProtection, playlist: Playlist, place: &str) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for (drm, scheme) in init.drms.iter().zip(init.scheme.into_iter().cycle()) {
        lines.extend(hls::key_lines(drm, scheme, playlist)?);
    }
    let own: Vec<String> = init
        .kids
        .iter()
        .map(|kid| format!("KEYID=0x{}", kid.to_string().replace('-', "")))
        .collect();
    let is_own =
        |line: &String| !line.contains("KEYID=0x") || own.iter().any(|id| line.contains(id));
    if playlist == Playlist::Media {
        lines.retain(is_own);
    }
    match lines.is_empty() {
        true => Err(Error::NoSystem(place.to_owned())),
        false => Ok(lines),
    }
}

fn ended(lines: &[String], end: &str) -> String {
    lines.iter().map(|line| format!("{line}{end}")).collect()
}

/// The last part of a URL.
fn name(url: &Url) -> String {
    let segments = url.path_segments();
    let last = segments.and_then(|mut segments| segments.next_back());
    last.unwrap_or_default().to_owned()
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').map(|whole| {
        let line = Line {
            at,
            text: whole.trim_end_matches(['\r', '\n']),
        };
        at += whole.len();
        line
    });
    lines.collect()
}

impl<'t> Line<'t> {
    /// Whether it is a tag of that whole name.
    fn is(self, tag: &str) -> bool {
        let rest = self.text.strip_prefix(tag);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }

    fn is_variant(self) -> bool {
        VARIANTS.iter().any(|tag| self.is(tag))
    }

    fn is_uri(self) -> bool {
        !self.text.trim().is_empty() && !self.text.starts_with('#')
    }

    /// A value of the attribute list, without its quotes.
    fn attribute(self, name: &str) -> Option<&'t str> {
        let (_, mut rest) = self.text.split_once(':')?;
        loop {
            let (found, value) = rest.split_once('=')?;
            let (value, behind) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => value.split_at(value.find(',').unwrap_or(value.len())),
            };
            if found.trim() == name {
                return Some(value);
            }
            rest = behind.trim_start_matches([',', ' ']);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_rfc_8216_writes_them() {
        let text = "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"URI=x,\",URI=\"a,b.m3u8\",CHANNELS=\"2\"";
        let line = Line { at: 0, text };
        let values = ["TYPE", "URI", "CHANNELS", "NONE"].map(|name| line.attribute(name));
        assert_eq!(values, [Some("AUDIO"), Some("a,b.m3u8"), Some("2"), None]);
        for text in [
            "#EXT-X-MAP",
            "#EXT-X-MAP:URI",
            "#EXT-X-MAP:URI=\"a",
            "#EXT-X-MAP:,,=,",
        ] {
            assert_eq!(Line { at: 0, text }.attribute("URI"), None, "{text}");
        }
    }

    #[test]
    fn media_playlists_are_found_behind_comments_and_in_attributes() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n# a comment\n\nv.m3u8\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a.m3u8\"\n\
                    #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS\n#EXT-X-I-FRAME-STREAM-INF:URI=\"i.m3u8\"\n";
        assert_eq!(variants(&lines(text)), ["v.m3u8", "a.m3u8", "i.m3u8"]);
    }
}
