// SPDX-License-Identifier: MPL-2.0
//! The file behind a sink pad, pulled into buffers that are used again: memory that comes new from the system costs more than what is
//! done with it.

use gst::prelude::*;

/// Bytes of a buffer that is used again; a fragment of two seconds at 16 Mb/s has half of them. Of those that are never needed the
/// system gives none.
const SPARE: u32 = 8 << 20;
/// How many there are; what downstream holds beyond them is allocated as usual.
const SPARES: u32 = 3;
/// Smaller ones come from the heap, which keeps them.
const LEAST: u32 = 32 << 10;

/// A file that can be read anywhere.
pub(super) struct Upstream {
    pad: gst::Pad,
    size: u64,
    spares: Option<gst::BufferPool>,
}

impl Upstream {
    /// The file of `size` bytes behind `pad`; [`u64::MAX`] when its end is not known.
    pub(super) fn new(pad: &gst::Pad, size: u64) -> Self {
        Self {
            pad: pad.clone(),
            size,
            spares: pool().ok(),
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Pulls `len` bytes at `offset`; fewer at the end.
    pub(super) fn pull(&self, offset: u64, len: u32) -> Result<gst::Buffer, gst::FlowError> {
        let spare = self.spare(len).filter(|_| self.size != u64::MAX);
        let Some(mut buffer) = spare else {
            return self.pad.pull_range(offset, len);
        };
        self.pad.pull_range_fill(offset, buffer.make_mut(), len)?;
        Ok(buffer)
    }

    fn spare(&self, len: u32) -> Option<gst::Buffer> {
        if !(LEAST..=SPARE).contains(&len) {
            return None;
        }
        let at_once = gst::BufferPoolAcquireFlags::DONTWAIT;
        let at_once = gst::BufferPoolAcquireParams::with_flags(at_once);
        let mut buffer = self.spares.as_ref()?.acquire_buffer(Some(&at_once)).ok()?;
        buffer.make_mut().set_size(len as usize);
        Some(buffer)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(pool) = &self.spares {
            // Buffers that are still downstream keep it; it frees the others now.
            let _ = pool.set_active(false);
        }
    }
}

fn pool() -> Result<gst::BufferPool, gst::glib::BoolError> {
    let pool = gst::BufferPool::new();
    let mut config = pool.config();
    config.set_params(None, SPARE, 0, SPARES);
    pool.set_config(config)?;
    pool.set_active(true)?;
    Ok(pool)
}
