// SPDX-License-Identifier: MPL-2.0
//! The model of a presentation, from which its manifests are written: tracks, their segments, and the keys of these.

mod language;
mod live;

use std::ops::Range;
use std::time::Duration;

use cenc_types::{FrameRate, KeyId, Scheme};
use drm_signaling::Drm;

use super::ByteRange;
pub use language::is_language_tag;
pub use live::{LivePeriod, LiveTimes};

/// A presentation: tracks that play together, with media times that all count from 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Presentation {
    /// Its tracks. Of several video tracks, and of several audio tracks in one language, a player chooses one.
    pub tracks: Vec<PresentedTrack>,
    /// The DRM systems with the KIDs of all tracks, for the places that serve the whole presentation: EXT-X-SESSION-KEY and the
    /// ProtectionHeader of Smooth Streaming. Empty if all tracks are clear.
    pub drms: Vec<Drm>,
    /// None if the presentation is on demand: complete, and all its segments listed.
    pub live: Option<LiveTimes>,
}

/// A track of a presentation: one file, or an init segment with media segments.
#[derive(Debug, Clone, PartialEq)]
pub struct PresentedTrack {
    /// The name, unique in the presentation. Its files and playlists have this name, and a Representation has it as `id`.
    pub name: String,
    /// The kind of media of the first part, with the properties of that kind.
    pub media: TrackMedia,
    /// The codecs parameter of the first part (RFC 6381); empty for a WebVTT file.
    pub codecs: String,
    /// The language by RFC 5646; None if it is not known.
    pub language: Option<String>,
    /// A name for the menu of a player.
    pub label: Option<String>,
    /// Its purposes.
    pub roles: Vec<Role>,
    /// The folder of its files and playlists, relative to the manifests that name all tracks; None if they are beside those.
    pub folder: Option<String>,
    /// Its files.
    pub files: TrackFiles,
    /// Ticks per second of the times in `segments`. Not 0.
    pub timescale: u32,
    /// Its segments in the order of time, without gaps in the file. Empty for a WebVTT file. In a live presentation, those that are
    /// listed now, which may be none.
    pub segments: Vec<Segment>,
    /// The number in the name of the first of `segments`: 1 on demand; in a live presentation, 1 more than the number of segments that
    /// are not listed any more.
    pub first_number: u64,
    /// The number of discontinuities before the first part, with the one at its start: 0 on demand. A caller that takes a part away adds
    /// those of the parts up to the new first one.
    pub discontinuities: u64,
    /// The length of the whole track. Not used in a live presentation.
    pub duration: Duration,
    /// The peak bit rate in bits per second, for `@bandwidth` and BANDWIDTH; None to measure it from `segments`. In a live presentation
    /// it should be given, since the measured rates differ from update to update.
    pub bandwidth: Option<u32>,
    /// As `bandwidth`, of the key frames alone, each until the next: for the I-frame playlist.
    pub key_frame_bandwidth: Option<u32>,
    /// The number of the Period of the first part, as in [`LaterPart::period`].
    pub period: u64,
    /// None for a clear track, or a clear first part.
    pub protection: Option<TrackSignaling>,
    /// The parts after the first one, each with an init segment of its own. `files` and `protection` are those of the first part; if they
    /// name single files, each part is one.
    pub later_parts: Vec<LaterPart>,
    /// True if no segment follows although the live presentation goes on: the playlists of the track end. Not used on demand.
    pub is_ended: bool,
    /// The codec as Smooth Streaming names it; None if it has no name for the codec, or no Smooth manifest is written.
    pub smooth: Option<SmoothCodec>,
}

