// SPDX-License-Identifier: MPL-2.0
//! Presentations with all combinations of files, media, text and keys.

use cenc_types::{KeyId, Scheme};
use presentation::model::{ChannelLayout, Presentation, PresentedTrack, Role, TrackMedia};

use crate::models::{Form, audio, change, drms, fragmented_text, kid, signaling, video, webvtt};

/// The keys of a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    Clear,
    One,
    /// Another for each video quality, and one for audio. Text is clear.
    PerQuality,
    /// One that changes twice in the segments, after a clear lead.
    Changing,
}

/// A presentation, with what is in it.
#[derive(Debug)]
pub struct Combination {
    pub name: String,
    pub keys: Keys,
    pub presentation: Presentation,
}

/// Returns all combinations, in which every text has characters that must be escaped.
pub fn combinations() -> Vec<Combination> {
    let mut all = Vec::new();
    for form in [Form::Segments, Form::Single] {
        for videos in [0, 1, 3] {
            for audios in [0, 1, 6] {
                for texts in [0, 3] {
                    if videos + audios == 0 {
                        continue;
                    }
                    for keys in [Keys::Clear, Keys::One, Keys::PerQuality, Keys::Changing] {
                        for scheme in [Scheme::Cenc, Scheme::Cbcs] {
                            let mut tracks = tracks(form, videos, audios, texts);
                            let drms = protect(&mut tracks, scheme, keys);
                            all.push(Combination {
                                name: format!(
                                    "{form:?}-{videos}-{audios}-{texts}-{keys:?}-{scheme}"
                                ),
                                keys,
                                presentation: Presentation {
                                    tracks,
                                    drms,
                                    live: None,
                                },
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

fn tracks(form: Form, videos: usize, audios: usize, texts: usize) -> Vec<PresentedTrack> {
    let sizes = [(1920, 1080), (1280, 720), (426, 240)];
    let videos = sizes
        .iter()
        .take(videos)
        .map(|(width, height)| video(form, &format!("v {height}\"<&"), *width, *height));
    let dolby = |name: &str, language: &str, channels, joc_complexity| PresentedTrack {
        media: TrackMedia::Audio {
            sampling_rate: 48000,
            channels,
            layout: Some(ChannelLayout::Dolby {
                channel_map: 0xf801,
                joc_complexity,
            }),
        },
        codecs: "ec-3".to_owned(),
        ..audio(form, name, language)
    };
    let low = |name: &str, language: &str| {
        let mut track = audio(form, name, language);
        for segment in &mut track.segments {
            segment.bytes.end -= 1000;
        }
        track
    };
    let audios = [
        audio(form, "a-en", "en"),
        low("a-en-low", "en"),
        audio(form, "a-fr", "fr-CA"),
        dolby("e-en", "en", 6, None),
        dolby("j-en", "en", 6, Some(16)),
        PresentedTrack {
            roles: vec![Role::Description, Role::Alternate],
            label: Some("Description <\"&'>\u{1}\n".to_owned()),
            ..audio(form, "d-en", "en")
        },
    ]
    .into_iter()
    .take(audios);
    let texts = [
        webvtt("s#en", "en"),
        PresentedTrack {
            roles: vec![Role::ForcedSubtitle],
            ..fragmented_text(form, "w", "wvtt")
        },
        fragmented_text(form, "t", "stpp.ttml.im1t"),
    ]
    .into_iter()
    .take(texts);
    videos.chain(audios).chain(texts).collect()
}

/// Protects the tracks; returns the systems of the presentation.
fn protect(tracks: &mut [PresentedTrack], scheme: Scheme, keys: Keys) -> Vec<drm_signaling::Drm> {
    let own: Vec<KeyId> = (1..).take(tracks.len()).map(kid).collect();
    let all = match keys {
        Keys::Clear => return Vec::new(),
        Keys::One | Keys::Changing => vec![kid(1)],
        Keys::PerQuality => own.clone(),
    };
    for (track, own) in tracks.iter_mut().zip(own) {
        if track.media == TrackMedia::Text {
            continue;
        }
        let own = if keys == Keys::PerQuality {
            own
        } else {
            kid(1)
        };
        let mut signaling = signaling(scheme, own, &all);
        if keys == Keys::Changing {
            signaling.first_protected = 1;
            signaling.key_changes =
                vec![change(scheme, 2, kid(0x77)), change(scheme, 3, kid(0x78))];
        }
        track.protection = Some(signaling);
    }
    drms(scheme, &all)
}
