// SPDX-License-Identifier: MPL-2.0
//! Multivariant playlists (RFC 8216, 4.3.4).

use cenc_types::FrameRate;

use super::groups::{RenditionGroup, Renditions, is_webvtt};
use super::keys::session_keys;
use super::media::{measured_iframes, starts_with_key_frames, target_duration};
use super::tags::{Tag, playlist};
use super::{VERSION, has_iframes, iframes_name, media_name};
use crate::model::{PixelAspect, Presentation, PresentedTrack, TrackMedia, VideoRange};
use crate::writer::WriteError;
use crate::writer::bitrate::MeasuredMedia;
use crate::writer::check::check_presentation;
use crate::writer::live::playable_tracks;
use crate::writer::names::{in_folder, url_reference};

/// Writes the multivariant playlist of a presentation.
///
/// Each video track is a variant with each group of audio. Without video, the audio tracks are the variants. BANDWIDTH is the sum of the
/// largest peaks that can play together, AVERAGE-BANDWIDTH that of the averages (4.3.4.2), which is left out if the model states the peak
/// of one of the tracks. CODECS has those of all parts, the other attributes are those of the newest part.
///
/// Of a live presentation, it names the tracks that have segments where clients start: three segments before the end.
///
/// # Errors
/// [`WriteError`] if the model is not possible, for text alone, and for a scheme that HLS cannot name.
pub fn multivariant(presentation: &Presentation) -> Result<String, WriteError> {
    check_presentation(presentation)?;
    let tracks = playable_tracks(presentation);
    let audio = Renditions::of_audio(&tracks);
    let text = Renditions::of_text(&tracks);
    let is_video = |track: &&PresentedTrack| matches!(track.media, TrackMedia::Video { .. });
    let videos: Vec<&PresentedTrack> = tracks.iter().copied().filter(is_video).collect();
    if videos.is_empty() && audio.groups.is_empty() {
        return Err(WriteError::OnlyText);
    }
    let mut lines = vec!["#EXTM3U".to_owned(), format!("#EXT-X-VERSION:{VERSION}")];
    if tracks.iter().copied().all(starts_with_key_frames) {
        lines.push("#EXT-X-INDEPENDENT-SEGMENTS".to_owned());
    }
    lines.extend(session_keys(presentation)?);
    let has_audio_groups =
        !videos.is_empty() || audio.groups.iter().any(|group| group.members.len() > 1);
    if has_audio_groups {
        lines.extend(audio.lines());
    }
    lines.extend(text.lines());
    let target = target_duration(presentation);
    for variant in variants(&videos, &audio, &text, has_audio_groups) {
        lines.extend(variant.lines(target));
    }
    lines.extend(
        videos
            .iter()
            .filter(|track| has_iframes(track))
            .map(|track| iframe_line(track)),
    );
    Ok(playlist(&lines))
}

/// A variant stream.
struct Variant<'p> {
    /// The track whose playlist the variant names.
    main: &'p PresentedTrack,
    /// The group that plays with it.
    audio: Option<&'p RenditionGroup<'p>>,
    /// False for an audio group without EXT-X-MEDIA.
    names_audio: bool,
    text: Option<&'p RenditionGroup<'p>>,
}

fn variants<'p>(
    videos: &[&'p PresentedTrack],
    audio: &'p Renditions<'p>,
    text: &'p Renditions<'p>,
    names_audio: bool,
) -> Vec<Variant<'p>> {
    let text = text.groups.first();
    let variant = |main, audio| Variant {
        main,
        audio,
        names_audio,
        text,
    };
    if videos.is_empty() {
        return audio
            .groups
            .iter()
            .filter_map(|group| Some(variant(audio.default_member(group)?.track, Some(group))))
            .collect();
    }
    if audio.groups.is_empty() {
        return videos.iter().map(|video| variant(video, None)).collect();
    }
    audio
        .groups
        .iter()
        .flat_map(|group| videos.iter().map(move |video| variant(video, Some(group))))
        .collect()
}

