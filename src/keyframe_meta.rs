// SPDX-License-Identifier: MPL-2.0
//! The key frame that isofmp4mux and cmafmux of gst-plugins-rs 0.15 and later describe on the header of a fragment or chunk.
//! hlscmafsink writes its range of bytes into the I-frame playlist, so that it must fit the header after protection.

use gst::buffer::BufferMetaForeachAction;
use isobmff_boxes::{BoxHeader, FourCc, Reader};

/// The custom meta. Its structure has the boolean `eos` and the structure `keyframe`, with the fields below.
const META: &str = "FMP4KeyframeMeta";
const KEY_FRAME: &str = "keyframe";
/// The first byte of the `moof`, from the start of the header (guint64).
const OFFSET: &str = "keyframe-offset";
/// The bytes from there to the end of the key frame, which comes right after the header (guint64).
const LENGTH: &str = "keyframe-length";

/// The place of the `moof` in the header of a fragment, which has the boxes up to the header of the `mdat`.
pub(super) struct MoofPlace {
    /// The bytes before the `moof`.
    start: u64,
    /// The bytes from the `moof` to the end of the header.
    len: u64,
}

impl MoofPlace {
    /// Returns None if the boxes have no whole `moof`.
    pub(super) fn find(header: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(FourCc::MOOF, header);
        loop {
            let left = reader.left();
            match BoxHeader::read(left, FourCc::MOOF).ok()?.box_type {
                FourCc::MOOF => {
                    let len = left.len() as u64;
                    let start = header.len() as u64 - len;
                    return Some(Self { start, len });
                }
                _ => reader.child().ok()?,
            };
        }
    }
}

/// Corrects the range of each key frame on the header of a fragment whose `moof` was at `before` and is at `after`.
pub(super) fn correct(header: &mut gst::BufferRef, before: &MoofPlace, after: &MoofPlace) {
    header.foreach_meta_mut(|mut meta| {
        if let Some(meta) = meta.try_as_mut_custom_meta()
            && meta.has_name(META)
        {
            correct_key_frame(meta.mut_structure(), before, after);
        }
        std::ops::ControlFlow::Continue(BufferMetaForeachAction::Keep)
    });
}

fn correct_key_frame(meta: &mut gst::StructureRef, before: &MoofPlace, after: &MoofPlace) {
    let Ok(mut key_frame) = meta.get::<gst::Structure>(KEY_FRAME) else {
        return;
    };
    let Ok(len) = key_frame.get::<u64>(LENGTH) else {
        return;
    };
    key_frame.set(OFFSET, after.start);
    key_frame.set(
        LENGTH,
        len.saturating_sub(before.len).saturating_add(after.len),
    );
    meta.set(KEY_FRAME, key_frame);
}
