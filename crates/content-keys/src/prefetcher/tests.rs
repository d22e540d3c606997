// SPDX-License-Identifier: MPL-2.0
//! Sources that fail, recover, or do not return.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use test_support::ManualClock;

use super::*;
use crate::{KeyProvider, KeyRing};

/// Starts the requests of periods after the first.
fn start(source: impl KeyProvider + 'static, clock: Arc<dyn Clock>) -> KeyPrefetcher {
    let source = KeySource::Opened(Box::new(source));
    let KeyChannel { keys, requests } = KeyChannel::new(source, Arc::default(), clock);
    thread::spawn(|| requests.run());
    keys
}

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
    let source = RecordingSource(Arc::clone(&requested));
    let prefetcher = start(source, Arc::new(ManualClock::default()));
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
    let source = RecordingSource(Arc::clone(&requested));
    let prefetcher = start(source, Arc::new(clock.clone()));
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
    let source = SilentSource(silent);
    let prefetcher = start(source, Arc::new(ManualClock::default()));
    let stopped = prefetcher.wait(0, || true).err().unwrap();
    assert!(matches!(stopped, Error::Stopped));
}

/// Counts its requests, and gives the keys of a period at the second one.
#[derive(Clone, Default)]
struct LateSource(Arc<AtomicUsize>);

impl KeyProvider for LateSource {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, _period: u64) -> Result<Arc<PeriodKeys>, Error> {
        match self.0.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => Err(Error::Pending {
                limit: Duration::from_secs(1000),
            }),
            _ => Ok(Arc::new(KeyRing::default().into())),
        }
    }
}

/// A channel whose source is opened by the requests, and counts how often it is.
fn unopened(source: &LateSource, cache: &Arc<KeyCache>, opened: &Arc<AtomicUsize>) -> KeyChannel {
    let (source, opened) = (source.clone(), Arc::clone(opened));
    let open = Box::new(move || {
        opened.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(source.clone()) as Box<dyn KeyProvider>)
    });
    KeyChannel::new(
        KeySource::Unopened(open),
        Arc::clone(cache),
        Arc::new(ManualClock::default()),
    )
}

#[test]
fn keys_that_come_late_are_awaited_and_kept_for_the_next_stream() {
    let (source, cache, opened) = (LateSource::default(), Arc::default(), Arc::default());
    for requests_so_far in [2, 2] {
        let KeyChannel { keys, mut requests } = unopened(&source, &cache, &opened);
        let waker = keys.waker();
        let thread = thread::spawn(move || requests.request_first(7));
        while !thread.is_finished() {
            thread::sleep(Duration::from_millis(1));
            waker.wake(7);
        }
        let first = keys.wait_first(|| false);
        assert_eq!(first.unwrap().period, 7);
        assert!(thread.join().unwrap().is_ok());
        assert_eq!(source.0.load(Ordering::SeqCst), requests_so_far);
        assert_eq!(
            opened.load(Ordering::SeqCst),
            1,
            "the next stream opens nothing"
        );
    }
}

#[test]
fn stream_that_ends_takes_its_requests_along() {
    let (source, cache, opened) = (LateSource::default(), Arc::default(), Arc::default());
    let KeyChannel { keys, mut requests } = unopened(&source, &cache, &opened);
    let thread = thread::spawn(move || {
        let first = requests.request_first(0);
        (first, requests.are_unwanted())
    });
    assert!(matches!(keys.wait_first(|| true), Err(Error::Stopped)));
    drop(keys);
    let (first, are_unwanted) = thread.join().unwrap();
    assert!(matches!(first, Err(Error::Stopped)) && are_unwanted);
}

#[test]
fn waits_end_when_the_requests_do() {
    let (source, cache, opened) = (LateSource::default(), Arc::default(), Arc::default());
    let KeyChannel { keys, requests } = unopened(&source, &cache, &opened);
    drop(requests);
    assert!(matches!(keys.wait_first(|| false), Err(Error::NoFirstKeys)));
    assert!(matches!(keys.wait(1, || false), Err(Error::RequestsEnded)));
}

/// Takes its time to record the periods that start.
struct SlowRecord(Arc<Mutex<Vec<u64>>>);

impl KeyProvider for SlowRecord {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, _period: u64) -> Result<Arc<PeriodKeys>, Error> {
        Ok(Arc::new(KeyRing::default().into()))
    }

    fn record_period_start(&mut self, period: u64) -> Result<(), Error> {
        thread::sleep(Duration::from_millis(50));
        self.0.lock().unwrap().push(period);
        Ok(())
    }
}

#[test]
fn stream_that_ends_has_its_last_periods_recorded() {
    let recorded = Arc::default();
    let source = SlowRecord(Arc::clone(&recorded));
    let prefetcher = start(source, Arc::new(ManualClock::default()));
    prefetcher.start_period(0);
    prefetcher.start_period(1);
    drop(prefetcher);
    assert_eq!(*recorded.lock().unwrap(), [0, 1]);
}
