// SPDX-License-Identifier: MPL-2.0
//! The delivery of keys from the store to a licence server, which another author wrote and which fails in all the ways of
//! servers.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{Content, KeyState, KeyStore};
use key_server::audit::{self, AuditFilter};
use key_server::deliveries::{self, DeliveryState};
use key_server::delivery::{
    Credentials, Encryption, Error, Handoff, Outcome, Pem, Reach, Report, Target,
};
use serde_json::{Value, json};

use super::place::{Place, places};
use super::receiver::Receiver;
use super::{ALL, hex, new_key, processes, slot};

/// A store with a content whose keys change and go to the targets, and one of its keys.
fn with_key(place: &Place, targets: &[&Target]) -> (KeyStore, KeyId) {
    let store = place.open();
    let mut content = Content::new("film & more", Scheme::Cens);
    content.crypto_period = Some(Duration::from_secs(10));
    content.targets = targets.iter().map(|target| target.name.clone()).collect();
    store.put_content(&content).unwrap();
    let kid = store
        .get_or_create_key(&slot("film & more", 7))
        .unwrap()
        .info
        .kid;
    (store, kid)
}

/// The keys in the receiver's form.
fn keys_of(store: &KeyStore, kid: &KeyId) -> Value {
    json!({ kid.to_string(): hex(store.key(kid).unwrap().key.as_bytes()) })
}

/// The outcome of the only delivery in a turn.
fn outcome(report: &Report) -> &Outcome {
    assert!(report.faults.is_empty(), "{report:?}");
    assert_eq!(report.pushes.len(), 1, "{report:?}");
    &report.pushes[0].outcome
}

/// Delivers until no delivery waits any more. Returns the text of each failure.
fn failures(handoff: &Handoff) -> Vec<String> {
    let mut failures = Vec::new();
    let mut report = handoff.run_once();
    loop {
        match outcome(&report) {
            Outcome::Acknowledged => return failures,
            Outcome::Postponed { error, until } => {
                failures.push(error.clone());
                let until = *until;
                report = handoff.run_once();
                let wait = until.duration_since(SystemTime::now()).unwrap_or_default();
                assert!(wait < Duration::from_secs(5));
                if report.is_empty() {
                    std::thread::sleep(wait + Duration::from_millis(2));
                    report = handoff.run_once();
                } else {
                    // On a busy machine the time of the next attempt may have come meanwhile.
                    assert!(wait.is_zero(), "it is tried before its time");
                }
            }
            Outcome::GivenUp { error } => panic!("{error}"),
        }
    }
}

/// The worker of a process that is killed.
pub fn job(store: &KeyStore, url: &str, certificate: &str) {
    let target = Target {
        name: "one".to_owned(),
        url: url.to_owned(),
        credentials: None,
        ca: None,
        encryption: Encryption::ToCertificate(Pem::File(PathBuf::from(certificate))),
        timeout: Duration::from_secs(1),
        reach: Reach::Anywhere,
    };
    Handoff::new(store, &[target]).unwrap().run_once();
}

#[test]
fn key_reaches_its_targets_encrypted_and_may_then_become_active() {
    let Some(receiver) = Receiver::start("hand-off") else {
        return;
    };
    for place in places("handoff") {
        let targets = [
            receiver.target("one", "/"),
            receiver.target("two", "/empty"),
        ];
        let (store, kid) = with_key(&place, &[&targets[0], &targets[1]]);
        let first = Handoff::new(&store, &targets[..1]).unwrap();
        assert_eq!(outcome(&first.run_once()), &Outcome::Acknowledged);
        let refused = store.set_state(&kid, KeyState::Active).err().unwrap();
        assert!(refused.to_string().contains("has not acknowledged"));
        assert!(first.run_once().is_empty(), "the other one is not its");
        let second = Handoff::new(&store, &targets[1..]).unwrap();
        assert_eq!(outcome(&second.run_once()), &Outcome::Acknowledged);
        assert_eq!(store.info(&kid).unwrap().state, KeyState::Delivered);
        store.set_state(&kid, KeyState::Active).unwrap();
        for (path, status) in [("/", 200), ("/empty", 204)] {
            let expected = json!({
                "path": path, "status": status, "type": "application/xml", "problems": [], "is_clear": false,
                "keys": keys_of(&store, &kid), "content": "film & more", "scheme": ["cens"],
                "periods": {"period-7": "7"}, "rules": [["video", "period-7", "video"]],
            });
            assert_eq!(receiver.next(), expected);
        }
        let audit = audit::list(&store, &AuditFilter::default(), &ALL).unwrap();
        let reads = audit.iter().filter(|row| row.action == "read");
        let readers: Vec<_> = reads.map(|row| row.actor.as_str()).collect();
        for name in ["hand-off to one", "hand-off to two"] {
            assert!(readers.contains(&name), "{readers:?}");
        }
    }
}

