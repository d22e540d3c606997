// SPDX-License-Identifier: MPL-2.0
//! Sources that fail, are silent or come back.

use std::sync::mpsc::{Receiver, channel};

use test_support::ManualClock;

use super::*;
use crate::KeyRing;

/// Notes what it is asked for; fails at every other question about period 3.
struct Source(Arc<Mutex<Vec<u64>>>);

impl KeyProvider for Source {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
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
    let source = Box::new(Source(Arc::clone(&asked)));
    let schedule = KeyPrefetcher::start(source, Arc::new(ManualClock::default())).unwrap();
    schedule.prefetch(1);
    schedule.prefetch(2);
    let patient = || false;
    assert!(schedule.wait(1, patient).is_ok() && schedule.wait(2, patient).is_ok());
    let failed = schedule.wait(3, patient).err().unwrap();
    assert!(matches!(failed, Error::NoPeriod { period: 3 }));
    assert_eq!(schedule.next_failure().unwrap().period, 3);
    assert!(schedule.wait(3, patient).is_ok());
    assert_eq!(*asked.lock().unwrap(), [1, 2, 3, 3]);
}

#[test]
fn what_fails_is_tried_again_when_its_time_has_come() {
    let asked: Arc<Mutex<Vec<u64>>> = Arc::default();
    let clock = ManualClock::at(100);
    let source = Box::new(Source(Arc::clone(&asked)));
    let schedule = KeyPrefetcher::start(source, Arc::new(clock.clone())).unwrap();
    let until = |done: &dyn Fn() -> bool| {
        (0..1000).any(|_| {
            thread::sleep(Duration::from_millis(2));
            done()
        })
    };
    assert!(schedule.get(3).is_none());
    assert!(until(&|| schedule.next_failure().is_some()));
    assert!(schedule.get(3).is_none(), "too early");
    clock.set(101);
    assert!(until(&|| schedule.get(3).is_some()));
    assert_eq!(*asked.lock().unwrap(), [3, 3]);
}

/// Never answers.
struct Silent(Receiver<()>);

impl KeyProvider for Silent {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, _period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let _ = self.0.recv();
        Err(Error::Stopped)
    }
}

#[test]
fn wait_ends_when_it_is_told_to() {
    let (_hold, silent) = channel();
    let source = Box::new(Silent(silent));
    let schedule = KeyPrefetcher::start(source, Arc::new(ManualClock::default())).unwrap();
    let stopped = schedule.wait(0, || true).err().unwrap();
    assert!(matches!(stopped, Error::Stopped));
}
