// SPDX-License-Identifier: MPL-2.0
//! Pull mode: after a source with random access an element drives the pipeline itself and can read progressive files.

use gst::prelude::*;
use gst::subclass::prelude::*;

use cenc_mp4::{Error, Output, SeekableInput};

use super::buffers::{Push, group};
use super::byte_stream::{self, PushError};
use super::chunk::BufferChunk;
use super::error::StoppedDownstream;
use super::logging::Logged;
use super::sent_stream::StreamSender;
pub(super) use super::upstream::Upstream;
use super::{caps, error};

/// The size of a pull from a fragmented file, in bytes.
pub(super) const BLOCK: u64 = 1 << 20;
/// The largest size of a pull if an element prefers more, in bytes.
const MAX_BLOCK: u64 = 8 << 20;

/// The next step of the task.
enum PullStep<F> {
    Start,
    /// A progressive file.
    Progressive(Upstream, Box<F>),
    /// Any other file, at this byte.
    Stream(Upstream, u64),
    End,
}

/// An end where the file has more bytes.
#[derive(Debug, thiserror::Error)]
#[error(
    "it ends at byte {0}, before the file does: the application ended the stream, or the file is shorter now"
)]
struct EarlyEnd(u64);

impl SeekableInput for Upstream {
    type Chunk = BufferChunk;

    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<BufferChunk, Box<dyn std::error::Error + Send + Sync>> {
        match self.pull(offset, u32::try_from(len)?) {
            Ok(buffer) => Ok(BufferChunk::new(buffer)?),
            Err(gst::FlowError::Eos) => Err(EarlyEnd(offset).into()),
            Err(flow) => Err(flow.into()),
        }
    }
}

/// An element that reads files itself if upstream supports it.
pub(super) trait Puller: StreamSender {
    /// The current progressive file.
    type File: Send + 'static;

    fn srcpad(&self) -> &gst::Pad;

    /// Examines a file and prepares for it. None for a file that is processed as a stream. If the end of the file is
    /// unknown, `upstream` is None, and the file must be processed as a stream.
    fn open(&self, upstream: Option<&mut Upstream>) -> Result<Option<Self::File>, PushError>;

    /// Returns the next part of a progressive file; None at its end.
    fn next_output(
        &self,
        file: &mut Self::File,
        upstream: &mut Upstream,
    ) -> Result<Option<Output<BufferChunk>>, PushError>;

    /// Returns the preferred number of bytes for the next call of [`Self::take`].
    fn wanted(&self) -> u64 {
        BLOCK
    }

    /// Processes a buffer of any other file; None at its end.
    fn take(&self, buffer: Option<gst::Buffer>) -> Result<(), PushError>;

    fn push(&self, push: Push) -> Result<gst::FlowSuccess, gst::FlowError>;
}

/// Chooses pull mode if upstream supports random access.
pub(super) fn activate<E: Logged>(pad: &gst::Pad) -> Result<(), gst::LoggableError> {
    let mut query = gst::query::Scheduling::new();
    let can_pull = pad.peer_query(&mut query)
        && query.has_scheduling_mode_with_flags(gst::PadMode::Pull, gst::SchedulingFlags::SEEKABLE);
    let mode = match can_pull {
        true => gst::PadMode::Pull,
        false => gst::PadMode::Push,
    };
    gst::info!(E::category(), obj = pad, "takes its input in {mode:?} mode");
    Ok(pad.activate_mode(mode, true)?)
}

