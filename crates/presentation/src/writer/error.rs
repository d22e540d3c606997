// SPDX-License-Identifier: MPL-2.0
//! Errors of writing manifests.

use cenc_types::Scheme;

/// Errors of writing a manifest from a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The presentation is empty.
    #[error("the presentation has no track: add one")]
    NoTracks,
    /// Two tracks or playlists would have one name.
    #[error("two tracks have the name {0}, or one has the name of another's playlist: rename one")]
    DuplicateName(String),
    /// A value of a track is not possible.
    #[error("track {track}: {fault}")]
    Track {
        /// The name of the track.
        track: String,
        /// The fault, with the remedy.
        fault: &'static str,
    },
    /// A language is not a language tag.
    #[error(
        "track {track}: {language:?} is not a language tag of RFC 5646: give one such as en or pt-BR"
    )]
    Language {
        /// The name of the track.
        track: String,
        /// The language.
        language: String,
    },
    /// A multivariant playlist needs video or audio.
    #[error("HLS needs a video or audio track, but all tracks are text: add one, or write an MPD")]
    OnlyText,
    /// None of the DRM systems of a track has a form in the manifest's format.
    #[error(
        "{format} can name none of the DRM systems of track {track}: add playready to the systems"
    )]
    NoSystem {
        /// The format.
        format: &'static str,
        /// The name of the track.
        track: String,
    },
    /// A track has no key frames that can be listed.
    #[error(
        "track {0} has no segment that starts with a key frame: write no I-frame playlist for it"
    )]
    NoKeyFrames(String),
    /// Smooth Streaming has no name for a codec.
    #[error(
        "track {track}: Smooth Streaming has no name for its codec {codecs:?}: leave the track out of that manifest, or write an MPD"
    )]
    SmoothCodec {
        /// The name of the track.
        track: String,
        /// Its codecs parameter.
        codecs: String,
    },
    /// Clients of Smooth Streaming decrypt one scheme only.
    #[error(
        "track {track}: Smooth Streaming takes the scheme cenc only, not {scheme}: protect with cenc"
    )]
    SmoothScheme {
        /// The name of the track.
        track: String,
        /// Its scheme.
        scheme: Scheme,
    },
    /// Qualities of one stream have other fragments.
    #[error(
        "tracks {other} and {track} are qualities of one stream, but have other fragments: cut them at the same times, with one timescale"
    )]
    SmoothBoundaries {
        /// The name of the track.
        track: String,
        /// The name of the first track of the stream.
        other: String,
    },
    /// The key of a track changes, which a client manifest has no element for.
    #[error(
        "track {0}: clients of Smooth Streaming follow a key change only with an ONDEMAND header and licences in the fragments: use one key"
    )]
    SmoothKeyChange(String),
    /// The times of a live presentation are not possible.
    #[error("the live presentation: {0}")]
    Live(&'static str),
    /// A live presentation has no segment in any of its Periods.
    #[error("no Period of the live presentation has a segment: write the MPD once one has")]
    NoPeriods,
    /// A segment is longer than the target duration, which cannot change.
    #[error(
        "track {track}: a segment of {seconds} s is longer than the target duration of {target} s, which must not change while the presentation is live: let the encoder make key frames more often, or start again with a longer segment duration"
    )]
    LongSegment {
        /// The name of the track.
        track: String,
        /// The length of its longest segment, rounded to seconds.
        seconds: u64,
        /// EXT-X-TARGETDURATION, in seconds.
        target: u64,
    },
    /// A live I-frame playlist would skip a segment.
    #[error(
        "track {0}: a segment does not start with a key frame, so that the entries of a live I-frame playlist cannot be numbered: give none of its segments a key frame"
    )]
    LiveKeyFrames(String),
    /// A live presentation has no client manifest.
    #[error(
        "Smooth Streaming is written on demand only: write an MPD or playlists for the live presentation"
    )]
    SmoothLive,
    /// The format cannot express the protection.
    #[error(transparent)]
    Drm(#[from] drm_signaling::Error),
}
