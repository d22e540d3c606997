// SPDX-License-Identifier: MPL-2.0
//! The elements downstream of a pad.

use gst::prelude::*;

/// The sinks that write all of a stream to one file.
const ONE_FILE_SINKS: [&str; 3] = ["filesink", "fdsink", "giosink"];
/// The classes of elements whose output is another stream.
const OTHER_STREAMS: [&str; 3] = ["Demux", "Decod", "Decrypt"];
/// The most elements between a pad and a sink. GStreamer forbids loops, and this ends the search in one.
const MAX_ELEMENTS: usize = 64;

/// Returns the name of the first sink downstream of `pad` that writes all of the stream to one file.
pub(super) fn one_file_sink(pad: &gst::Pad) -> Option<String> {
    find(pad, MAX_ELEMENTS)
}

fn find(pad: &gst::Pad, elements_left: usize) -> Option<String> {
    let peer = pad.peer()?;
    if let Some(element) = peer.parent_element()
        && let Some(factory) = element.factory()
    {
        if ONE_FILE_SINKS.contains(&factory.name().as_str()) {
            return Some(element.name().into());
        }
        let class = factory
            .metadata(gst::ELEMENT_METADATA_KLASS)
            .unwrap_or_default();
        if OTHER_STREAMS.iter().any(|other| class.contains(other)) {
            return None;
        }
    }
    let elements_left = elements_left.checked_sub(1)?;
    peer.iterate_internal_links()
        .into_iter()
        .filter_map(Result::ok)
        .find_map(|link| find(&link, elements_left))
}
