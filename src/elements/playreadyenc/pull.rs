// SPDX-License-Identifier: MPL-2.0
//! Pull mode: behind a source that can be read anywhere the element drives the pipeline itself, and takes progressive files
//! wherever their `moov` is; they stay progressive, but in PIFF.

use gst::prelude::*;
use gst::subclass::prelude::*;

use crate::cenc::Flavor;
use crate::mp4::{Error, Progressive, Protector, Source};

use super::super::buffers::group;
use super::super::caps;
use super::super::chunk::BufferChunk;
use super::super::lock;
use super::imp::PlayReadyEnc;
use super::stream::{PushError, Stream};

/// What of a fragmented file is pulled at once, in bytes.
const BLOCK: u64 = 1 << 20;

/// The file behind the sink pad.
struct Upstream {
    pad: gst::Pad,
    size: u64,
}

/// What the task does next.
enum Work {
    Start,
    /// A progressive file.
    Progressive(Upstream, Box<Progressive>),
    /// Any other file, from this byte on.
    Stream(Upstream, u64),
    End,
}

impl Source for Upstream {
    type Chunk = BufferChunk;

    fn size(&self) -> u64 {
        self.size
    }

    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<BufferChunk, Box<dyn std::error::Error + Send + Sync>> {
        let len = u32::try_from(len)?;
        Ok(BufferChunk::new(self.pad.pull_range(offset, len)?)?)
    }
}

impl PlayReadyEnc {
    /// Chooses pull mode where upstream can be read anywhere.
    pub(super) fn activate(pad: &gst::Pad) -> Result<(), gst::LoggableError> {
        let mut query = gst::query::Scheduling::new();
        let seekable = gst::SchedulingFlags::SEEKABLE;
        let can_pull = pad.peer_query(&mut query)
            && query.has_scheduling_mode_with_flags(gst::PadMode::Pull, seekable);
        let mode = match can_pull {
            true => gst::PadMode::Pull,
            false => gst::PadMode::Push,
        };
        Ok(pad.activate_mode(mode, true)?)
    }

    /// Starts or stops the task that drives pull mode.
    pub(super) fn activate_mode(
        &self,
        pad: &gst::Pad,
        mode: gst::PadMode,
        active: bool,
    ) -> Result<(), gst::LoggableError> {
        match (mode, active) {
            (gst::PadMode::Pull, true) => {
                let (element, sinkpad) = (self.obj().downgrade(), pad.downgrade());
                let mut work = Work::Start;
                pad.start_task(move || {
                    let (Some(element), Some(pad)) = (element.upgrade(), sinkpad.upgrade()) else {
                        return;
                    };
                    let taken = std::mem::replace(&mut work, Work::End);
                    work = element.imp().step(&pad, taken);
                    if matches!(work, Work::End) {
                        // A pad without a task is being deactivated.
                        let _ = pad.pause_task();
                    }
                })?;
            }
            (gst::PadMode::Pull, false) => pad.stop_task()?,
            _ => (),
        }
        Ok(())
    }

    /// One turn of the task.
    fn step(&self, pad: &gst::Pad, work: Work) -> Work {
        let worked = match work {
            Work::Start => self.open(pad),
            Work::Progressive(upstream, file) => self.pass_on(upstream, file),
            Work::Stream(upstream, position) => self.pass_through(upstream, position),
            Work::End => return Work::End,
        };
        match worked {
            Ok(Work::End) => {
                self.srcpad.push_event(gst::event::Eos::new());
                Work::End
            }
            Ok(work) => work,
            Err(why) => {
                self.tell(why);
                Work::End
            }
        }
    }

