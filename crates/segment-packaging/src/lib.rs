// SPDX-License-Identifier: MPL-2.0
//! Protects the segments of several tracks as one stream, and describes the tracks for manifests. It has no I/O.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::BytesMut;
//! use cenc_types::{ContentKey, Scheme};
//! use content_keys::{FixedKeys, KeyRing};
//! use host_access::Host;
//! use isobmff_boxes::{BoxHeader, FourCc};
//! use protection_policy::{Config, KeyChange, Packaging, SampleKeys};
//! use segment_packaging::{
//!     PartKeys, PresentationKeys, PushedFragment, SEGMENT_TYPE, SegmentKey, SegmentProtector, SegmentSink, StartedFragment, StartedInit,
//!     StreamStart, StreamWarning,
//! };
//! # use std::sync::Arc;
//!
//! /// The segments of one track, and their keys.
//! #[derive(Default)]
//! struct Segments {
//!     under_way: Vec<u8>,
//!     complete: Vec<Vec<u8>>,
//!     keys: Vec<SegmentKey>,
//! }
//!
//! impl SegmentSink<BytesMut> for Segments {
//!     type Error = Infallible;
//!
//!     fn start_part(&mut self, _init: StartedInit<'_>) -> Result<(), Infallible> {
//!         Ok(()) // Only with key-change=init.
//!     }
//!
//!     fn start_fragment(&mut self, fragment: StartedFragment<'_>) -> Result<(), Infallible> {
//!         if self.under_way.is_empty() {
//!             self.under_way.extend(SEGMENT_TYPE);
//!             self.keys.push(SegmentKey { segment: self.complete.len(), kid: fragment.kid });
//!         }
//!         self.under_way.extend(fragment.boxes);
//!         Ok(())
//!     }
//!
//!     fn write_media(&mut self, _track: usize, media: BytesMut) -> Result<(), Infallible> {
//!         self.under_way.extend(media);
//!         Ok(())
//!     }
//!
//!     fn end_segment(&mut self, _track: usize, _segment: u64) -> Result<(), Infallible> {
//!         self.complete.push(std::mem::take(&mut self.under_way));
//!         Ok(())
//!     }
//!
//!     fn change_keys(&mut self, _change: KeyChange) {}
//!
//!     fn warn(&mut self, warning: StreamWarning) {
//!         eprintln!("warning: {warning}");
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let kid = "09e091ab-f838-41d2-9e35-58531fd19ec7".parse()?;
//! let keys = KeyRing::single(kid, ContentKey::parse("nLBhFktwE+rvzH1tGEJMLA==")?);
//! let packaging = Packaging::open(
//!     Config::new(Scheme::Cenc, Host::system()),
//!     Box::new(FixedKeys::new(keys)),
//!     SampleKeys::default(),
//!     Arc::default(),
//! )?;
//!
//! // `ftyp`, `moov` and `sidx`, then three fragments of sound, each with `moof` and `mdat`.
//! let mut file = &include_bytes!("../../../fuzz/corpus/mp4/ffmpeg-sidx")[..];
//! let mut boxes = std::iter::from_fn(|| {
//!     let header = BoxHeader::read(file, FourCc(*b"file")).ok()?;
//!     file.split_off(..header.size_within(file.len()).ok()?)
//! });
//! let init: Vec<u8> = boxes.by_ref().take(2).flatten().copied().collect();
//! let fragments: Vec<&[u8]> = boxes.skip(1).take(6).collect();
//!
//! let start = StreamStart { init: &init, packaging, threads: 1, looks_ahead: false };
//! let mut inits = Vec::new();
//! let mut protector = SegmentProtector::start(start, |init| {
//!     inits.push(init.keys.clone());
//!     Ok(Segments::default())
//! })?;
//! for (segment, fragment) in (1..).zip(fragments.chunks(2)) {
//!     let pushed = PushedFragment { track: 0, segment, is_last: true };
//!     protector.push(pushed, fragment.iter().map(|part| BytesMut::from(*part)))?;
//! }
//! protector.finish()?;
//!
//! let Segments { complete, keys, .. } = &protector.sink;
//! assert_eq!(complete.len(), 3);
//! assert!(complete.iter().all(|segment| segment.windows(4).any(|name| name == b"senc")));
//!
//! let presentation = PresentationKeys { scheme: Scheme::Cenc, inits, key_changes: Vec::new() };
//! let part = PartKeys { track: 0, init: &presentation.inits[0], segments: 0..complete.len(), keys };
//! let signaling = presentation.signaling(&part).ok_or("the track is protected")?;
//! assert_eq!(signaling.default_kid, kid);
//! assert_eq!(signaling.drms.len(), 1); // PlayReady
//! # Ok(())
//! # }
//! ```
//!
//! - [`SegmentProtector`] takes clear fragments of all tracks, and gives protected ones and their keys to a [`SegmentSink`].
//! - [`DescribedTrack`] says how manifests describe a track, from its boxes and the user's [`TrackProperties`].
//! - [`TrackNames`] chooses the names of tracks.
//! - [`PresentationKeys`] says how manifests signal the keys of a track.

mod described_track;
mod fragment_boxes;
mod presentation_keys;
mod segment_protector;
mod segment_sink;
mod track_names;
mod track_properties;
mod watched_keys;

pub use described_track::{DescribedTrack, DescriptionSource};
pub use presentation_keys::{PartKeys, PresentationKeys, SegmentKey};
pub use segment_protector::{
    PushedFragment, SegmentError, SegmentParts, SegmentProtector, StreamStart,
};
pub use segment_sink::{SEGMENT_TYPE, SegmentSink, StartedFragment, StartedInit, StreamWarning};
pub use track_names::TrackNames;
pub use track_properties::TrackProperties;
pub use watched_keys::InitKeys;
