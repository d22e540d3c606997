// SPDX-License-Identifier: MPL-2.0
//! The muxer of a track: cmafmux where it is installed, else mp4mux. Its samples and their description count; the element forms segments.

use std::time::Duration;

use gst::glib;
use gst::prelude::*;

/// A muxer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MuxerKind {
    /// The name of the element.
    pub(super) factory: &'static str,
    /// True if its times are running times; false if they count from its first sample.
    pub(super) keeps_time: bool,
}

/// The muxers, the best one first.
const MUXERS: [MuxerKind; 2] = [
    MuxerKind {
        factory: "cmafmux",
        keeps_time: true,
    },
    MuxerKind {
        factory: "mp4mux",
        keeps_time: false,
    },
];

/// The media of a muxer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MuxedMedia {
    Video,
    Audio,
}

/// The muxer of a pad.
#[derive(Debug)]
pub(super) struct TrackMuxer {
    pub(super) kind: MuxerKind,
    pub(super) element: gst::Element,
    pub(super) sinkpad: gst::Pad,
    media: MuxedMedia,
}

/// The length of the parts in which media leaves the muxer, which is the most that it adds to the latency: about a frame.
const PART: Duration = Duration::from_millis(20);

impl TrackMuxer {
    /// Creates the best muxer that is installed.
    ///
    /// # Errors
    /// None is installed.
    pub(super) fn new(media: MuxedMedia, name: &str) -> Result<Self, glib::BoolError> {
        let installed = MUXERS.into_iter().find(|muxer| is_wanted(muxer.factory));
        let muxer = installed.ok_or_else(|| {
            glib::bool_error!(
                "no element cmafmux or mp4mux: install the plugin isomp4 of gst-plugins-good, or fmp4 of gst-plugins-rs"
            )
        })?;
        let element = gst::ElementFactory::make(muxer.factory)
            .name(name)
            .build()?;
        let template = match media {
            MuxedMedia::Video => "video_%u",
            MuxedMedia::Audio => "audio_%u",
        };
        let sinkpad = element
            .static_pad("sink")
            .or_else(|| element.request_pad_simple(template))
            .ok_or_else(|| glib::bool_error!("{} gives no pad", muxer.factory))?;
        Ok(Self {
            kind: muxer,
            element,
            sinkpad,
            media,
        })
    }

    /// Sets it up for segments of a length. A muxer ends its fragments at key frames; they should end at least where segments do.
    pub(super) fn configure(&self, segment: Duration) {
        let muxer = &self.element;
        let has = |name: &str| muxer.find_property(name).is_some();
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if has("streamable") {
            // mp4mux, in milliseconds: a fragment for each picture.
            muxer.set_property("streamable", true);
            let part = match self.media {
                MuxedMedia::Video => 1,
                MuxedMedia::Audio => u32::try_from(PART.as_millis()).unwrap_or(u32::MAX),
            };
            muxer.set_property("fragment-duration", part);
            return;
        }
        // cmafmux, in nanoseconds.
        let asks_for_key_frames = !has("send-force-keyunit");
        if !asks_for_key_frames {
            // The element does that, at the starts of segments.
            muxer.set_property("send-force-keyunit", false);
        }
        if has("write-edts-mode") {
            muxer.set_property_from_str("write-edts-mode", "never");
        }
        if has("chunk-duration") && self.media == MuxedMedia::Video {
            // Otherwise a segment would come only with the end of the next group of pictures.
            muxer.set_property("chunk-duration", nanoseconds(PART));
        }
        let fragment = match self.media {
            MuxedMedia::Audio => PART,
            MuxedMedia::Video if asks_for_key_frames => segment,
            // Fragments that are not in step with segments still end with them.
            MuxedMedia::Video => segment / 2,
        };
        muxer.set_property("fragment-duration", nanoseconds(fragment));
    }
}

/// True for an element that is installed, and whose rank the user has not set to none.
fn is_wanted(factory: &str) -> bool {
    let factory = gst::ElementFactory::find(factory);
    factory.is_some_and(|factory| factory.rank() > gst::Rank::NONE)
}