/// Starts or stops the task that drives pull mode.
pub(super) fn activate_mode<E: Puller>(
    element: &E,
    pad: &gst::Pad,
    mode: gst::PadMode,
    active: bool,
) -> Result<(), gst::LoggableError> {
    match (mode, active) {
        (gst::PadMode::Pull, true) => {
            let (element, sinkpad) = (element.ref_counted().downgrade(), pad.downgrade());
            let mut work = PullStep::Start;
            pad.start_task(move || {
                let (Some(element), Some(pad)) = (element.upgrade(), sinkpad.upgrade()) else {
                    return;
                };
                work = step(&*element, &pad, std::mem::replace(&mut work, PullStep::End));
                if matches!(work, PullStep::End) {
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

/// Runs one step of the task.
fn step<E: Puller>(element: &E, pad: &gst::Pad, work: PullStep<E::File>) -> PullStep<E::File> {
    let worked = match work {
        PullStep::Start => start(element, pad),
        PullStep::Progressive(upstream, file) => pass_on(element, upstream, file),
        PullStep::Stream(upstream, position) => pass_through(element, upstream, position),
        PullStep::End => return PullStep::End,
    };
    match worked {
        Ok(PullStep::End) => {
            gst::debug!(
                E::category(),
                obj = element.obj(),
                "the file ends {}",
                element.progress()
            );
            element.srcpad().push_event(gst::event::Eos::new());
            PullStep::End
        }
        Ok(work) => work,
        Err(why) => {
            tell(element, why);
            PullStep::End
        }
    }
}

/// Posts the reason why the task stops. As after GStreamer's sources, the end follows where downstream stopped the stream; that of an
/// incomplete stream is not passed on, since it would look complete.
fn tell<E: Puller>(element: &E, why: PushError) {
    match why {
        PushError::Flow(gst::FlowError::Flushing) => (),
        PushError::Flow(flow) => {
            if flow != gst::FlowError::Eos {
                error::post(element, &StoppedDownstream(flow));
            }
            element.srcpad().push_event(gst::event::Eos::new());
        }
        PushError::Mp4(Error::Input(source))
            if source.downcast_ref() == Some(&gst::FlowError::Flushing) => {}
        other => {
            let _ = byte_stream::refuse(element, other);
        }
    }
}

/// Announces the stream and examines the file.
fn start<E: Puller>(element: &E, pad: &gst::Pad) -> Result<PullStep<E::File>, PushError> {
    let srcpad = element.srcpad();
    srcpad.push_event(
        gst::event::StreamStart::builder(&srcpad.create_stream_id(&*element.obj(), None))
            .group_id(gst::GroupId::next())
            .build(),
    );
    element.sent().restart();
    let size = pad.peer_query_duration::<gst::format::Bytes>();
    let mut upstream = Upstream::new(pad, size.map_or(u64::MAX, |size| *size));
    let file = element.open(size.is_some().then_some(&mut upstream))?;
    let caps = match &file {
        Some(_) => caps::progressive_mp4(),
        None => caps::fragmented_mp4(),
    };
    gst::info!(
        E::category(),
        obj = element.obj(),
        "takes the file of {} as {caps}",
        size.map_or("unknown size".to_owned(), |size| size.to_string())
    );
    byte_stream::push_caps(element, &caps);
    srcpad.push_event(gst::event::Segment::new(&gst::FormattedSegment::<
        gst::format::Bytes,
    >::new()));
    Ok(match file {
        Some(file) => PullStep::Progressive(upstream, Box::new(file)),
        None => PullStep::Stream(upstream, 0),
    })
}

/// Pushes the next block of a progressive file.
fn pass_on<E: Puller>(
    element: &E,
    mut upstream: Upstream,
    mut file: Box<E::File>,
) -> Result<PullStep<E::File>, PushError> {
    let Some(output) = element.next_output(&mut file, &mut upstream)? else {
        return Ok(PullStep::End);
    };
    for push in group(&mut vec![output]) {
        element.push(push)?;
    }
    Ok(PullStep::Progressive(upstream, file))
}

/// Processes the next block of any other file like a pushed buffer.
fn pass_through<E: Puller>(
    element: &E,
    upstream: Upstream,
    position: u64,
) -> Result<PullStep<E::File>, PushError> {
    let len = upstream
        .size()
        .saturating_sub(position)
        .min(element.wanted())
        .min(MAX_BLOCK);
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    let pulled = match len {
        0 => Err(gst::FlowError::Eos),
        len => upstream.pull(position, len),
    };
    let buffer = match pulled {
        Ok(buffer) if buffer.size() > 0 => {
            gst::log!(
                E::category(),
                obj = element.obj(),
                "read {buffer:?} at byte {position}"
            );
            buffer
        }
        Ok(_) | Err(gst::FlowError::Eos) => {
            element.take(None)?;
            return Ok(PullStep::End);
        }
        Err(flow) => return Err(Error::Input(Box::new(flow)).into()),
    };
    let position = position + buffer.size() as u64;
    element.take(Some(buffer))?;
    Ok(PullStep::Stream(upstream, position))
}
