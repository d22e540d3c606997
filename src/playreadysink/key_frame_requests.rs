// SPDX-License-Identifier: MPL-2.0
//! Requests to encoders for key frames at the starts of segments.
//!
//! They are sent on the streaming thread of a pad: h264parse and h265parse of GStreamer 1.22 read a request without a lock while they
//! parse, and one that comes on another thread may free it meanwhile.

use std::sync::Mutex;
use std::time::Duration;

use super::channel::ChannelTimeline;
use crate::lock;
use crate::logging::media_time;

/// The time by which requests are sent ahead, in addition to two segments. It must be longer than encoders look ahead.
const AHEAD: Duration = Duration::from_secs(5);

/// The latest time that is requested, which leaves room for another segment in GStreamer's 64 bits of nanoseconds.
const LAST: Duration = Duration::from_secs(u64::MAX / 2_000_000_000);

/// The requests of a pad.
#[derive(Debug, Default)]
pub(super) struct KeyFrameRequests(Mutex<Option<RequestSchedule>>);

/// The times of requests.
#[derive(Debug, Clone, Copy)]
struct RequestSchedule {
    timeline: ChannelTimeline,
    segment: Duration,
    /// The media time of the last request.
    requested: Duration,
}

impl KeyFrameRequests {
    /// Requests key frames at each multiple of `segment` in media time from now on.
    pub(super) fn start(&self, timeline: ChannelTimeline, segment: Duration) {
        let mut schedule = lock(&self.0);
        let requested = schedule.map_or(timeline.offset, |schedule| schedule.requested);
        *schedule = Some(RequestSchedule {
            timeline,
            segment,
            requested,
        });
    }

    /// Requests no more, until the next start of the element.
    pub(super) fn stop(&self) {
        *lock(&self.0) = None;
    }

    /// Returns the requests that are due when a buffer with this running time arrives.
    pub(super) fn due(&self, running_time: Duration) -> Vec<gst::Event> {
        let mut events = Vec::new();
        if let Some(schedule) = lock(&self.0).as_mut() {
            let now = schedule.timeline.media_time(running_time);
            let until = now.saturating_add(schedule.segment * 2 + AHEAD).min(LAST);
            // Encoders are past what a jump in the stream has left out.
            schedule.requested = schedule.requested.max(now.saturating_sub(schedule.segment));
            while schedule.requested < until {
                schedule.requested = next_multiple(schedule.requested, schedule.segment);
                events.push(request(schedule.timeline.running_time(schedule.requested)));
            }
        }
        events
    }
}

/// Returns the first multiple of `step` after `time`.
fn next_multiple(time: Duration, step: Duration) -> Duration {
    let step = step.as_nanos().max(1);
    let next = (time.as_nanos() / step + 1) * step;
    Duration::from_nanos(u64::try_from(next).unwrap_or(u64::MAX))
}

/// Returns GStreamer's event that requests a key frame of encoders.
pub(super) fn request(running_time: Duration) -> gst::Event {
    let structure = gst::Structure::builder("GstForceKeyUnit")
        .field("running-time", media_time(running_time))
        .field("all-headers", true)
        .field("count", 0u32)
        .build();
    gst::event::CustomUpstream::new(structure)
}
