// SPDX-License-Identifier: MPL-2.0
//! Threads that encrypt fragments side by side, while the stream goes on. They live as long as the packager: to start one takes as
//! long as to encrypt a hundred kilobytes.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::payload::Payload;
use super::plan::Plan;
use super::{Chunk, Error};

/// Payload with fewer bytes than this is not worth waking a thread for.
const LEAST: usize = 256 << 10;
/// What may be in work for each thread while the stream goes on, in bytes: two fragments of 2 s at 8 Mb/s, so that none has to wait.
const AHEAD: u64 = 4 << 20;

/// The threads beside the caller's, if there are any.
#[derive(Default)]
pub(super) struct Workers {
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
}

/// The payload of a fragment.
pub(super) enum FragmentMedia<C> {
    /// It can be given.
    Done(Vec<C>),
    /// Somebody has it, or will.
    InWork(InWork<C>),
}

/// Payload that waits for its cipher text.
pub(super) struct InWork<C> {
    pub(super) len: u64,
    done: Receiver<Result<Vec<C>, Error>>,
    desk: Arc<Desk>,
}

type Job = Box<dyn FnOnce() + Send>;

/// Where jobs lie that nobody has begun.
#[derive(Default)]
struct Desk {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    is_closed: bool,
}

impl Workers {
    /// `threads` in all, the caller's own included.
    pub(super) fn new(threads: usize) -> Result<Self, Error> {
        let mut workers = Self::default();
        for number in 1..threads {
            let desk = Arc::clone(&workers.desk);
            let named = thread::Builder::new().name(format!("cenc-{number}"));
            let started = named.spawn(move || desk.work());
            workers.threads.push(started.map_err(Error::Threads)?);
        }
        Ok(workers)
    }

    /// How many bytes may best be in work.
    pub(super) const fn ahead(&self) -> u64 {
        match self.threads.len() as u64 {
            0 => 0,
            beside => AHEAD * (beside + 1),
        }
    }

    /// Encrypts `len` bytes of payload as planned: at once, or where threads are worth it when one comes to it.
    pub(super) fn encrypt<C: Chunk>(
        &self,
        plan: &mut Plan,
        (mut chunks, len): (Vec<C>, usize),
    ) -> Result<FragmentMedia<C>, Error> {
        if self.threads.is_empty() || len < LEAST {
            plan.encrypt(&mut Payload::new(&mut chunks))?;
            return Ok(FragmentMedia::Done(chunks));
        }
        let mut plan = std::mem::take(plan);
        let (give, done) = sync_channel(1);
        self.desk.put(Box::new(move || {
            let encrypted = plan.encrypt(&mut Payload::new(&mut chunks));
            // Nobody may want it any more.
            let _ = give.send(encrypted.map(|()| chunks));
        }));
        Ok(FragmentMedia::InWork(InWork {
            len: len as u64,
            done,
            desk: Arc::clone(&self.desk),
        }))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.desk.jobs().is_closed = true;
        self.desk.changed.notify_all();
        for thread in self.threads.drain(..) {
            // Whoever waits for what it had panics in its place.
            let _ = thread.join();
        }
    }
}

impl<C> InWork<C> {
    /// The payload, if it is done.
    pub(super) fn finished(&self) -> Option<Result<Vec<C>, Error>> {
        match self.done.try_recv() {
            Ok(done) => Some(done),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("a worker panicked"),
        }
    }

    /// The payload when it is done; the caller works until then.
    pub(super) fn finish(&self) -> Result<Vec<C>, Error> {
        loop {
            if let Some(done) = self.finished() {
                return done;
            }
            let job = self.desk.jobs().waiting.pop_front();
            match job {
                Some(job) => job(),
                None => return self.done.recv().expect("a worker panicked"),
            }
        }
    }
}

impl Desk {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // No job is run under the lock.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, job: Job) {
        self.jobs().waiting.push_back(job);
        self.changed.notify_one();
    }

    /// Does one job after the other, until the desk is closed.
    fn work(&self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    fn next(&self) -> Option<Job> {
        let nothing_to_do = |jobs: &mut Jobs| jobs.waiting.is_empty() && !jobs.is_closed;
        let jobs = self.changed.wait_while(self.jobs(), nothing_to_do);
        let mut jobs = jobs.unwrap_or_else(PoisonError::into_inner);
        match jobs.is_closed {
            true => None,
            false => jobs.waiting.pop_front(),
        }
    }
}
