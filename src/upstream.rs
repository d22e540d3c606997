// SPDX-License-Identifier: MPL-2.0
//! The file upstream of a sink pad, pulled into reused buffers, since allocating memory costs more than processing it.

use gst::prelude::*;

/// The size of a reused buffer, twice a fragment of two seconds at 16 Mb/s. The system provides no memory for pages that are never
/// used.
const SPARE: u32 = 8 << 20;
/// The number of reused buffers; if downstream holds more, they are allocated as usual.
const SPARES: u32 = 3;
/// The size below which buffers come from the heap, which reuses memory itself.
const LEAST: u32 = 32 << 10;

/// A file with random access.
pub(super) struct Upstream {
    pad: gst::Pad,
    size: u64,
    spares: Option<gst::BufferPool>,
}

impl Upstream {
    /// Returns the file of `size` bytes upstream of `pad`; [`u64::MAX`] if its end is unknown.
    pub(super) fn new(pad: &gst::Pad, size: u64) -> Self {
        Self {
            pad: pad.clone(),
            size,
            spares: fills_buffers(pad).then(pool).and_then(Result::ok),
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Pulls `len` bytes at `offset`; fewer at the end.
    pub(super) fn pull(&self, offset: u64, len: u32) -> Result<gst::Buffer, gst::FlowError> {
        let Some(mut buffer) = self.spare(len).filter(|_| self.size != u64::MAX) else {
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
            // Frees the unused buffers now; those still downstream keep the pool alive.
            let _ = pool.set_active(false);
        }
    }
}

/// True if upstream reads into the buffers that it is given. Filters such as capsfilter and identity pass on others, which GStreamer
/// takes for a programming error.
fn fills_buffers(pad: &gst::Pad) -> bool {
    let upstream = pad.peer().and_then(|peer| peer.parent_element());
    upstream.is_some_and(|element| element.is::<gst_base::BaseSrc>())
}

fn pool() -> Result<gst::BufferPool, gst::glib::BoolError> {
    let pool = gst::BufferPool::new();
    let mut config = pool.config();
    config.set_params(None, SPARE, 0, SPARES);
    pool.set_config(config)?;
    pool.set_active(true)?;
    Ok(pool)
}
