// SPDX-License-Identifier: MPL-2.0
//! The queue from the streaming threads to the thread of the element.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use super::cue_input::CueInput;
use super::text_input::TextInput;
use crate::lock;

/// The bytes that may wait before streaming threads do.
const LIMIT: usize = 64 << 20;

/// The inputs, and their bytes, that may wait although none is urgent.
const MOST_WAITING: usize = 16;
const MOST_WAITING_BYTES: usize = 1 << 20;

/// The number of a pad of the element, in the order of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PadNumber(pub(super) usize);

/// An event of a track, from its streaming thread.
#[derive(Debug)]
pub(super) enum TrackInput {
    /// The first buffer has come to the pad.
    Started(FirstBuffer),
    /// Output of the muxer.
    Data(gst::Buffer),
    /// What comes to a pad of text.
    Text(TextInput),
    /// A cue, before the media at its splice point.
    Cue(CueInput),
    /// The end of the stream.
    End,
    /// The stream was flushed, so that what follows may have any time.
    Flushed,
}

/// The first buffer of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FirstBuffer {
    /// Its running time; None if it has none.
    pub(super) running_time: Option<gst::ClockTime>,
}

/// An input of a track.
#[derive(Debug)]
pub(super) struct PadInput {
    pub(super) pad: PadNumber,
    pub(super) input: TrackInput,
}

/// The inputs of all tracks, in the order in which they came.
///
/// To wake the thread of the element costs more than to handle a picture. So pictures that start no segment wait until something else comes,
/// or many of them wait.
#[derive(Default)]
pub(super) struct InputQueue {
    state: Mutex<QueueState>,
    /// Inputs are due, or the use of the queue has changed.
    due: Condvar,
    /// There is room, or the use of the queue or the flush of a pad has changed.
    room: Condvar,
}

#[derive(Default)]
struct QueueState {
    inputs: VecDeque<PadInput>,
    /// Bytes of all data.
    bytes: usize,
    /// True if the thread of the element should take the inputs.
    is_due: bool,
    /// The number of streaming threads that wait for room.
    waiting: usize,
    /// The pads whose last buffer was the header of a picture that may start a segment.
    at_start: Vec<PadNumber>,
    use_state: QueueUse,
    /// The pads that flush.
    flushing: Vec<PadNumber>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum QueueUse {
    /// The element is stopped.
    #[default]
    Closed,
    Open,
    /// The thread of the element has posted an error.
    Failed,
}

impl InputQueue {
    /// Lets inputs in.
    pub(super) fn open(&self) {
        *lock(&self.state) = QueueState {
            use_state: QueueUse::Open,
            ..QueueState::default()
        };
    }

    /// Ends all waits, and drops what waits.
    pub(super) fn close(&self) {
        self.end(QueueUse::Closed);
    }

    /// Refuses inputs from now on, since an error was posted.
    pub(super) fn fail(&self) {
        self.end(QueueUse::Failed);
    }

    fn end(&self, use_state: QueueUse) {
        *lock(&self.state) = QueueState {
            use_state,
            ..QueueState::default()
        };
        self.due.notify_all();
        self.room.notify_all();
    }

    /// True until the element stops.
    pub(super) fn is_open(&self) -> bool {
        lock(&self.state).use_state == QueueUse::Open
    }

    /// Starts or ends a flush of a pad. What waits of it is dropped.
    pub(super) fn set_flushing(&self, pad: PadNumber, is_flushing: bool) {
        let mut state = lock(&self.state);
        state.flushing.retain(|other| *other != pad);
        if is_flushing {
            state.flushing.push(pad);
            state.inputs.retain(|input| input.pad != pad);
            state.bytes = state.inputs.iter().map(|input| input.input.size()).sum();
        }
        drop(state);
        self.room.notify_all();
    }

