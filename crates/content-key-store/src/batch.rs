// SPDX-License-Identifier: MPL-2.0
//! Runs many requests in one transaction, so that they wait for the disk only once. Each has its own row in the audit and succeeds
//! or is refused on its own. None is answered before all are on disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use cenc_types::KeyId;

use super::actor::Actor;
use super::audit::{self, Event};
use super::content_key::load_for_licences;
use super::facts::Wanted;
use super::key_requests::{self, ContentKeys, SlotRequest};
use super::shared::{Begin, Shared};
use super::transaction::{Recorded, Transaction};
use super::{Error, KeyStore, StoredKey};

/// The largest number of waiting requests; more are refused.
const MAX_WAITING: usize = 1024;
/// The largest number of requests in a transaction, all of which the last request waits for.
const MAX_TOGETHER: usize = 64;

/// Takes requests from any thread and answers them from its own. Dropping it first answers the waiting requests.
pub struct Batcher {
    /// The queue; None while the batcher is dropped.
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// A request of any kind.
trait Job: Send {
    /// Returns what it will look for.
    fn wanted(&self) -> &Wanted;
    /// Runs the request, possibly again in another transaction. An error ends the whole transaction.
    fn run(&mut self, transaction: &mut Transaction<'_>, company: Company) -> Result<(), Error>;
    /// Answers the request with the result of the transaction.
    fn answer(self: Box<Self>, kept: Result<(), &Error>);
}

/// The requests to which a statement that the database refuses may belong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Company {
    /// All of the transaction: their statements run together.
    Together,
    /// The one that runs.
    Alone,
}

struct BatchedRequest<T, W, A> {
    actor: Actor,
    action: &'static str,
    object: String,
    wanted: Wanted,
    work: W,
    done: Option<Result<T, Error>>,
    answer: A,
}

impl Batcher {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub fn start(store: &KeyStore) -> Result<Self, Error> {
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let store = store.clone();
        Ok(Self {
            queue: Some(queue),
            thread: Some(
                Builder::new()
                    .name("key-store".to_owned())
                    .spawn(move || serve(&store, &waiting))
                    .map_err(Error::Thread)?,
            ),
        })
    }

    /// Does the same as [`KeyStore::get_or_create_keys`] for an actor, and adds the settings of the content. `answer` is called from the
    /// store's thread, or at once if the request cannot be taken. It must not block.
    pub fn get_or_create_keys(
        &self,
        actor: &Actor,
        wanted: Vec<SlotRequest>,
        answer: impl FnOnce(Result<ContentKeys, Error>) + Send + 'static,
    ) {
        if let Err(error) = key_requests::check(actor, &wanted) {
            return answer(Err(error));
        }
        self.send(BatchedRequest {
            actor: actor.clone(),
            action: "keys of",
            object: key_requests::object(&wanted),
            wanted: key_requests::needs(&wanted),
            work: move |transaction: &mut Transaction<'_>| {
                key_requests::with_content(transaction, &wanted)
            },
            done: None,
            answer,
        });
    }

    /// Does the same as [`KeyStore::key`] for an actor. `answer` is called as by [`Self::get_or_create_keys`].
    pub fn key(
        &self,
        actor: &Actor,
        kid: KeyId,
        answer: impl FnOnce(Result<StoredKey, Error>) + Send + 'static,
    ) {
        self.send(BatchedRequest {
            actor: actor.clone(),
            action: "read",
            object: kid.to_string(),
            wanted: Wanted {
                kids: vec![kid],
                ..Wanted::default()
            },
            work: move |transaction: &mut Transaction<'_>| {
                Ok((load_for_licences(transaction, &kid)?, "ok".to_owned()))
            },
            done: None,
            answer,
        });
    }

    fn send(&self, job: impl Job + 'static) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) =
            queue.try_send(Box::new(job))
        {
            job.answer(Err(&Error::Busy));
        }
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It ends when the queue is empty; its panic was reported already.
            let _ = thread.join();
        }
    }
}

fn serve(store: &KeyStore, waiting: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(MAX_TOGETHER - 1));
        // A panic must not end the thread, and with it all later requests. Its place is on standard error.
        let kept = catch_unwind(AssertUnwindSafe(|| run(store, &mut jobs)))
            .unwrap_or_else(|_| Err(Error::Statement("the program failed".to_owned())));
        for job in jobs {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                job.answer(kept.as_ref().map(|&()| ()));
            }));
        }
    }
}

/// Runs requests in one transaction. Where nothing has changed since the last one, it takes one round trip to the database, otherwise two.
/// If the database refuses a statement, the requests run again, each with a savepoint.
fn run(store: &KeyStore, jobs: &mut [Box<dyn Job>]) -> Result<(), Error> {
    let mut wanted = Wanted::default();
    for job in &*jobs {
        wanted.add(job.wanted());
    }
    let mut shared = store.lock();
    if shared.knows(&wanted) {
        let done = run_all(&mut shared, Begin::Expect, jobs, Company::Together);
        if !(done.is_err() && shared.database.found_changes()) {
            return done;
        }
    }
    let begin = Begin::Write(&wanted);
    match run_all(&mut shared, begin, jobs, Company::Together) {
        Err(error) if !error.is_temporary() => run_all(&mut shared, begin, jobs, Company::Alone),
        done => done,
    }
}

fn run_all(
    shared: &mut Shared,
    begin: Begin<'_>,
    jobs: &mut [Box<dyn Job>],
    company: Company,
) -> Result<(), Error> {
    shared.run(&Actor::unnamed(), begin, |transaction| {
        jobs.iter_mut()
            .try_for_each(|job| job.run(transaction, company))
    })
}

impl<T, W, A> Job for BatchedRequest<T, W, A>
where
    T: Send,
    W: Fn(&mut Transaction<'_>) -> Recorded<T> + Send,
    A: FnOnce(Result<T, Error>) + Send,
{
    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn run(&mut self, transaction: &mut Transaction<'_>, company: Company) -> Result<(), Error> {
        transaction.actor = self.actor.clone();
        transaction.begin_request();
        let done = (self.work)(transaction).and_then(|recorded| match company {
            Company::Together => Ok(recorded),
            Company::Alone => transaction.database.run_pending().map(|()| recorded),
        });
        let refused;
        let result = match &done {
            Ok((_, result)) => {
                transaction.keep_request()?;
                result
            }
            Err(error) if error.is_temporary() => return Err(error.again()),
            // A statement of any of the requests was refused.
            Err(error) if company == Company::Together && transaction.database.is_aborted() => {
                return Err(error.again());
            }
            Err(error) => {
                transaction.undo_request()?;
                refused = format!("refused: {error}");
                &refused
            }
        };
        let event = Event {
            actor: self.actor.name(),
            action: self.action,
            object: &self.object,
            result,
        };
        audit::append(transaction, &event)?;
        self.done = Some(done.map(|(value, _)| value));
        Ok(())
    }

    fn answer(self: Box<Self>, kept: Result<(), &Error>) {
        (self.answer)(match kept {
            Ok(()) => self.done.unwrap_or(Err(Error::Busy)),
            Err(error) => Err(error.again()),
        });
    }
}