#[test]
fn key_of_two_contents_is_sent_with_each() {
    let Some(receiver) = Receiver::start("hand-off of two contents") else {
        return;
    };
    for place in places("handoff-contents") {
        let store = place.open();
        let (key, bytes) = new_key(CipherMode::Ctr);
        store.insert(&key, &[slot("a", 0), slot("b", 0)]).unwrap();
        store.enqueue(&key.kid, &["one".to_owned()]).unwrap();
        let handoff = Handoff::new(&store, &[receiver.target("one", "/")]).unwrap();
        assert_eq!(outcome(&handoff.run_once()), &Outcome::Acknowledged);
        for content in ["a", "b"] {
            let document = receiver.next();
            assert_eq!(document["content"], content);
            assert_eq!(
                document["keys"],
                json!({ key.kid.to_string(): hex(&bytes) })
            );
            assert_eq!(document["problems"], json!([]));
        }
        assert!(receiver.rest().is_empty());
    }
}

#[test]
fn target_that_fails_for_now_is_sent_the_same_key_again() {
    let Some(receiver) = Receiver::start("hand-off again") else {
        return;
    };
    for (number, place) in places("handoff-again").iter().enumerate() {
        for (fault, said) in [
            ("busy", &["status 500", "status 429"][..]),
            ("slow", &["timeout"]),
        ] {
            let target = receiver.target(fault, &format!("/{fault}/{number}"));
            let (store, kid) = with_key(place, &[&target]);
            store.enqueue(&kid, &[fault.to_owned()]).unwrap();
            let handoff = Handoff::new(&store, &[target]).unwrap();
            let failures = failures(&handoff);
            assert_eq!(failures.len(), said.len(), "{failures:?}");
            for (failure, said) in failures.iter().zip(said) {
                assert!(failure.contains(said), "{failure}");
            }
            let mut deliveries = deliveries::of_key(&store, &kid).unwrap().into_iter();
            let delivery = deliveries
                .find(|delivery| delivery.target == fault)
                .unwrap();
            assert_eq!(delivery.attempts, said.len() as u64 + 1);
            assert_eq!(delivery.error, None);
            for _ in 0..=said.len() {
                assert_eq!(receiver.next()["keys"], keys_of(&store, &kid));
            }
        }
    }
}

#[test]
fn nobody_at_the_address_is_waited_for_and_ends_the_turn() {
    let Some(receiver) = Receiver::start("hand-off to nobody") else {
        return;
    };
    // The port was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for place in places("handoff-nobody") {
        let mut target = receiver.target("one", "/");
        target.url = format!("http://{address}/");
        let (store, _) = with_key(&place, &[&target]);
        store.get_or_create_key(&slot("film & more", 8)).unwrap();
        let report = Handoff::new(&store, &[target]).unwrap().run_once();
        let Outcome::Postponed { error, .. } = outcome(&report) else {
            panic!("{report:?}");
        };
        assert!(error.contains("cannot be reached"), "{error}");
    }
}

#[test]
fn refusal_is_final_and_told_without_the_key() {
    let Some(receiver) = Receiver::start("hand-off refused") else {
        return;
    };
    for (number, place) in places("handoff-refused").iter().enumerate() {
        let target = receiver.target("one", &format!("/refuse/{number}"));
        let (store, kid) = with_key(place, &[&target]);
        let handoff = Handoff::new(&store, &[target]).unwrap();
        let report = handoff.run_once();
        let Outcome::GivenUp { error } = outcome(&report) else {
            panic!("{report:?}");
        };
        let delivery = deliveries::of_key(&store, &kid).unwrap().pop().unwrap();
        assert_eq!(delivery.state, DeliveryState::GivenUp);
        assert_eq!(delivery.error.as_ref(), Some(error));
        assert!(error.contains("status 400") && error.contains("not taken"));
        let key = hex(store.key(&kid).unwrap().key.as_bytes());
        assert!(!error.contains(&key) && error.contains("***"), "{error}");
        assert!(store.set_state(&kid, KeyState::Active).is_err());
        assert!(handoff.run_once().is_empty());
        store.enqueue(&kid, &["one".to_owned()]).unwrap();
        assert_eq!(outcome(&handoff.run_once()), &Outcome::Acknowledged);
        store.set_state(&kid, KeyState::Active).unwrap();
    }
}

