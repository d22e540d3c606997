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

mod error;
mod manifests;
mod publisher;
mod publisher_types;
mod restore;
mod segment_files;
mod snapshot;
mod state;
mod store;
mod window;

pub use error::PublishError;
pub use manifests::{MPD_NAME, MULTIVARIANT_NAME};
pub use publisher::Publisher;
pub use publisher_types::{PublishedSegment, PublisherEvent, PublisherOptions, StartedTrack};
pub use state::StateFault;
pub use store::{FolderStore, PresentationStore};
