// SPDX-License-Identifier: MPL-2.0
//! The segment of a pad.

use gst::prelude::*;

/// Returns the segment of the stream on a pad; None before it has come, and if it is not in time.
pub(crate) fn time_segment(
    pad: &impl IsA<gst::Pad>,
) -> Option<gst::FormattedSegment<gst::ClockTime>> {
    let event = pad.sticky_event::<gst::event::Segment>(0)?;
    event.segment().downcast_ref().cloned()
}
