// SPDX-License-Identifier: MPL-2.0
//! Models for the tests.

use std::time::Duration;

use cenc_types::{FrameRate, KeyId, Scheme};
use drm_signaling::{Drm, DrmContent, PlayReadyContent, System};
use playready_header::{HeaderFields, KeyIds};
use presentation::ByteRange;
use presentation::model::{
    ChannelLayout, KeyChange, PixelAspect, PresentedTrack, Role, Segment, TrackFiles, TrackMedia,
    TrackSignaling, VideoRange,
};

/// The form of the files of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Segments,
    Single,
}

/// Returns a KID of equal bytes.
pub fn kid(byte: u8) -> KeyId {
    KeyId::from_bytes([byte; 16])
}

/// Returns PlayReady, Widevine, the common system and Clear Key for KIDs.
pub fn drms(scheme: Scheme, kids: &[KeyId]) -> Vec<Drm> {
    let content = || DrmContent {
        kids,
        scheme,
        content_id: None,
        playready: PlayReadyContent {
            header: HeaderFields {
                key_ids: KeyIds::for_mode(
                    scheme.cipher_mode(),
                    kids.iter().map(|kid| (*kid, None)),
                ),
                ..HeaderFields::default()
            },
            ..PlayReadyContent::default()
        },
        clear_key_url: Some("https://keys.example/clear?a=1&b=2"),
    };
    [
        System::PlayReady,
        System::Widevine,
        System::Common,
        System::ClearKey,
    ]
    .map(|system| system.signal(&content()).expect("valid KIDs"))
    .into()
}

/// Returns the signaling of a track under one of all keys.
pub fn signaling(scheme: Scheme, own: KeyId, all: &[KeyId]) -> TrackSignaling {
    TrackSignaling {
        scheme,
        default_kid: own,
        drms: drms(scheme, all),
        key_changes: Vec::new(),
        expects_changes: false,
        first_protected: 0,
    }
}

/// Returns the change to a key at a segment.
pub fn change(scheme: Scheme, segment: usize, kid: KeyId) -> KeyChange {
    KeyChange {
        segment,
        kid,
        drms: drms(scheme, &[kid]),
    }
}

/// Returns `count` segments of `duration` ticks; the first has `first_bytes`, each other 1000 bytes more than the one before.
pub fn segments(
    form: Form,
    count: u64,
    duration: u64,
    first_bytes: u64,
    has_key_frames: bool,
) -> Vec<Segment> {
    let mut position = 1000;
    (0..count)
        .map(|index| {
            let start = match form {
                Form::Segments => 0,
                Form::Single => position,
            };
            let bytes = ByteRange {
                start,
                end: start + first_bytes + 1000 * index,
            };
            position = bytes.end;
            Segment {
                start: index * duration,
                duration,
                bytes,
                sap_type: 1,
                key_frame: has_key_frames.then_some(ByteRange {
                    start,
                    end: start + 500,
                }),
            }
        })
        .collect()
}

fn files(form: Form, name: &str) -> TrackFiles {
    match form {
        Form::Segments => TrackFiles::Segments {
            init: format!("{name}-init.mp4"),
            media: format!("{name}-$Number%05d$.m4s"),
        },
        Form::Single => TrackFiles::Single {
            name: format!("{name}.mp4"),
            init: ByteRange { start: 0, end: 800 },
            index: ByteRange {
                start: 800,
                end: 1000,
            },
        },
    }
}

/// Returns a clear video track of 5 segments of 4.004 s.
pub fn video(form: Form, name: &str, width: u32, height: u32) -> PresentedTrack {
    PresentedTrack {
        name: name.to_owned(),
        media: TrackMedia::Video {
            width,
            height,
            frame_rate: Some(FrameRate {
                numerator: 30000,
                denominator: 1001,
            }),
            pixel_aspect: Some(PixelAspect {
                horizontal: 1,
                vertical: 1,
            }),
            range: Some(VideoRange::Sdr),
        },
        codecs: "avc1.64001f".to_owned(),
        language: None,
        label: None,
        roles: Vec::new(),
        files: files(form, name),
        timescale: 30000,
        segments: segments(form, 5, 120_120, u64::from(width) * 1000, true),
        first_number: 1,
        discontinuities: 0,
        duration: Duration::from_micros(20_020_000),
        bandwidth: None,
        key_frame_bandwidth: None,
        period: 0,
        protection: None,
        later_parts: Vec::new(),
        is_ended: false,
        folder: None,
        smooth: None,
    }
}

/// Returns a clear stereo AAC track of 5 segments of 4.004 s at 48 kHz.
pub fn audio(form: Form, name: &str, language: &str) -> PresentedTrack {
    PresentedTrack {
        media: TrackMedia::Audio {
            sampling_rate: 48000,
            channels: 2,
            layout: Some(ChannelLayout::Cicp(2)),
        },
        codecs: "mp4a.40.2".to_owned(),
        language: Some(language.to_owned()),
        timescale: 48000,
        segments: segments(form, 5, 192_192, 60_000, false),
        ..video(form, name, 1, 1)
    }
}

/// Returns a WebVTT file.
pub fn webvtt(name: &str, language: &str) -> PresentedTrack {
    PresentedTrack {
        media: TrackMedia::Text,
        codecs: String::new(),
        language: Some(language.to_owned()),
        roles: vec![Role::Subtitle],
        files: TrackFiles::WebVtt {
            name: format!("{name}.vtt"),
            size: 2000,
            later_periods: Vec::new(),
        },
        segments: Vec::new(),
        ..video(Form::Segments, name, 1, 1)
    }
}

/// Returns text in fragments.
pub fn fragmented_text(form: Form, name: &str, codecs: &str) -> PresentedTrack {
    PresentedTrack {
        media: TrackMedia::Text,
        codecs: codecs.to_owned(),
        roles: vec![Role::Caption],
        segments: segments(form, 5, 120_120, 500, false),
        ..video(form, name, 1, 1)
    }
}
