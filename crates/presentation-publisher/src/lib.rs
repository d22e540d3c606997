// SPDX-License-Identifier: MPL-2.0
//! Publishes a presentation segment by segment: its files, the window of a live one, the DASH and HLS manifests, and the state from which a
//! later run goes on.
//!
//! A [`Publisher`] is the [`SegmentSink`](segment_packaging::SegmentSink) of protected segments. Each call of [`Publisher::publish`] brings
//! the manifests up to date: first the segments are complete under their names, then the state is saved, then the manifests that name the
//! segments replace the older ones. So a publisher that is killed at any moment leaves manifests whose files are all there. The next one
//! goes on with the numbers, the window and the timeline: media time 0 is the availabilityStartTime of the first run, and a new run is a new
//! Period and a discontinuity.
//!
//! The files are in a [`PresentationStore`], such as a [`FolderStore`].
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::BytesMut;
//! use cenc_mp4::segmenting::SegmentSpan;
//! use cenc_types::Scheme;
//! use host_access::Host;
//! use presentation::model::TrackMedia;
//! use presentation::writer::hls::HlsClearLead;
//! use presentation_publisher::{FolderStore, Publisher, PublisherOptions, StartedTrack, StreamTimes};
//! use segment_packaging::{DescribedTrack, InitKeys, SegmentSink, StartedFragment, StartedInit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = std::env::temp_dir().join(format!("presentation-{}", std::process::id()));
//! let host = Host::system();
//! let options = PublisherOptions {
//!     writes_dash: true,
//!     writes_hls: true,
//!     segment_duration: Duration::from_secs(2),
//!     window: Some(Duration::from_secs(30)),
//!     is_live: true,
//!     scheme: Scheme::Cbcs,
//!     expects_changes: false,
//!     clear_lead: HlsClearLead::KeyFromStart,
//!     utc_timing: None,
//! };
//! let mut publisher = Publisher::open(FolderStore::open(&folder)?, options, host.clone())?;
//! publisher.begin(StreamTimes {
//!     running_zero: host.clock.since_1970(),
//!     first_buffer: Duration::ZERO,
//! })?;
//! publisher.start_tracks(vec![StartedTrack {
//!     name: "audio".to_owned(),
//!     source: "audio_0".to_owned(),
//!     described: DescribedTrack {
//!         codecs: "mp4a.40.2".to_owned(),
//!         media: TrackMedia::Audio { sampling_rate: 48_000, channels: 2, layout: None },
//!         language: None,
//!         label: None,
//!         roles: Vec::new(),
//!         smooth: None,
//!     },
//!     timescale: 48_000,
//!     bandwidth: None,
//!     is_ended: false,
//! }])?;
//!
//! // A `SegmentProtector` makes these calls. Here the stream is clear, and the boxes are none.
//! let file = include_bytes!("../../../fuzz/corpus/mp4/ffmpeg-av");
//! let moof = file.windows(4).position(|name| name == b"moof").ok_or("a fragmented file")?;
//! let keys = InitKeys::default();
//! let init = StartedInit { bytes: &file[..moof - 4], keys: &keys };
//! SegmentSink::<BytesMut>::start_part(&mut publisher, init)?;
//! publisher.expect_segment(0, SegmentSpan { start: 0, duration: 96_000, starts_with_sync: true, first_sample: 5 });
//! let fragment = StartedFragment { track: 0, segment: 1, kid: None, boxes: b"boxes" };
//! SegmentSink::<BytesMut>::start_fragment(&mut publisher, fragment)?;
//! publisher.write_media(0, BytesMut::from(&b"media"[..]))?;
//! SegmentSink::<BytesMut>::end_segment(&mut publisher, 0, 1)?;
//!
//! publisher.publish()?;
//! let mpd = std::fs::read_to_string(folder.join("manifest.mpd"))?;
//! assert!(mpd.contains("type=\"dynamic\"") && mpd.contains("<S t=\"0\" d=\"96000\"/>"));
//! publisher.finish()?;
//! assert!(std::fs::read_to_string(folder.join("audio.m3u8"))?.ends_with("audio/1.m4s\n#EXT-X-ENDLIST\n"));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```

mod error;
mod manifests;
mod publisher;
mod publisher_types;
mod restore;
mod saved_values;
mod segment_files;
mod snapshot;
mod state;
mod store;
mod window;

pub use error::PublishError;
pub use manifests::{MPD_NAME, MULTIVARIANT_NAME};
pub use publisher::Publisher;
pub use publisher_types::{
    PublishedSegment, PublisherEvent, PublisherOptions, StartedTrack, StreamTimes,
};
pub use state::StateFault;
pub use store::{FolderStore, PresentationStore};
