// SPDX-License-Identifier: MPL-2.0
//! The queue from the streaming threads to the thread of the element.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use super::text_input::TextInput;
use crate::lock;

/// The bytes that may wait before streaming threads do.
const LIMIT: usize = 64 << 20;

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
#[derive(Default)]
pub(super) struct InputQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    inputs: VecDeque<PadInput>,
    /// Bytes of all data.
    bytes: usize,
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
        self.changed.notify_all();
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
        self.changed.notify_all();
    }

    /// Adds an input; waits while too much waits already.
    ///
    /// # Errors
    /// [`gst::FlowError::Flushing`], also after the stop of the element; [`gst::FlowError::Error`] after an error.
    pub(super) fn push(&self, pad: PadNumber, input: TrackInput) -> Result<(), gst::FlowError> {
        let mut state = self
            .changed
            .wait_while(lock(&self.state), |state| {
                state.use_state == QueueUse::Open
                    && state.bytes > LIMIT
                    && !state.flushing.contains(&pad)
            })
            .unwrap_or_else(PoisonError::into_inner);
        match state.use_state {
            QueueUse::Closed => return Err(gst::FlowError::Flushing),
            QueueUse::Failed => return Err(gst::FlowError::Error),
            QueueUse::Open => (),
        }
        if state.flushing.contains(&pad) {
            return Err(gst::FlowError::Flushing);
        }
        state.bytes += input.size();
        state.inputs.push_back(PadInput { pad, input });
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the next input, and waits for it; None once the element stops.
    pub(super) fn pop(&self) -> Option<PadInput> {
        let mut state = self
            .changed
            .wait_while(lock(&self.state), |state| {
                state.use_state == QueueUse::Open && state.inputs.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
        let input = state.inputs.pop_front()?;
        state.bytes = state.bytes.saturating_sub(input.input.size());
        drop(state);
        self.changed.notify_all();
        Some(input)
    }
}

impl TrackInput {
    fn size(&self) -> usize {
        match self {
            Self::Data(buffer) => buffer.size(),
            Self::Text(TextInput::Buffer(text)) => text.bytes.size(),
            Self::Text(_) | Self::Started(_) | Self::End | Self::Flushed => 0,
        }
    }
}
