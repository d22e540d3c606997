// SPDX-License-Identifier: MPL-2.0
//! Rendition groups (RFC 8216, 4.3.4.1): audio of one encoding in all its languages and purposes, and all subtitles.
//!
//! All groups of one type have the same members with the same names (4.3.4.1.1). A group that lacks one gets it from another encoding.

use super::media_name;
use super::tags::Tag;
use crate::model::{ChannelLayout, PresentedTrack, Role, TrackFiles, TrackMedia};
use crate::writer::bitrate::MeasuredMedia;
use crate::writer::dash::codec_family;
use crate::writer::names::{in_folder, url_reference};

/// A group of renditions.
#[derive(Debug)]
pub(super) struct RenditionGroup<'p> {
    /// GROUP-ID.
    pub id: String,
    /// At least one.
    pub members: Vec<RenditionMember<'p>>,
}

/// A member of a group.
#[derive(Debug)]
pub(super) struct RenditionMember<'p> {
    pub track: &'p PresentedTrack,
    /// The index of what it has in common with those of other groups.
    rendition: usize,
}

/// A choice of the user: a language and a purpose.
#[derive(Debug)]
pub(super) struct Rendition<'p> {
    track: &'p PresentedTrack,
    /// NAME, unique.
    name: String,
    is_default: bool,
    is_autoselected: bool,
}

/// The renditions of one type with their groups.
#[derive(Debug, Default)]
pub(super) struct Renditions<'p> {
    renditions: Vec<Rendition<'p>>,
    pub groups: Vec<RenditionGroup<'p>>,
}

/// The properties that the members of a group have in common.
#[derive(Debug, PartialEq, Eq)]
struct Encoding<'p> {
    codec: &'p str,
    channels: Option<String>,
}

impl<'p> Encoding<'p> {
    fn of(track: &'p PresentedTrack) -> Self {
        Self {
            codec: codec_family(track.newest_codecs()),
            channels: channels(track),
        }
    }
}

/// The properties by which players select a rendition.
#[derive(Debug, PartialEq, Eq)]
struct Selection<'p> {
    language: Option<&'p str>,
    is_forced: bool,
    characteristics: Option<&'static str>,
}

impl<'p> Selection<'p> {
    fn of(track: &'p PresentedTrack) -> Self {
        Self {
            language: track.language.as_deref(),
            is_forced: track.roles.contains(&Role::ForcedSubtitle),
            characteristics: characteristics(track),
        }
    }
}

impl<'p> Renditions<'p> {
    /// Divides the audio tracks into groups by encoding and quality.
    pub(super) fn of_audio(tracks: &[&'p PresentedTrack]) -> Self {
        let mut tracks = tracks.to_vec();
        tracks.retain(|track| matches!(track.media, TrackMedia::Audio { .. }));
        let renditions = choose_renditions(&tracks);
        let mut encodings: Vec<Encoding<'_>> = Vec::new();
        for track in &tracks {
            let encoding = Encoding::of(track);
            if !encodings.contains(&encoding) {
                encodings.push(encoding);
            }
        }
        let mut groups = Vec::new();
        for wanted in &encodings {
            let qualities: Vec<Vec<&PresentedTrack>> = renditions
                .iter()
                .map(|rendition| qualities(&tracks, rendition, wanted))
                .collect();
            for rank in 0..qualities.iter().map(Vec::len).max().unwrap_or_default() {
                let members = renditions.iter().zip(&qualities).enumerate();
                groups.push(RenditionGroup {
                    id: format!("audio-{}", groups.len() + 1),
                    members: members
                        .map(|(index, (rendition, qualities))| RenditionMember {
                            track: qualities
                                .get(rank)
                                .or(qualities.last())
                                .unwrap_or(&rendition.track),
                            rendition: index,
                        })
                        .collect(),
                });
            }
        }
        Self { renditions, groups }
    }

    /// Makes one group of all text tracks.
    pub(super) fn of_text(tracks: &[&'p PresentedTrack]) -> Self {
        let mut tracks = tracks.to_vec();
        tracks.retain(|track| matches!(track.media, TrackMedia::Text));
        if tracks.is_empty() {
            return Self::default();
        }
        let mut renditions: Vec<Rendition<'p>> = Vec::new();
        for track in tracks {
            add_rendition(&mut renditions, track, false);
        }
        let members = renditions.iter().enumerate();
        let group = RenditionGroup {
            id: "text".to_owned(),
            members: members
                .map(|(index, rendition)| RenditionMember {
                    track: rendition.track,
                    rendition: index,
                })
                .collect(),
        };
        Self {
            groups: vec![group],
            renditions,
        }
    }

    /// Returns the EXT-X-MEDIA lines of all groups.
    pub(super) fn lines(&self) -> Vec<String> {
        self.groups
            .iter()
            .flat_map(|group| {
                group
                    .members
                    .iter()
                    .filter_map(|member| self.line(group, member))
            })
            .collect()
    }

    /// Returns the member of a group with which players start.
    pub(super) fn default_member<'g>(
        &self,
        group: &'g RenditionGroup<'p>,
    ) -> Option<&'g RenditionMember<'p>> {
        let is_default = |member: &&RenditionMember<'_>| {
            self.renditions
                .get(member.rendition)
                .is_some_and(|rendition| rendition.is_default)
        };
        group
            .members
            .iter()
            .find(is_default)
            .or(group.members.first())
    }