    /// Adds an input; waits while too much waits already.
    ///
    /// # Errors
    /// [`gst::FlowError::Flushing`], also after the stop of the element; [`gst::FlowError::Error`] after an error.
    pub(super) fn push(&self, pad: PadNumber, input: TrackInput) -> Result<(), gst::FlowError> {
        let mut state = lock(&self.state);
        state.waiting += 1;
        let mut state = self
            .room
            .wait_while(state, |state| {
                state.use_state == QueueUse::Open
                    && state.bytes > LIMIT
                    && !state.flushing.contains(&pad)
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting = state.waiting.saturating_sub(1);
        match state.use_state {
            QueueUse::Closed => return Err(gst::FlowError::Flushing),
            QueueUse::Failed => return Err(gst::FlowError::Error),
            QueueUse::Open => (),
        }
        if state.flushing.contains(&pad) {
            return Err(gst::FlowError::Flushing);
        }
        let was_due = state.is_due;
        state.add(PadInput { pad, input });
        let is_due = state.is_due;
        drop(state);
        if is_due && !was_due {
            self.due.notify_one();
        }
        Ok(())
    }

    /// Takes the next input, and waits for it; None once the element stops.
    pub(super) fn pop(&self) -> Option<PadInput> {
        let mut state = self
            .due
            .wait_while(lock(&self.state), |state| {
                state.is_due &= !state.inputs.is_empty();
                state.use_state == QueueUse::Open && !state.is_due
            })
            .unwrap_or_else(PoisonError::into_inner);
        let input = state.inputs.pop_front()?;
        state.bytes = state.bytes.saturating_sub(input.input.size());
        let has_room = state.waiting > 0 && state.bytes <= LIMIT;
        drop(state);
        if has_room {
            self.room.notify_all();
        }
        Some(input)
    }
}

impl QueueState {
    fn add(&mut self, input: PadInput) {
        self.bytes += input.input.size();
        self.is_due |= self.is_urgent(&input)
            || self.inputs.len() >= MOST_WAITING
            || self.bytes > MOST_WAITING_BYTES;
        self.inputs.push_back(input);
    }

    /// True for what may complete a segment. A picture that does not depend on others has its flag on the buffer with its media in mp4mux,
    /// and on the buffer before it in cmafmux.
    fn is_urgent(&mut self, PadInput { pad, input }: &PadInput) -> bool {
        let TrackInput::Data(buffer) = input else {
            return true;
        };
        let follows_start = self.at_start.contains(pad);
        self.at_start.retain(|other| other != pad);
        let is_delta = buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        // Parts of the boxes of mp4mux have neither times nor flags.
        let is_start = buffer.pts().is_some() && !is_delta;
        if is_start {
            self.at_start.push(*pad);
        }
        is_start || follows_start
    }
}

impl TrackInput {
    fn size(&self) -> usize {
        match self {
            Self::Data(buffer) => buffer.size(),
            Self::Text(TextInput::Buffer(text)) => text.bytes.size(),
            Self::Text(_) | Self::Started(_) | Self::Cue(_) | Self::End | Self::Flushed => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAD: PadNumber = PadNumber(0);

    fn data(time: Option<u64>, flags: gst::BufferFlags) -> TrackInput {
        let mut buffer = gst::Buffer::with_size(10).unwrap();
        let fields = buffer.get_mut().unwrap();
        fields.set_pts(time.map(gst::ClockTime::from_seconds));
        fields.set_flags(flags);
        TrackInput::Data(buffer)
    }

    /// What cmafmux and mp4mux give for a picture: with and without a flag of its own.
    fn picture(is_start: bool, is_cmafmux: bool) -> Vec<TrackInput> {
        let (none, delta) = (gst::BufferFlags::empty(), gst::BufferFlags::DELTA_UNIT);
        match (is_cmafmux, is_start) {
            (true, true) => vec![data(Some(1), none), data(Some(1), delta)],
            (true, false) => vec![data(Some(1), delta), data(Some(1), delta)],
            (false, true) => vec![data(None, none), data(None, none), data(Some(1), none)],
            (false, false) => vec![data(None, none), data(None, none), data(Some(1), delta)],
        }
    }

    #[test]
    fn thread_wakes_for_pictures_that_may_start_a_segment() {
        gst::init().unwrap();
        for is_cmafmux in [true, false] {
            let queue = InputQueue::default();
            queue.open();
            let push = |input| {
                queue.push(PAD, input).unwrap();
                std::mem::take(&mut lock(&queue.state).is_due)
            };
            let woken: Vec<bool> = picture(false, is_cmafmux).into_iter().map(push).collect();
            assert!(!woken.contains(&true));
            let woken: Vec<bool> = picture(true, is_cmafmux).into_iter().map(push).collect();
            // The media of the picture comes last.
            assert_eq!(woken.last(), Some(&true));
            let waiting = lock(&queue.state).inputs.len();
            let mut more =
                (waiting..=MOST_WAITING).map(|_| data(Some(1), gst::BufferFlags::DELTA_UNIT));
            assert!(more.any(push));
            assert!(push(TrackInput::End));
        }
    }
}
