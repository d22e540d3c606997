// SPDX-License-Identifier: MPL-2.0
//! Writes the protected file on the thread that encrypts, or on another one while the next fragment is read.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use bytes::BytesMut;
use cenc_mp4::Output;

use super::Error;
use super::output::OutputFile;

/// The number of parts that may wait to be written: those of two fragments.
const MAX_QUEUED: usize = 4;

/// Writes the protected file part by part.
pub enum OutputWriter {
    /// On the calling thread.
    Direct(Box<OutputFile>),
    /// On another thread.
    Threaded(WriterThread),
}

/// A thread that writes. When it is dropped, it waits for the thread, which then has removed the temporary file.
pub struct WriterThread {
    /// None after the thread has ended.
    running: Option<RunningThread>,
    recycled: Receiver<BytesMut>,
}

struct RunningThread {
    queue: SyncSender<Output<BytesMut>>,
    handle: JoinHandle<Result<OutputFile, Error>>,
}

impl OutputWriter {
    /// Starts a thread that writes if there may be more than one.
    ///
    /// # Errors
    /// [`Error::Threads`] if it cannot be started.
    pub fn new(file: OutputFile, threads: usize) -> Result<Self, Error> {
        match threads {
            0 | 1 => Ok(Self::Direct(Box::new(file))),
            _ => WriterThread::start(file).map(Self::Threaded),
        }
    }

    /// Writes or queues the next part; returns a buffer that can be reused, if there is one.
    ///
    /// # Errors
    /// [`Error::Output`], of this part or an earlier one.
    pub fn write(&mut self, part: Output<BytesMut>) -> Result<Option<BytesMut>, Error> {
        match self {
            Self::Direct(file) => {
                file.write(&part)?;
                Ok(media_buffer(part))
            }
            Self::Threaded(thread) => thread.write(part),
        }
    }

    /// Renames the file when all parts are written; returns its size in bytes.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn finish(self) -> Result<u64, Error> {
        match self {
            Self::Direct(file) => file.finish(),
            Self::Threaded(mut thread) => thread.join_file()?.finish(),
        }
    }
}

impl WriterThread {
    fn start(mut file: OutputFile) -> Result<Self, Error> {
        let (queue, parts) = sync_channel(MAX_QUEUED);
        let (written, recycled) = channel();
        let handle = thread::Builder::new()
            .name("writer".into())
            .spawn(move || write_parts(&mut file, &parts, &written).map(|()| file))
            .map_err(Error::Threads)?;
        Ok(Self {
            running: Some(RunningThread { queue, handle }),
            recycled,
        })
    }

    fn write(&mut self, part: Output<BytesMut>) -> Result<Option<BytesMut>, Error> {
        match &self.running {
            Some(running) if running.queue.send(part).is_ok() => Ok(self.recycled.try_recv().ok()),
            // The thread has ended with an error.
            _ => self.join_file().map(|_| None),
        }
    }

    /// Returns the file when all parts are written.
    fn join_file(&mut self) -> Result<OutputFile, Error> {
        self.join()
            .expect("the writer is not used after an error")
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Waits for the thread; None if it was joined before.
    fn join(&mut self) -> Option<thread::Result<Result<OutputFile, Error>>> {
        let RunningThread { queue, handle } = self.running.take()?;
        // The thread ends when the queue is closed and empty.
        drop(queue);
        Some(handle.join())
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        // The command has failed with another error.
        let _ = self.join();
    }
}

fn write_parts(
    file: &mut OutputFile,
    parts: &Receiver<Output<BytesMut>>,
    written: &Sender<BytesMut>,
) -> Result<(), Error> {
    for part in parts {
        file.write(&part)?;
        if let Some(buffer) = media_buffer(part) {
            // The receiver may have been dropped.
            let _ = written.send(buffer);
        }
    }
    Ok(())
}

/// Returns the buffer of media data, which is large enough to be reused.
fn media_buffer(part: Output<BytesMut>) -> Option<BytesMut> {
    match part {
        Output::Media(bytes) => Some(bytes),
        _ => None,
    }
}
