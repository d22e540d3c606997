// SPDX-License-Identifier: MPL-2.0
//! Conversion of the packager's outputs to pushes downstream.

use cenc_mp4::{Announcement, Output};

use super::chunk::{BufferChunk, Timestamps};
use super::keyframe_meta::{self, MoofPlace};

/// A step of pushing data downstream.
pub(super) enum Push {
    /// Buffers with media and boxes.
    Buffers(Vec<gst::Buffer>),
    /// Announces the init segment that comes next, so that protection events go before it.
    Init(gst::Buffer),
    /// Announces a fragment with other keys that comes next with this timestamp, so that its signaling goes before it.
    Change(Option<gst::ClockTime>),
    /// Announces a new init segment, which comes next, so that caps with it go before it.
    NewInit(gst::Buffer),
    /// Bytes that replace earlier ones at an offset of the stream.
    Patch {
        position: u64,
        buffer: gst::Buffer,
        /// The offset at which the stream continues.
        resume: u64,
    },
}

impl Push {
    /// Returns the first timestamp among the buffers.
    pub(super) fn pts(&self) -> Option<gst::ClockTime> {
        match self {
            Self::Buffers(buffers) => buffers.iter().find_map(|buffer| buffer.pts()),
            Self::Init(_) | Self::Change(_) | Self::NewInit(_) | Self::Patch { .. } => None,
        }
    }
}

/// Groups `outputs`, which is drained, into as few pushes as their order allows.
pub(super) fn group(outputs: &mut Vec<Output<BufferChunk>>) -> Vec<Push> {
    let mut pushes = Vec::with_capacity(2);
    let mut buffers = Vec::with_capacity(outputs.len());
    let mut outputs = outputs.drain(..).peekable();
    while let Some(output) = outputs.next() {
        match output {
            Output::Media(chunk) => buffers.push(chunk.into_buffer()),
            Output::Boxes {
                bytes,
                from,
                announcement,
            } => {
                let mut boxes = boxes(bytes, from);
                if announcement.new_init {
                    start_fragment(&mut boxes, outputs.peek());
                }
                if announcement != Announcement::default() {
                    flush_buffers(&mut pushes, &mut buffers);
                }
                pushes.extend(announcement.init.then(|| Push::Init(boxes.clone())));
                pushes.extend(announcement.change.then(|| Push::Change(boxes.pts())));
                pushes.extend(announcement.new_init.then(|| Push::NewInit(boxes.clone())));
                buffers.push(boxes);
            }
            Output::Patch {
                position,
                bytes,
                resume,
            } => {
                flush_buffers(&mut pushes, &mut buffers);
                pushes.push(Push::Patch {
                    position,
                    buffer: gst::Buffer::from_mut_slice(bytes),
                    resume,
                });
            }
        }
    }
    flush_buffers(&mut pushes, &mut buffers);
    pushes
}

/// Gives a new init segment the flags of a stream header, and the timestamps of the fragment that follows.
fn start_fragment(init: &mut gst::Buffer, next: Option<&Output<BufferChunk>>) {
    let init = init.make_mut();
    init.set_flags(gst::BufferFlags::HEADER | gst::BufferFlags::DISCONT);
    let next = match next {
        Some(Output::Boxes { from, .. }) => from.as_ref().and_then(BufferChunk::timestamps),
        Some(Output::Media(_) | Output::Patch { .. }) | None => None,
    };
    if let Some(Timestamps { pts, dts }) = next {
        init.set_pts(pts);
        init.set_dts(dts);
    }
}

fn flush_buffers(pushes: &mut Vec<Push>, buffers: &mut Vec<gst::Buffer>) {
    if !buffers.is_empty() {
        pushes.push(Push::Buffers(std::mem::take(buffers)));
    }
}

/// Makes a buffer of boxes with the flags, timestamps and metas of the input buffer.
fn boxes(bytes: Vec<u8>, from: Option<BufferChunk>) -> gst::Buffer {
    let moof_after = MoofPlace::find(&bytes);
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    let written = buffer.make_mut();
    match from {
        Some(chunk) => {
            let moof_before = MoofPlace::find(chunk.as_ref());
            if chunk
                .into_buffer()
                .copy_into(written, gst::BUFFER_COPY_METADATA, ..)
                .is_err()
            {
                written.set_flags(gst::BufferFlags::HEADER);
            }
            if let (Some(before), Some(after)) = (moof_before, moof_after) {
                keyframe_meta::correct(written, &before, &after);
            }
        }
        None => written.set_flags(gst::BufferFlags::HEADER),
    }
    buffer
}
