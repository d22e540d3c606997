// SPDX-License-Identifier: MPL-2.0
//! Sources that fail, recover, or do not return.

use std::sync::mpsc::{Receiver, channel};

use test_support::ManualClock;

use super::*;
use crate::KeyRing;

/// Records the requested periods, and fails at every other request for period 3.
struct RecordingSource(Arc<Mutex<Vec<u64>>>);

impl KeyProvider for RecordingSource {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let mut requested = self.0.lock().unwrap();
        requested.push(period);
        match period == 3 && requested.iter().filter(|&&other| other == 3).count() % 2 == 1 {
            true => Err(Error::NoPeriod { period }),
            false => Ok(Arc::new(KeyRing::default().into())),
        }
    }
}

#[test]
fn each_period_is_requested_once_and_again_after_an_error() {
    let requested = Arc::default();
    let source = Box::new(RecordingSource(Arc::clone(&requested)));
    let prefetcher = KeyPrefetcher::start(source, Arc::new(ManualClock::default())).unwrap();
    prefetcher.prefetch(1);
    prefetcher.prefetch(2);
    let patient = || false;
    assert!(prefetcher.wait(1, patient).is_ok() && prefetcher.wait(2, patient).is_ok());
    let failed = prefetcher.wait(3, patient).err().unwrap();
    assert!(matches!(failed, Error::NoPeriod { period: 3 }));
    assert_eq!(prefetcher.next_failure().unwrap().period, 3);
    assert!(prefetcher.wait(3, patient).is_ok());
    assert_eq!(*requested.lock().unwrap(), [1, 2, 3, 3]);
}

#[test]
fn failed_requests_are_repeated_when_they_are_due() {
    let requested: Arc<Mutex<Vec<u64>>> = Arc::default();
    let clock = ManualClock::at(100);
    let source = Box::new(RecordingSource(Arc::clone(&requested)));
    let prefetcher = KeyPrefetcher::start(source, Arc::new(clock.clone())).unwrap();
    let until = |done: &dyn Fn() -> bool| {
        (0..1000).any(|_| {
            thread::sleep(Duration::from_millis(2));
            done()
        })
    };
    assert!(prefetcher.get(3).is_none());
    assert!(until(&|| prefetcher.next_failure().is_some()));
    assert!(prefetcher.get(3).is_none(), "too early");
    clock.set(101);
    assert!(until(&|| prefetcher.get(3).is_some()));
    assert_eq!(*requested.lock().unwrap(), [3, 3]);
}

/// Does not return.
struct SilentSource(Receiver<()>);

impl KeyProvider for SilentSource {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, _period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let _ = self.0.recv();
        Err(Error::Stopped)
    }
}

#[test]
fn wait_ends_when_stop_returns_true() {
    let (_hold, silent) = channel();
    let source = Box::new(SilentSource(silent));
    let prefetcher = KeyPrefetcher::start(source, Arc::new(ManualClock::default())).unwrap();
    let stopped = prefetcher.wait(0, || true).err().unwrap();
    assert!(matches!(stopped, Error::Stopped));
}
