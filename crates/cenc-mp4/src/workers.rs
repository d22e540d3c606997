// SPDX-License-Identifier: MPL-2.0
//! Threads that encrypt fragments in parallel while the stream goes on. They run until the packager is dropped, since to
//! start a thread takes as long as to encrypt a hundred kilobytes.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::plan::EncryptionPlan;
use super::{Chunk, Error};

/// The smallest payload that is worth waking a thread for, in bytes.
const MIN_PAYLOAD: usize = 256 << 10;
/// Bytes in work for each thread while the stream goes on: two fragments of 2 s at 8 Mb/s, so that no thread has to wait.
const AHEAD: u64 = 4 << 20;

/// The threads besides the caller's, if there are any.
#[derive(Default)]
pub(super) struct Workers {
    queue: Arc<JobQueue>,
    threads: Vec<JoinHandle<()>>,
}

/// The payload of a fragment.
pub(super) enum FragmentMedia<C> {
    /// It is encrypted.
    Done(Vec<C>),
    /// A worker has it or will take it.
    InWork(MediaInWork<C>),
}

/// Payload that is being encrypted.
pub(super) struct MediaInWork<C> {
    pub(super) len: u64,
    encrypted: Receiver<Result<Vec<C>, Error>>,
    queue: Arc<JobQueue>,
}

type Job = Box<dyn FnOnce() + Send>;

/// The jobs that no thread has taken.
#[derive(Default)]
struct JobQueue {
    state: Mutex<JobQueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct JobQueueState {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl Workers {
    /// Starts `threads` - 1 threads: the caller's own counts too.
    pub(super) fn new(threads: usize) -> Result<Self, Error> {
        let mut workers = Self::default();
        for number in 1..threads {
            let queue = Arc::clone(&workers.queue);
            workers.threads.push(
                thread::Builder::new()
                    .name(format!("cenc-{number}"))
                    .spawn(move || queue.run_jobs())
                    .map_err(Error::Threads)?,
            );
        }
        Ok(workers)
    }

    /// Returns the number of bytes that keeps all threads busy.
    pub(super) const fn ahead(&self) -> u64 {
        match self.threads.len() as u64 {
            0 => 0,
            others => AHEAD * (others + 1),
        }
    }

    /// Encrypts `len` bytes of payload as planned: at once, or in a worker if there are any and the payload is large enough.
    pub(super) fn encrypt<C: Chunk>(
        &self,
        plan: &mut EncryptionPlan,
        chunks: Vec<C>,
        len: usize,
    ) -> Result<FragmentMedia<C>, Error> {
        if self.threads.is_empty() || len < MIN_PAYLOAD {
            return plan.encrypt_chunks(chunks).map(FragmentMedia::Done);
        }
        let mut plan = std::mem::take(plan);
        let (sender, encrypted) = sync_channel(1);
        self.queue.push(Box::new(move || {
            // The receiver may be dropped already.
            let _ = sender.send(plan.encrypt_chunks(chunks));
        }));
        Ok(FragmentMedia::InWork(MediaInWork {
            len: len as u64,
            encrypted,
            queue: Arc::clone(&self.queue),
        }))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // The panic of a worker is raised where its payload is received.
            let _ = thread.join();
        }
    }
}

impl<C> FragmentMedia<C> {
    /// Takes the next `count` chunks, or all payload if a worker has it.
    pub(super) fn take(&mut self, count: usize) -> Self {
        let rest = match self {
            Self::Done(chunks) => chunks.split_off(count.min(chunks.len())),
            Self::InWork(_) => Vec::new(),
        };
        std::mem::replace(self, Self::Done(rest))
    }
}

impl<C> MediaInWork<C> {
    /// Returns the payload if it is encrypted.
    pub(super) fn finished(&self) -> Option<Result<Vec<C>, Error>> {
        match self.encrypted.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("a worker panicked"),
        }
    }

    /// Waits for the payload and returns it; the caller works on queued jobs until then.
    pub(super) fn finish(&self) -> Result<Vec<C>, Error> {
        loop {
            if let Some(result) = self.finished() {
                return result;
            }
            let job = self.queue.lock().jobs.pop_front();
            match job {
                Some(job) => job(),
                None => return self.encrypted.recv().expect("a worker panicked"),
            }
        }
    }
}

impl JobQueue {
    fn lock(&self) -> MutexGuard<'_, JobQueueState> {
        // No job runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// Runs one job after the other, until the queue is closed.
    fn run_jobs(&self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    /// Waits for the next job and returns it; None once the queue is closed.
    fn next(&self) -> Option<Job> {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| {
                state.jobs.is_empty() && !state.is_closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        match state.is_closed {
            true => None,
            false => state.jobs.pop_front(),
        }
    }
}