#[test]
fn worker_killed_before_the_answer_loses_nothing() {
    let Some(receiver) = Receiver::start("hand-off killed") else {
        return;
    };
    for (number, place) in places("handoff-killed").iter().enumerate() {
        let target = receiver.target("one", &format!("/hang/{number}"));
        let (store, kid) = with_key(place, &[&target]);
        let certificate = receiver.file("certificate.pem");
        let work = format!("hand-off\t{}\t{}", target.url, certificate.display());
        let mut worker = processes::start(place, &work);
        let first = receiver.next();
        worker.kill().unwrap();
        worker.wait().unwrap();
        let handoff = Handoff::new(&store, &[target]).unwrap();
        assert!(handoff.run_once().is_empty(), "the lease still runs");
        assert!(store.set_state(&kid, KeyState::Active).is_err());
        let until = Instant::now() + Duration::from_secs(20);
        let report = loop {
            let report = handoff.run_once();
            if !report.is_empty() {
                break report;
            }
            assert!(Instant::now() < until, "it does not come back");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(outcome(&report), &Outcome::Acknowledged);
        let second = receiver.next();
        assert_eq!(first["keys"], keys_of(&store, &kid));
        assert_eq!(second["keys"], first["keys"]);
        store.set_state(&kid, KeyState::Active).unwrap();
    }
}

#[test]
fn workers_share_the_keys() {
    let Some(receiver) = Receiver::start("hand-off by two") else {
        return;
    };
    for place in places("handoff-two") {
        let target = receiver.target("one", "/");
        let (store, _) = with_key(&place, &[&target]);
        for period in 100..130 {
            store
                .get_or_create_key(&slot("film & more", period))
                .unwrap();
        }
        let acknowledged = std::thread::scope(|scope| {
            let workers = [0, 1].map(|_| {
                let (stop, stopped) = mpsc::channel::<()>();
                let handoff = Handoff::new(&place.open(), std::slice::from_ref(&target)).unwrap();
                let work = scope.spawn(move || {
                    let mut pushes = Vec::new();
                    while stopped.recv_timeout(Duration::from_millis(50))
                        == Err(RecvTimeoutError::Timeout)
                    {
                        pushes.extend(handoff.run_once().pushes);
                    }
                    pushes.len()
                });
                (stop, work)
            });
            let received: Vec<_> = (0..31).map(|_| receiver.next()).collect();
            let stopped = workers.map(|(stop, work)| {
                drop(stop);
                work.join().unwrap()
            });
            let by_key: BTreeMap<_, _> = received
                .iter()
                .map(|document| (document["keys"].to_string(), ()))
                .collect();
            assert_eq!(by_key.len(), 31, "one was sent twice");
            stopped.iter().sum::<usize>()
        });
        assert_eq!(acknowledged, 31);
        assert!(receiver.rest().is_empty());
    }
}

#[test]
fn clear_keys_go_to_https_with_credentials_when_that_is_said() {
    let Some(receiver) = Receiver::start_tls("hand-off over TLS") else {
        return;
    };
    for place in places("handoff-tls") {
        let mut target = receiver.target("one", "/login");
        let login = receiver
            .scratch()
            .write_secret("login", "basic user:pass word\n");
        target.encryption = Encryption::Clear;
        target.credentials = Some(Credentials::File(login));
        let (store, kid) = with_key(&place, &[&target]);
        let untrusted = Handoff::new(&store, std::slice::from_ref(&target)).unwrap();
        let report = untrusted.run_once();
        let Outcome::Postponed { error, until } = outcome(&report) else {
            panic!("{report:?}");
        };
        assert!(error.contains("certificate"), "{error}");
        let wait = until.duration_since(SystemTime::now()).unwrap_or_default();
        std::thread::sleep(wait + Duration::from_millis(2));
        target.ca = Some(Pem::File(receiver.file("tls.pem")));
        let handoff = Handoff::new(&store, &[target]).unwrap();
        assert_eq!(outcome(&handoff.run_once()), &Outcome::Acknowledged);
        assert!(handoff.warnings().is_empty());
        let document = receiver.next();
        assert_eq!(
            (&document["is_clear"], &document["status"]),
            (&json!(true), &json!(200))
        );
        assert_eq!(document["keys"], keys_of(&store, &kid));
    }
}

#[test]
fn targets_that_cannot_be_used_are_refused_by_name() {
    let Some(receiver) = Receiver::start("targets") else {
        return;
    };
    let place = super::place::sqlite("handoff-targets");
    let store = place.open();
    let usual = || receiver.target("one", "/");
    let refused = |change: &dyn Fn(&mut Target)| {
        let mut target = usual();
        change(&mut target);
        Handoff::new(&store, &[target]).err().unwrap()
    };
    let handoff = Handoff::new(&store, &[usual()]).unwrap();
    assert!(
        handoff.warnings()[0].contains("2048"),
        "{:?}",
        handoff.warnings()
    );
    let twice = Handoff::new(&store, &[usual(), usual()]);
    assert!(matches!(twice.err(), Some(Error::Twice(name)) if name == "one"));
    for name in ["", "a\nb", &"x".repeat(201)] {
        let error = refused(&|target| name.clone_into(&mut target.name));
        assert!(matches!(error, Error::Name(_)), "{error}");
    }
    let error = refused(&|target| target.timeout = Duration::ZERO);
    assert!(matches!(error, Error::Timeout(_)), "{error}");
    let error = refused(&|target| {
        target.url = "http://licences.example/".to_owned();
        target.encryption = Encryption::Clear;
    });
    assert!(matches!(error, Error::Open(_)), "{error}");
    let error = refused(&|target| target.url = "ftp://licences.example/".to_owned());
    assert!(matches!(error, Error::Server { .. }), "{error}");
    let none = || receiver.scratch().write("none.pem", "no certificate");
    let error = refused(&|target| target.encryption = Encryption::ToCertificate(Pem::File(none())));
    assert!(matches!(error, Error::Server { .. }), "{error}");
    let wide = receiver.scratch().write("wide", "bearer x");
    let error = refused(&|target| target.credentials = Some(Credentials::File(wide.clone())));
    assert!(error.to_string().contains("others may read"), "{error}");
}