impl Variant<'_> {
    fn lines(&self, target_duration: u64) -> [String; 2] {
        let picture = Picture::of(self.main);
        let is_video = picture.is_some();
        let named_audio = self.audio.filter(|_| self.names_audio);
        let tag = Tag::new("#EXT-X-STREAM-INF:")
            .plain(
                "BANDWIDTH",
                self.sum(|media| media.hls_peak(target_duration)),
            )
            .optional(
                "AVERAGE-BANDWIDTH",
                self.is_measured().then(|| self.sum(MeasuredMedia::average)),
            )
            .quoted("CODECS", &self.codecs())
            .optional("RESOLUTION", picture.as_ref().map(Picture::resolution))
            .optional("FRAME-RATE", picture.as_ref().and_then(Picture::frame_rate))
            .optional("VIDEO-RANGE", picture.as_ref().and_then(Picture::range))
            .optional_quoted("AUDIO", named_audio.map(|group| group.id.as_str()))
            .optional_quoted("SUBTITLES", self.text.map(|group| group.id.as_str()))
            .optional("CLOSED-CAPTIONS", is_video.then_some("NONE"));
        [
            tag.into_line(),
            url_reference(&in_folder(self.main, &media_name(self.main))),
        ]
    }

    /// Sums a rate over the tracks that can play together, with the largest of each group.
    fn sum(&self, rate: impl Fn(&MeasuredMedia) -> u64) -> u64 {
        let rate = |track: &PresentedTrack| rate(&MeasuredMedia::of_track(track));
        let main = match self.main.media {
            TrackMedia::Video { .. } => rate(self.main),
            // The group has it too.
            TrackMedia::Audio { .. } | TrackMedia::Text => 0,
        };
        let groups = self.audio.into_iter().chain(self.text);
        groups.fold(main, |sum, group| {
            let largest = group.members.iter().map(|member| rate(member.track)).max();
            sum.saturating_add(largest.unwrap_or_default())
        })
    }

    /// True if no track states a bit rate, so that the averages are known.
    fn is_measured(&self) -> bool {
        self.tracks().all(|track| track.bandwidth.is_none())
    }

    /// Returns all tracks that the variant can play.
    fn tracks(&self) -> impl Iterator<Item = &PresentedTrack> {
        let groups = self.audio.into_iter().chain(self.text);
        let members = groups.flat_map(|group| group.members.iter().map(|member| member.track));
        std::iter::once(self.main).chain(members)
    }

    /// Returns the codecs of all tracks that the variant can play, each once.
    fn codecs(&self) -> String {
        let mut codecs: Vec<&str> = Vec::new();
        for track in self.tracks().filter(|track| !is_webvtt(track)) {
            add_codecs(&mut codecs, track);
        }
        codecs.join(",")
    }
}

/// Adds the codecs of all parts of a track that are not there yet.
fn add_codecs<'p>(codecs: &mut Vec<&'p str>, track: &'p PresentedTrack) {
    for part in track.parts() {
        if !codecs.contains(&part.codecs) {
            codecs.push(part.codecs);
        }
    }
}

fn iframe_line(track: &PresentedTrack) -> String {
    let measured = measured_iframes(track);
    let mut codecs = Vec::new();
    add_codecs(&mut codecs, track);
    let picture = Picture::of(track);
    Tag::new("#EXT-X-I-FRAME-STREAM-INF:")
        .plain("BANDWIDTH", measured.hls_peak(measured.target_duration()))
        .optional(
            "AVERAGE-BANDWIDTH",
            track
                .key_frame_bandwidth
                .is_none()
                .then(|| measured.average()),
        )
        .quoted("CODECS", &codecs.join(","))
        .optional("RESOLUTION", picture.as_ref().map(Picture::resolution))
        .optional("VIDEO-RANGE", picture.as_ref().and_then(Picture::range))
        .quoted(
            "URI",
            &url_reference(&in_folder(track, &iframes_name(track))),
        )
        .into_line()
}

/// The pictures of a video track.
struct Picture {
    width: u32,
    height: u32,
    rate: Option<FrameRate>,
    pixel: Option<PixelAspect>,
    range: Option<VideoRange>,
}

impl Picture {
    fn of(track: &PresentedTrack) -> Option<Self> {
        match track.newest_media() {
            TrackMedia::Video {
                width,
                height,
                frame_rate,
                pixel_aspect,
                range,
            } => Some(Self {
                width,
                height,
                rate: frame_rate,
                pixel: pixel_aspect,
                range,
            }),
            TrackMedia::Audio { .. } | TrackMedia::Text => None,
        }
    }

    /// Returns RESOLUTION: the size in square pixels.
    fn resolution(&self) -> String {
        let width = self.pixel.map_or(u64::from(self.width), |pixel| {
            let vertical = u64::from(pixel.vertical);
            (u64::from(self.width) * u64::from(pixel.horizontal) + vertical / 2) / vertical
        });
        format!("{width}x{}", self.height)
    }

    /// Returns FRAME-RATE, rounded to three decimals.
    fn frame_rate(&self) -> Option<String> {
        let rate = self.rate?;
        let denominator = u64::from(rate.denominator);
        let thousandths = (u64::from(rate.numerator) * 1000 + denominator / 2) / denominator;
        Some(format!("{}.{:03}", thousandths / 1000, thousandths % 1000))
    }

    fn range(&self) -> Option<&'static str> {
        self.range.map(|range| match range {
            VideoRange::Sdr => "SDR",
            VideoRange::Hlg => "HLG",
            VideoRange::Pq => "PQ",
        })
    }
}