/// A part of a track that is described by an init segment of its own, since its protection or its encoding differs from that of the part
/// before.
#[derive(Debug, Clone, PartialEq)]
pub struct LaterPart {
    /// Index of its first segment. In a live presentation a part may have no segments, since all of them left or none came yet: then
    /// it has the index of the next part, or of the end.
    pub first_segment: usize,
    /// The number of its Period. On demand, it is the index of the part in the track; in a live presentation, that of a [`LivePeriod`],
    /// larger than that of the part before. A part whose Period is not listed yet is in the playlists, but not in the MPD.
    pub period: u64,
    /// The number of discontinuities since the part before: of times at which the timestamps did not go on, such as after a new start of an
    /// encoder. Each is an EXT-X-DISCONTINUITY, so that a track that missed some has the same sequence numbers as the others. An MPD has a
    /// Period for each part anyway.
    pub discontinuities: u64,
    /// Its kind of media, which may have other properties than that of the part before if it is a discontinuity.
    pub media: TrackMedia,
    /// Its codecs parameter, which may differ as `media` may.
    pub codecs: String,
    /// Its files. The names of its segments count from the first segment of the track.
    pub files: TrackFiles,
    /// None if it is clear.
    pub protection: Option<TrackSignaling>,
}

/// A part of a track.
#[derive(Debug, Clone)]
pub struct TrackPart<'t> {
    /// The indices of its segments.
    pub segments: Range<usize>,
    /// The number of its Period.
    pub period: u64,
    /// The number of discontinuities since the part before.
    pub discontinuities: u64,
    /// Its kind of media.
    pub media: TrackMedia,
    /// Its codecs parameter.
    pub codecs: &'t str,
    /// Its files.
    pub files: &'t TrackFiles,
    /// None if it is clear.
    pub protection: Option<&'t TrackSignaling>,
}

impl PresentedTrack {
    /// Returns the parts in the order of time: a part for each init segment.
    pub fn parts(&self) -> impl Iterator<Item = TrackPart<'_>> {
        let later_parts = || self.later_parts.iter();
        let ends = later_parts()
            .map(|part| part.first_segment)
            .chain([self.segments.len()]);
        let first = TrackPart {
            segments: 0..0,
            period: self.period,
            discontinuities: 0,
            media: self.media,
            codecs: &self.codecs,
            files: &self.files,
            protection: self.protection.as_ref(),
        };
        let later = later_parts().map(|part| TrackPart {
            segments: part.first_segment..part.first_segment,
            period: part.period,
            discontinuities: part.discontinuities,
            media: part.media,
            codecs: &part.codecs,
            files: &part.files,
            protection: part.protection.as_ref(),
        });
        std::iter::once(first)
            .chain(later)
            .zip(ends)
            .map(|(part, end)| TrackPart {
                segments: part.segments.start..end,
                ..part
            })
    }

    /// Returns the kind of media of the last part, which clients play now.
    pub(crate) fn newest_media(&self) -> TrackMedia {
        self.later_parts
            .last()
            .map_or(self.media, |part| part.media)
    }

    /// Returns the codecs parameter of the last part.
    pub(crate) fn newest_codecs(&self) -> &str {
        self.later_parts
            .last()
            .map_or(&self.codecs, |part| &part.codecs)
    }

    /// Returns the signaling of the first protected part; None for a clear track.
    pub fn first_protection(&self) -> Option<&TrackSignaling> {
        self.parts().find_map(|part| part.protection)
    }
}

/// The codec of a track in a Smooth Streaming manifest (MS-SSTR, 2.2.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmoothCodec {
    /// Such as `H264`, `AVC1`, `HVC1`, `AACL`, `EC-3` or `TTML`.
    pub four_cc: String,
    /// CodecPrivateData: for video the parameter sets, each after a start code of four bytes; for AAC the AudioSpecificConfig. Empty for
    /// text.
    pub private_data: Vec<u8>,
}

/// The kind of media of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackMedia {
    /// Pictures.
    Video {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Pictures per second; None if the durations of the samples differ.
        frame_rate: Option<FrameRate>,
        /// The shape of a pixel; None if it is not known, which means square.
        pixel_aspect: Option<PixelAspect>,
        /// The range of brightness; None if it is not known.
        range: Option<VideoRange>,
    },
    /// Sound.
    Audio {
        /// Samples per second.
        sampling_rate: u32,
        /// The number of channels, at least 1.
        channels: u16,
        /// Their places; None if only the number is known.
        layout: Option<ChannelLayout>,
    },
    /// Subtitles or captions.
    Text,
}

/// The shape of a pixel: its width to its height, as in `pasp`. Neither is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelAspect {
    /// The width.
    pub horizontal: u32,
    /// The height.
    pub vertical: u32,
}

