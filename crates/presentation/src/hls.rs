// SPDX-License-Identifier: MPL-2.0
//! HLS playlists, RFC 8216: EXT-X-KEY before the EXT-X-MAP of each protected init segment and before segments with another key,
//! EXT-X-SESSION-KEY in a multivariant playlist.

mod lines;
mod media;
mod variables;

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use drm_signaling::{Playlist, hls};
use url::Url;

use super::edit::Edit;
use super::manifest::{EditPlan, ManifestFormat};
use super::{
    ByteRange, Error, FileLayout, FileProtection, FragmentKeys, NamedProtection, PresentationFiles,
};
use lines::{PlaylistLine, split_lines};
use media::{InitMap, MediaPlaylist, MediaSegment, PlaylistItem, WrittenRange};
use variables::Variables;

const CLEAR: &str = "#EXT-X-KEY:METHOD=NONE";

/// True if a text is a playlist. Blank lines and comments may precede its first tag.
pub(super) fn is_playlist(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && (line.starts_with("#EXT") || !line.starts_with('#')))
        .is_some_and(|line| line.starts_with("#EXTM3U"))
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
        if lines
            .iter()
            .any(|line| line.is(tag) && !line.is_clear_key())
        {
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
    let variables = Variables::read(lines, files.manifest_url(), &Variables::default());
    let playlist = MediaPlaylist::read(lines, files.manifest_url(), &variables)?;
    let mut plan = EditPlan::new(ManifestFormat::Hls);
    if playlist.has_no_map() {
        plan.is_clear_text = playlist.is_text();
        return match plan.is_clear_text {
            true => Ok(plan),
            false => Err(Error::NoMap.into()),
        };
    }
    let mut planner = MediaPlanner {
        plan,
        end,
        current: vec![CLEAR.to_owned()],
        init: Rc::default(),
        periods: Vec::new(),
        ranges: HashMap::new(),
        last_range_end: None,
    };
    let mut is_text = true;
    for item in &playlist.items {
        match item {
            PlaylistItem::Map(map) => {
                planner.add_map(map, files)?;
                is_text &= planner.init.is_text;
            }
            PlaylistItem::Segment(segment) => planner.add_segment(segment, &playlist, files)?,
        }
    }
    planner.plan.is_clear_text = is_text && planner.plan.added.is_empty();
    if !planner.plan.added.is_empty() {
        // After one of the new keys, such a line would say that the segments are clear.
        let dropped = lines.iter().filter(|line| line.is_clear_key());
        planner
            .plan
            .edits
            .extend(dropped.map(|line| line.removal()));
    }
    Ok(planner.plan)
}

/// Plans the edits of a media playlist line by line.
struct MediaPlanner<'e> {
    plan: EditPlan,
    /// The line break.
    end: &'e str,
    /// The key lines in force.
    current: Vec<String>,
    /// The protection of the init segment in force.
    init: Rc<FileProtection>,
    /// The keys that fragments named together with `pssh` boxes, which only the first fragment of a crypto period may have.
    periods: Vec<FragmentKeys>,
    /// The byte ranges of the segments in each file that are not yet written, in order.
    ranges: HashMap<Url, VecDeque<ByteRange>>,
    /// The end of the last range that was written.
    last_range_end: Option<u64>,
}

