// SPDX-License-Identifier: MPL-2.0
//! Who writes the protected file: the thread that encrypts, or one beside it, which writes a fragment while the next is read.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use bytes::BytesMut;
use cenc_mp4::Output;

use super::Error;
use super::output::OutputFile;

/// Parts that may wait to be written: two fragments.
const WAITING: usize = 4;

/// Writes the file, part by part.
pub enum Writer {
    /// At once.
    Here(Box<OutputFile>),
    /// On a thread of its own.
    Beside(Beside),
}

/// The thread and the ways to it and back; dropped, it is waited for, so that what it leaves is gone.
pub struct Beside {
    /// None when it has ended.
    running: Option<(SyncSender<Output<BytesMut>>, Thread)>,
    written: Receiver<BytesMut>,
}

type Thread = JoinHandle<Result<OutputFile, Error>>;

impl Writer {
    /// Writes on a thread of its own where there may be more than one.
    ///
    /// # Errors
    /// [`Error::Threads`] when it cannot be started.
    pub fn new(file: OutputFile, threads: usize) -> Result<Self, Error> {
        match threads {
            0 | 1 => Ok(Self::Here(Box::new(file))),
            _ => Beside::start(file).map(Self::Beside),
        }
    }

    /// Writes what comes next, or hands it over to be written; returns memory that can be used again, if there is any.
    ///
    /// # Errors
    /// [`Error::Output`], of this part or of one before it.
    pub fn write(&mut self, part: Output<BytesMut>) -> Result<Option<BytesMut>, Error> {
        match self {
            Self::Here(file) => {
                file.write(&part)?;
                Ok(memory(part))
            }
            Self::Beside(beside) => beside.write(part),
        }
    }

    /// Puts the file into its place when all is written; returns its size in bytes.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn finish(self) -> Result<u64, Error> {
        match self {
            Self::Here(file) => file.finish(),
            Self::Beside(mut beside) => beside.result()?.finish(),
        }
    }
}

impl Beside {
    fn start(mut file: OutputFile) -> Result<Self, Error> {
        let (parts, waiting) = sync_channel(WAITING);
        let (done, written) = channel();
        let work = move || write_all(&mut file, &waiting, &done).map(|()| file);
        let thread = thread::Builder::new().name("writer".into()).spawn(work);
        Ok(Self {
            running: Some((parts, thread.map_err(Error::Threads)?)),
            written,
        })
    }

    fn write(&mut self, part: Output<BytesMut>) -> Result<Option<BytesMut>, Error> {
        match &self.running {
            Some((parts, _)) if parts.send(part).is_ok() => Ok(self.written.try_recv().ok()),
            // It has ended early, and says why.
            _ => self.result().map(|_| None),
        }
    }

    /// The file, when all is written.
    fn result(&mut self) -> Result<OutputFile, Error> {
        let ended = self.end().expect("nothing is asked of it after an error");
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Waits for the thread, if it has not ended.
    fn end(&mut self) -> Option<thread::Result<Result<OutputFile, Error>>> {
        let (parts, thread) = self.running.take()?;
        // No more come.
        drop(parts);
        Some(thread.join())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // What it says no longer counts.
        let _ = self.end();
    }
}

fn write_all(
    file: &mut OutputFile,
    waiting: &Receiver<Output<BytesMut>>,
    done: &Sender<BytesMut>,
) -> Result<(), Error> {
    for part in waiting {
        file.write(&part)?;
        if let Some(bytes) = memory(part) {
            // Nobody may want it any more.
            let _ = done.send(bytes);
        }
    }
    Ok(())
}

/// The memory of payload, which is large and was read into.
fn memory(part: Output<BytesMut>) -> Option<BytesMut> {
    match part {
        Output::Media(bytes) => Some(bytes),
        _ => None,
    }
}
