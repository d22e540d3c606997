// SPDX-License-Identifier: MPL-2.0
//! Manifests written from a [model](crate::model): DASH MPDs, HLS playlists, Smooth Streaming client manifests.
//!
//! MPDs and playlists are those of a presentation on demand or of one update of a [live](crate::model::LiveTimes) one.
//!
//! All names of files in the manifests are relative to the manifests, with characters escaped that a URL cannot have.
//!
//! ```
//! use std::time::Duration;
//!
//! use cenc_types::{KeyId, Scheme};
//! use drm_signaling::{DrmContent, PlayReadyContent, System};
//! use presentation::ByteRange;
//! use presentation::model::{
//!     Presentation, PresentedTrack, Segment, TrackFiles, TrackMedia, TrackSignaling,
//! };
//! use presentation::writer::{dash, hls};
//!
//! let kid: KeyId = "10000000-1000-1000-1000-100000000001".parse().unwrap();
//! let playready = System::PlayReady.signal(&DrmContent {
//!     kids: &[kid],
//!     scheme: Scheme::Cbcs,
//!     content_id: None,
//!     playready: PlayReadyContent::default(),
//!     clear_key_url: None,
//! })?;
//! // Two segments of 2 s in files of their own.
//! let segments = [0, 96000].map(|start| Segment {
//!     start,
//!     duration: 96000,
//!     bytes: ByteRange { start: 0, end: 32000 },
//!     sap_type: 1,
//!     key_frame: None,
//! });
//! let presentation = Presentation {
//!     tracks: vec![PresentedTrack {
//!         name: "english".to_owned(),
//!         media: TrackMedia::Audio { sampling_rate: 48000, channels: 2, layout: None },
//!         codecs: "mp4a.40.2".to_owned(),
//!         language: Some("en".to_owned()),
//!         label: None,
//!         roles: Vec::new(),
//!         folder: None,
//!         files: TrackFiles::Segments {
//!             init: "english-init.mp4".to_owned(),
//!             media: "english-$Number$.m4s".to_owned(),
//!         },
//!         timescale: 48000,
//!         segments: segments.into(),
//!         first_number: 1,
//!         discontinuities: 0,
//!         duration: Duration::from_secs(4),
//!         bandwidth: None,
//!         key_frame_bandwidth: None,
//!         period: 0,
//!         protection: Some(TrackSignaling {
//!             scheme: Scheme::Cbcs,
//!             default_kid: kid,
//!             drms: vec![playready.clone()],
//!             key_changes: Vec::new(),
//!             expects_changes: false,
//!             first_protected: 0,
//!         }),
//!         later_parts: Vec::new(),
//!         is_ended: false,
//!         smooth: None,
//!     }],
//!     drms: vec![playready],
//!     live: None,
//! };
//! let mpd = dash::mpd(&presentation, &dash::MpdOptions::default())?;
//! assert!(mpd.contains("cenc:default_KID=\"10000000-1000-1000-1000-100000000001\""));
//! assert!(mpd.contains("<S t=\"0\" d=\"96000\" r=\"1\"/>"));
//! let playlist = hls::multivariant(&presentation)?;
//! assert!(playlist.contains("BANDWIDTH=128000,AVERAGE-BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\nenglish.m3u8\n"));
//! let track = &presentation.tracks[0];
//! let playlist = hls::media(&presentation, track, &hls::HlsOptions::default())?;
//! assert!(playlist.contains("#EXT-X-KEY:METHOD=SAMPLE-AES,"));
//! assert!(playlist.ends_with("#EXTINF:2.000000,\nenglish-2.m4s\n#EXT-X-ENDLIST\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bitrate;
mod check;
pub mod dash;
mod date;
mod error;
pub mod hls;
mod live;
mod names;
pub mod smooth;
mod xml;

pub use error::WriteError;