impl MediaPlanner<'_> {
    fn add_map<F: PresentationFiles>(
        &mut self,
        map: &InitMap,
        files: &mut F,
    ) -> Result<(), F::Error> {
        self.init = files.protection(&map.url)?;
        if self.init.scheme.is_none() {
            self.set_keys(map.at, vec![CLEAR.to_owned()]);
            return Ok(());
        }
        match key_lines(&self.init, Playlist::Media, map.url.as_str()) {
            // Without a default KID, the fragments name the keys.
            Err(Error::NoSystem(_)) if self.init.kids.is_empty() => (),
            keys => {
                if self.set_keys(map.at, keys?) {
                    self.plan.record(file_name(&map.url), &self.init);
                }
            }
        }
        if let Some(written) = &map.range {
            let init = files
                .layout(&map.url)?
                .and_then(|layout| layout.init_range())
                .ok_or_else(|| Error::Ranges(map.url.to_string()))?;
            self.plan
                .edits
                .push(written.replace_by(init, written.has_offset));
        }
        Ok(())
    }

    fn add_segment<F: PresentationFiles>(
        &mut self,
        segment: &MediaSegment,
        playlist: &MediaPlaylist,
        files: &mut F,
    ) -> Result<(), F::Error> {
        if self.init.scheme.is_none() {
            return Ok(());
        }
        let layout = files.layout(&segment.url)?;
        let range = match &segment.range {
            None => None,
            Some(written) => {
                Some(self.move_range(segment, written, layout.as_deref(), playlist)?)
            }
        };
        let Some(layout) = layout else {
            self.plan
                .unread_segment
                .get_or_insert_with(|| segment.url.to_string());
            return Ok(());
        };
        let mut lines: Option<Vec<String>> = None;
        for keys in layout.fragment_keys(range) {
            let protection = self.protection_of(keys);
            if protection.kids.is_empty() {
                continue;
            }
            let found = key_lines(&protection, Playlist::Media, segment.url.as_str())?;
            if lines.as_ref().is_some_and(|known| *known != found) {
                return Err(Error::ChangeWithin(file_name(&segment.url)).into());
            }
            if lines.is_none() && self.set_keys(segment.at, found.clone()) {
                self.plan.record(file_name(&segment.url), &protection);
            }
            lines = Some(found);
        }
        Ok(())
    }

    /// Replaces the byte range of a segment by that of the protected file.
    fn move_range(
        &mut self,
        segment: &MediaSegment,
        written: &WrittenRange,
        layout: Option<&FileLayout>,
        playlist: &MediaPlaylist,
    ) -> Result<ByteRange, Error> {
        let unmapped = || Error::Ranges(segment.url.to_string());
        if !self.ranges.contains_key(&segment.url) {
            let mapped = layout
                .and_then(|layout| layout.map_ranges(&playlist.ranges_of(&segment.url)))
                .ok_or_else(unmapped)?;
            self.ranges.insert(segment.url.clone(), mapped.into());
        }
        let range = self
            .ranges
            .get_mut(&segment.url)
            .and_then(VecDeque::pop_front)
            .ok_or_else(unmapped)?;
        let follows = segment.follows && self.last_range_end == Some(range.start);
        self.last_range_end = Some(range.end);
        self.plan
            .edits
            .push(written.replace_by(range, written.has_offset || !follows));
        Ok(range)
    }

    /// Returns the protection of a fragment: that of the init segment, unless the fragment names other keys.
    fn protection_of(&mut self, keys: &FragmentKeys) -> Rc<FileProtection> {
        if keys.kids.is_empty() {
            return Rc::clone(&self.init);
        }
        let known = self.periods.iter().find(|known| known.kids == keys.kids);
        let drms = match (keys.drms.is_empty(), known) {
            (true, Some(known)) => known.drms.clone(),
            (true, None) => self.init.drms.clone(),
            (false, known) => {
                if known.is_none() {
                    self.periods.push(keys.clone());
                }
                keys.drms.clone()
            }
        };
        Rc::new(FileProtection {
            kids: keys.kids.clone(),
            drms,
            ..(*self.init).clone()
        })
    }

    /// Inserts key lines unless they are in force; true if they were not.
    fn set_keys(&mut self, at: usize, keys: Vec<String>) -> bool {
        if keys == self.current {
            return false;
        }
        self.plan
            .edits
            .push(Edit::insert(at, end_lines(&keys, self.end)));
        self.current = keys;
        true
    }
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
    for init in inits
        .iter()
        .filter(|init| init.protection.scheme.is_some())
        // Without a default KID, the fragments may name keys and systems.
        .filter(|init| !(init.protection.kids.is_empty() && init.protection.drms.is_empty()))
    {
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
    let variables = Variables::read(lines, files.manifest_url(), &Variables::default());
    let mut seen = Vec::new();
    let mut inits = Vec::new();
    for uri in variant_uris(lines) {
        let url = files
            .manifest_url()
            .join(&variables.expand(uri.text))
            .map_err(Error::Url)?;
        if seen.contains(&url) {
            continue;
        }
        let text = match files.playlist(&url) {
            // Subtitles are clear, and may be on another server.
            Err(_) if uri.is_subtitles => continue,
            text => text?,
        };
        let lines = split_lines(&text);
        let variables = Variables::read(&lines, &url, &variables);
        for item in MediaPlaylist::read(&lines, &url, &variables)?.items {
            if let PlaylistItem::Map(map) = item {
                inits.push(NamedProtection {
                    name: file_name(&map.url),
                    protection: files.protection(&map.url)?,
                });
            }
        }
        seen.push(url);
    }
    Ok(inits)
}

/// The URI of a media playlist in a multivariant playlist.
#[derive(Debug, PartialEq, Eq)]
struct VariantUri<'t> {
    text: &'t str,
    is_subtitles: bool,
}

fn variant_uris<'t>(lines: &[PlaylistLine<'t>]) -> Vec<VariantUri<'t>> {
    let mut found = Vec::new();
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        if line.is("#EXT-X-STREAM-INF") {
            found.extend(
                lines
                    .clone()
                    .find(|line| line.is_uri())
                    .map(|line| VariantUri {
                        text: line.text,
                        is_subtitles: false,
                    }),
            );
        } else if line.is_variant() {
            found.extend(line.attribute("URI").map(|text| VariantUri {
                text,
                is_subtitles: line.attribute("TYPE") == Some("SUBTITLES"),
            }));
        }
    }
    found
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

#[cfg(test)]
mod tests;
