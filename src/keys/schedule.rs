// SPDX-License-Identifier: MPL-2.0
//! Asks for the keys of crypto periods ahead, so that they are there when the stream gets to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::{Error, KeyProvider, PeriodKeys};

type Answer = Result<Arc<PeriodKeys>, Error>;

/// A source of keys with the thread on which it is asked.
pub struct KeySchedule {
    questions: Sender<(u64, Sender<Answer>)>,
    pending: BTreeMap<u64, Receiver<Answer>>,
}

impl KeySchedule {
    /// How often a wait looks whether it is to end.
    const PATIENCE: Duration = Duration::from_millis(50);

    /// Starts the thread; it ends when the schedule is dropped and the source has answered.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(mut provider: Box<dyn KeyProvider>) -> Result<Self, Error> {
        let (questions, asked) = channel::<(u64, Sender<Answer>)>();
        let work = move || {
            for (period, answer) in asked {
                // Nobody waits any more for an answer that cannot be given.
                let _ = answer.send(provider.period_keys(period));
            }
        };
        let thread = thread::Builder::new().name("playready-keys".to_owned());
        thread.spawn(work).map_err(Error::Thread)?;
        Ok(Self {
            questions,
            pending: BTreeMap::new(),
        })
    }

    /// Asks for the keys of a period, if that was not done; returns at once.
    pub fn ask(&mut self, period: u64) {
        self.pending.entry(period).or_insert_with(|| {
            let (answer, answered) = channel();
            // A thread that is gone shows when the answer is waited for.
            let _ = self.questions.send((period, answer));
            answered
        });
    }

    /// The keys of a period, waiting for them until `stop` says that nobody needs them any more. What failed when it was asked
    /// ahead is asked again.
    ///
    /// # Errors
    /// Those of the source, [`Error::Stopped`].
    pub fn wait(&mut self, period: u64, stop: impl Fn() -> bool) -> Answer {
        let asked_ahead = self.pending.contains_key(&period);
        match self.wait_once(period, &stop) {
            Err(_) if asked_ahead && !stop() => self.wait_once(period, &stop),
            answer => answer,
        }
    }

    fn wait_once(&mut self, period: u64, stop: &impl Fn() -> bool) -> Answer {
        self.ask(period);
        // Nobody will ask about the periods before.
        self.pending = self.pending.split_off(&period);
        let Some(answered) = self.pending.get(&period) else {
            return Err(Error::Stopped);
        };
        let answer = loop {
            match answered.recv_timeout(Self::PATIENCE) {
                Ok(answer) => break answer,
                Err(RecvTimeoutError::Disconnected) => break Err(Error::Stopped),
                Err(RecvTimeoutError::Timeout) if stop() => return Err(Error::Stopped),
                Err(RecvTimeoutError::Timeout) => (),
            }
        };
        self.pending.remove(&period);
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::keys::KeyRing;

    /// Notes what it is asked for; fails at every other question about period 3.
    struct Source(Arc<Mutex<Vec<u64>>>);

    impl KeyProvider for Source {
        fn rotates(&self) -> bool {
            true
        }

        fn period_keys(&mut self, period: u64) -> Answer {
            let mut asked = self.0.lock().unwrap();
            asked.push(period);
            match period == 3 && asked.iter().filter(|&&other| other == 3).count() % 2 == 1 {
                true => Err(Error::NoPeriod { period }),
                false => Ok(Arc::new(KeyRing::default().into())),
            }
        }
    }

    #[test]
    fn each_period_is_asked_for_once_and_after_an_error_again() {
        let asked = Arc::default();
        let mut schedule = KeySchedule::start(Box::new(Source(Arc::clone(&asked)))).unwrap();
        schedule.ask(1);
        schedule.ask(2);
        let patient = || false;
        assert!(schedule.wait(1, patient).is_ok() && schedule.wait(2, patient).is_ok());
        let failed = schedule.wait(3, patient).err().unwrap();
        assert!(matches!(failed, Error::NoPeriod { period: 3 }));
        assert!(schedule.wait(3, patient).is_ok());
        schedule.ask(3);
        assert!(schedule.wait(3, patient).is_ok());
        assert_eq!(*asked.lock().unwrap(), [1, 2, 3, 3, 3, 3]);
    }

    /// Never answers.
    struct Silent(Receiver<()>);

    impl KeyProvider for Silent {
        fn rotates(&self) -> bool {
            true
        }

        fn period_keys(&mut self, _period: u64) -> Answer {
            let _ = self.0.recv();
            Err(Error::Stopped)
        }
    }

    #[test]
    fn wait_ends_when_it_is_told_to() {
        let (_hold, silent) = channel();
        let mut schedule = KeySchedule::start(Box::new(Silent(silent))).unwrap();
        let stopped = schedule.wait(0, || true).err().unwrap();
        assert!(matches!(stopped, Error::Stopped));
    }
}
