// SPDX-License-Identifier: MPL-2.0
//! The thread of the element, which does all that is not done by the muxers.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use gst::subclass::prelude::*;

use protection_policy::{Packaging, SampleKeys};

use super::CATEGORY;
use super::PlayReadySink;
use super::channel::{Channel, ChannelTrack};
use super::collector::Collector;
use super::error::SinkError;
use super::input_queue::InputQueue;
use super::properties::SinkSettings;
use crate::error;

/// The parts of an element that the thread needs.
pub(super) struct WorkerSetup {
    pub(super) sink: PlayReadySink,
    pub(super) queue: Arc<InputQueue>,
    pub(super) settings: SinkSettings,
    pub(super) packaging: Packaging,
    pub(super) tracks: Vec<ChannelTrack>,
    /// The elements that post the end.
    pub(super) collectors: Vec<Collector>,
}

/// The thread.
pub(super) struct Worker {
    thread: JoinHandle<Option<SampleKeys>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system starts no thread.
    pub(super) fn start(setup: WorkerSetup) -> std::io::Result<Self> {
        let thread = thread::Builder::new()
            .name("playready-sink".to_owned())
            .spawn(move || run(setup))?;
        Ok(Self { thread })
    }

    /// Waits for the end of the thread, whose queue is closed. Returns the keys, for the next stream; None after an error.
    pub(super) fn join(self) -> Option<SampleKeys> {
        self.thread.join().ok().flatten()
    }
}

fn run(setup: WorkerSetup) -> Option<SampleKeys> {
    let WorkerSetup {
        sink,
        queue,
        settings,
        packaging,
        tracks,
        collectors,
    } = setup;
    let mut channel = Channel::new(sink.clone(), settings, packaging, tracks);
    if let Err(error) = publish_all(&mut channel, &queue, &collectors) {
        fail(&sink, &queue, &error);
    }
    channel.into_packaging().map(Packaging::into_sample_keys)
}

fn publish_all(
    channel: &mut Channel,
    queue: &InputQueue,
    collectors: &[Collector],
) -> Result<(), SinkError> {
    while let Some(input) = queue.pop() {
        channel.take(input)?;
        if channel.has_ended() {
            channel.finish()?;
            collectors.iter().for_each(Collector::post_end);
        }
    }
    Ok(())
}

/// Posts an error, unless it is the end of a wait or of the element. Missing keys have been reported, but gst-launch-1.0 may go on after an
/// error that comes while it prerolls, and would wait for an end that does not come.
fn fail(sink: &PlayReadySink, queue: &InputQueue, error: &SinkError) {
    if !queue.is_open() || error.is_stop() {
        gst::debug!(CATEGORY, obj = sink, "stopped: {error}");
    } else {
        error::post(sink.imp(), error);
    }
    queue.fail();
}