    /// Says why the task stops. A stream that ends early must not look whole: its end is not passed on.
    fn tell(&self, why: PushError) {
        match why {
            PushError::Flow(gst::FlowError::Flushing) => (),
            PushError::Flow(gst::FlowError::Eos) => {
                self.srcpad.push_event(gst::event::Eos::new());
            }
            PushError::Flow(flow) => gst::element_imp_error!(
                self,
                gst::StreamError::Failed,
                ["downstream stopped the stream: {flow}"]
            ),
            PushError::Mp4(Error::Input(source))
                if source.downcast_ref() == Some(&gst::FlowError::Flushing) => {}
            other => {
                let _ = self.refuse(other);
            }
        }
    }

    /// Looks at the file, announces the stream and makes the first pass.
    fn open(&self, pad: &gst::Pad) -> Result<Work, PushError> {
        let element = self.obj();
        let id = self.srcpad.create_stream_id(&*element, None);
        let start = gst::event::StreamStart::builder(&id).group_id(gst::GroupId::next());
        self.srcpad.push_event(start.build());
        self.with_stream(Stream::restart);
        let size = pad.peer_query_duration::<gst::format::Bytes>();
        let mut upstream = Upstream {
            pad: pad.clone(),
            size: size.map_or(u64::MAX, |size| *size),
        };
        // Both passes need to know where the file ends.
        let file = size.map(|_| Progressive::open(&mut upstream));
        let file = file.transpose()?.flatten();
        // They come out in fragments where they can.
        let file = file.filter(|file| !(file.starts_with_moov() && self.needs_fragments()));
        let Some(mut file) = file else {
            self.announce_bytes(&caps::fragmented_mp4());
            let mode = self.index_mode();
            self.with_stream(|stream| stream.set_index_mode(mode));
            return Ok(Work::Stream(upstream, 0));
        };
        lock(&self.stream)
            .as_mut()
            .ok_or(PushError::Flow(gst::FlowError::Flushing))?
            .protect_file(&mut file)?;
        file.measure(&mut upstream)?;
        self.announce_bytes(&caps::progressive_mp4());
        Ok(Work::Progressive(upstream, Box::new(file)))
    }

    /// Whether what is asked for is not for progressive files: PIFF, and protection that changes.
    fn needs_fragments(&self) -> bool {
        let stream = lock(&self.stream);
        let packaging = stream.as_ref().map(Stream::packaging);
        packaging.is_some_and(|p| p.flavor() == Flavor::Piff || p.follows_time())
    }

    fn announce_bytes(&self, caps: &gst::Caps) {
        self.srcpad.push_event(gst::event::Caps::new(caps));
        let segment = gst::FormattedSegment::<gst::format::Bytes>::new();
        self.srcpad.push_event(gst::event::Segment::new(&segment));
    }

    /// Gives the next block of a progressive file.
    fn pass_on(
        &self,
        mut upstream: Upstream,
        mut file: Box<Progressive>,
    ) -> Result<Work, PushError> {
        let output = file.next_output(&mut upstream)?;
        self.with_stream(|stream| stream.set_file_totals(file.totals()));
        let Some(output) = output else {
            return Ok(Work::End);
        };
        for push in group(&mut vec![output]) {
            self.push(push, false)?;
        }
        Ok(Work::Progressive(upstream, file))
    }

    /// Sends the next block of any other file the way that pushed buffers go.
    fn pass_through(&self, upstream: Upstream, position: u64) -> Result<Work, PushError> {
        let left = upstream.size.saturating_sub(position).min(BLOCK);
        let len = u32::try_from(left).unwrap_or(u32::MAX);
        let pulled = match len {
            0 => Err(gst::FlowError::Eos),
            len => upstream.pad.pull_range(position, len),
        };
        let buffer = match pulled {
            Ok(buffer) if buffer.size() > 0 => buffer,
            Ok(_) | Err(gst::FlowError::Eos) => {
                self.protect(false, Stream::finish)?;
                return Ok(Work::End);
            }
            Err(flow) => return Err(Error::Input(Box::new(flow)).into()),
        };
        let position = position + buffer.size() as u64;
        self.protect(false, |stream| stream.push([buffer]))?;
        Ok(Work::Stream(upstream, position))
    }
}