    fn line(&self, group: &RenditionGroup<'_>, member: &RenditionMember<'_>) -> Option<String> {
        let rendition = self.renditions.get(member.rendition)?;
        let track = member.track;
        let is_text = matches!(track.media, TrackMedia::Text);
        let yes_or_no = |is: bool| if is { "YES" } else { "NO" };
        let kind = if is_text { "SUBTITLES" } else { "AUDIO" };
        let is_forced = track.roles.contains(&Role::ForcedSubtitle);
        Some(
            Tag::new("#EXT-X-MEDIA:")
                .plain("TYPE", kind)
                .quoted("GROUP-ID", &group.id)
                .quoted("NAME", &rendition.name)
                .optional_quoted("LANGUAGE", track.language.as_deref())
                .plain("DEFAULT", yes_or_no(rendition.is_default))
                .plain("AUTOSELECT", yes_or_no(rendition.is_autoselected))
                .optional("FORCED", (is_text && is_forced).then_some("YES"))
                .optional_quoted("CHARACTERISTICS", characteristics(track))
                .optional_quoted("CHANNELS", channels(track).as_deref())
                .quoted("URI", &url_reference(&in_folder(track, &media_name(track))))
                .into_line(),
        )
    }
}

/// Returns the renditions of audio tracks, each once; one of them is the default.
fn choose_renditions<'p>(tracks: &[&'p PresentedTrack]) -> Vec<Rendition<'p>> {
    let mut renditions: Vec<Rendition<'p>> = Vec::new();
    for track in tracks {
        if !renditions
            .iter()
            .any(|known| is_same_choice(known.track, track))
        {
            add_rendition(&mut renditions, track, true);
        }
    }
    if !renditions.iter().any(|rendition| rendition.is_default)
        && let Some(first) = renditions.first_mut()
    {
        first.is_default = true;
        first.is_autoselected = true;
    }
    renditions
}

fn add_rendition<'p>(
    renditions: &mut Vec<Rendition<'p>>,
    track: &'p PresentedTrack,
    is_audio: bool,
) {
    let is_default = track.roles.contains(&Role::Main)
        && !renditions.iter().any(|rendition| rendition.is_default);
    let is_other = |role: &Role| matches!(role, Role::Alternate | Role::Commentary);
    // Members with AUTOSELECT=YES differ in language, FORCED or CHARACTERISTICS (RFC 8216, 4.3.4.1.1).
    let is_distinct = !renditions
        .iter()
        .any(|known| known.is_autoselected && Selection::of(known.track) == Selection::of(track));
    let is_autoselected = is_default || (is_distinct && !track.roles.iter().any(is_other));
    renditions.push(Rendition {
        track,
        name: unique_name(renditions, track, is_audio),
        is_default,
        is_autoselected,
    });
}

/// Returns the label, the language or the kind, with a number if another rendition has this name.
fn unique_name(renditions: &[Rendition<'_>], track: &PresentedTrack, is_audio: bool) -> String {
    let kind = if is_audio { "Audio" } else { "Text" };
    let base = track
        .label
        .as_deref()
        .or(track.language.as_deref())
        .unwrap_or(kind);
    let is_free = |name: &str| !renditions.iter().any(|known| known.name == name);
    std::iter::once(base.to_owned())
        .chain((2..).map(|number| format!("{base} {number}")))
        .find(|name| is_free(name))
        .unwrap_or_default()
}

fn is_same_choice(one: &PresentedTrack, other: &PresentedTrack) -> bool {
    one.language == other.language && one.label == other.label && one.roles == other.roles
}

/// Returns the tracks of a rendition in an encoding, the best first.
fn qualities<'p>(
    tracks: &[&'p PresentedTrack],
    rendition: &Rendition<'p>,
    wanted: &Encoding<'_>,
) -> Vec<&'p PresentedTrack> {
    let mut found: Vec<&PresentedTrack> = tracks
        .iter()
        .copied()
        .filter(|track| is_same_choice(track, rendition.track) && Encoding::of(track) == *wanted)
        .collect();
    found.sort_by_key(|track| std::cmp::Reverse(MeasuredMedia::of_track(track).nominal()));
    found
}

/// Returns CHANNELS: the number, and for Dolby Atmos in E-AC-3 the complexity with JOC.
fn channels(track: &PresentedTrack) -> Option<String> {
    match track.newest_media() {
        TrackMedia::Audio {
            layout:
                Some(ChannelLayout::Dolby {
                    joc_complexity: Some(complexity),
                    ..
                }),
            ..
        } => Some(format!("{complexity}/JOC")),
        TrackMedia::Audio { channels, .. } => Some(channels.to_string()),
        TrackMedia::Video { .. } | TrackMedia::Text => None,
    }
}

/// Returns CHARACTERISTICS of tracks for people who do not see or hear.
fn characteristics(track: &PresentedTrack) -> Option<&'static str> {
    match track.media {
        TrackMedia::Audio { .. } if track.roles.contains(&Role::Description) => {
            Some("public.accessibility.describes-video")
        }
        TrackMedia::Text if track.roles.contains(&Role::Caption) => Some(
            "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound",
        ),
        TrackMedia::Video { .. } | TrackMedia::Audio { .. } | TrackMedia::Text => None,
    }
}

/// True if a track is a file that HLS needs no codecs parameter for.
pub(super) const fn is_webvtt(track: &PresentedTrack) -> bool {
    matches!(track.files, TrackFiles::WebVtt { .. })
}