/// The range of brightness: the values of VIDEO-RANGE (RFC 8216bis, 4.4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoRange {
    /// Standard range.
    Sdr,
    /// Hybrid log-gamma: TransferCharacteristics 18 of ISO/IEC 23091-2.
    Hlg,
    /// Perceptual quantizer: TransferCharacteristics 16.
    Pq,
}

/// The places of the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelLayout {
    /// ChannelConfiguration of ISO/IEC 23091-3.
    Cicp(u8),
    /// Of AC-3 and E-AC-3.
    Dolby {
        /// The channels as bits: Table E.5 of ETSI TS 102 366, from the left channel in the most significant bit.
        channel_map: u16,
        /// Complexity index of Dolby Atmos (ETSI TS 103 420); None without it.
        joc_complexity: Option<u8>,
    },
    /// Of AC-4: the 24 bits of `dac4_presentation_channel_mask` (ETSI TS 103 190-2, G.3).
    Ac4(u32),
}

/// The purpose of a track: a value of `urn:mpeg:dash:role:2011` (ISO/IEC 23009-1, 5.8.5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The main track.
    Main,
    /// An alternative to the main track.
    Alternate,
    /// Commentary.
    Commentary,
    /// Dubbed sound.
    Dub,
    /// A description of the pictures for people who do not see them.
    Description,
    /// Text in another language.
    Subtitle,
    /// Text for people who do not hear the sound.
    Caption,
    /// Text that is always shown, such as the translation of signs.
    ForcedSubtitle,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 8] = [
        Self::Main,
        Self::Alternate,
        Self::Commentary,
        Self::Dub,
        Self::Description,
        Self::Subtitle,
        Self::Caption,
        Self::ForcedSubtitle,
    ];
}

/// The files of a track. Their names are relative to its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackFiles {
    /// An init segment, and a file for each media segment.
    Segments {
        /// The name of the init segment.
        init: String,
        /// The name of the media segments, with `$Number$` or `$Number%05d$` as in DASH. The first number is that of the track.
        media: String,
    },
    /// One file: init segment, `sidx`, media segments.
    Single {
        /// Its name.
        name: String,
        /// The bytes of the init segment.
        init: ByteRange,
        /// The bytes of the `sidx`.
        index: ByteRange,
    },
    /// A WebVTT file.
    WebVtt {
        /// Its name.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// For each Period of an MPD after the first, the name of a file with the texts of the Period, whose times count from its start.
        later_periods: Vec<String>,
    },
}

/// A media segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its earliest presentation time, in ticks.
    pub start: u64,
    /// Its length, in ticks.
    pub duration: u64,
    /// Its bytes in its file. In a file of its own it starts at 0.
    pub bytes: ByteRange,
    /// The type of the stream access point at its start (ISO/IEC 14496-12, Annex I), as in `sidx`; 0 if it starts with none.
    pub sap_type: u8,
    /// The bytes in the same file up to the end of its first sample, if this is a sync sample of a video track.
    pub key_frame: Option<ByteRange>,
}

/// The signaling of a protected track.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackSignaling {
    /// The scheme.
    pub scheme: Scheme,
    /// The KID in `tenc`.
    pub default_kid: KeyId,
    /// The DRM systems at the start of the track. Their lists of KIDs have one order in all tracks, so that clients see equal headers;
    /// an HLS playlist moves the track's own KID to the front.
    pub drms: Vec<Drm>,
    /// The key changes within the segments. Empty if one key protects the track. In a live presentation, those that are listed now, after
    /// the change to the key of the first segment, at index 0, if the segment where that key began has left.
    pub key_changes: Vec<KeyChange>,
    /// True if `key_changes` are to come, or have left a live presentation: an MPD names systems without keys if the key changes within
    /// the segments, and must do so from the start. On demand, `key_changes` say it.
    pub expects_changes: bool,
    /// Index of the first protected segment of the track; more than 0 after a clear lead, and beyond the last one before its end.
    pub first_protected: usize,
}

/// A change of the key within a track, signaled in its segments.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyChange {
    /// Index of the first segment with the new key.
    pub segment: usize,
    /// The new KID.
    pub kid: KeyId,
    /// The DRM systems with the new key. Manifests say nothing of the change to a system whose signaling is that of the track.
    pub drms: Vec<Drm>,
}
