// SPDX-License-Identifier: MPL-2.0
//! Targets that an operator enters: they may be in public networks only, and are tested before keys go there.

use std::time::Duration;

use cenc_types::Scheme;
use content_key_store::{Content, KeyStore};
use key_http_client::Error as HttpError;
use key_server::delivery::{Credentials, Encryption, Error, Handoff, Outcome, Pem, Reach, Target};
use key_server::targets::{self, TargetSettings};
use zeroize::Zeroizing;

use super::place::{places, sqlite};
use super::receiver::Receiver;
use super::slot;

/// Enters a receiver as a target, as an operator does.
fn enter(store: &KeyStore, target: &Target, pem: [Option<String>; 2]) -> Target {
    let [certificate, ca] = pem;
    let settings = TargetSettings {
        name: "one".to_owned(),
        url: target.url.clone(),
        certificate,
        ca,
        timeout: Duration::from_secs(5),
        has_credentials: false,
    };
    let credentials = "basic user:pass word\n";
    targets::put(store, &settings, Some(credentials)).unwrap();
    Target::from_store(store, &targets::get(store, "one").unwrap()).unwrap()
}

#[test]
fn private_addresses_are_refused_when_connecting() {
    let Some(receiver) = Receiver::start("reach") else {
        return;
    };
    let place = sqlite("reach");
    let store = place.open();
    let mut target = enter(&store, &receiver.target("one", "/"), [None, None]);
    assert_eq!(target.reach, Reach::PublicOnly);
    let port = target.url.rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        target.url = format!("http://{host}:{port}");
        target.encryption = Encryption::ToCertificate(Pem::File(receiver.file("certificate.pem")));
        let refused = target.test(&host_access::Host::system()).err().unwrap();
        let Error::Server { source, .. } = &refused else {
            panic!("{refused}");
        };
        assert!(matches!(source, HttpError::NotPublic(_)), "{refused}");
        assert!(refused.to_string().contains("--allow-private-targets"));
    }
    let mut content = Content::new("film", Scheme::Cenc);
    content.targets = vec!["one".to_owned()];
    store.put_content(&content).unwrap();
    store.get_or_create_key(&slot("film", 0)).unwrap();
    let report = Handoff::new(&store, &[target]).unwrap().run_once();
    let Outcome::Postponed { error, .. } = &report.pushes[0].outcome else {
        panic!("{report:?}");
    };
    assert!(error.contains("not a public address"), "{error}");
    assert!(receiver.rest().is_empty(), "nothing arrived");
}

#[test]
fn entered_target_is_tested_without_a_key_and_then_gets_keys() {
    let Some(receiver) = Receiver::start_tls("entered target") else {
        return;
    };
    let read = |name| Some(std::fs::read_to_string(receiver.file(name)).unwrap());
    for place in places("entered-target") {
        let store = place.open();
        let pem = [read("certificate.pem"), read("tls.pem")];
        let mut target = enter(&store, &receiver.target("one", "/login"), pem);
        target.reach = Reach::Anywhere;
        target.test(&host_access::Host::system()).unwrap();
        assert!(receiver.rest().is_empty(), "no document went there");
        let untrusting = Target {
            ca: None,
            ..target.clone()
        };
        let refused = untrusting.test(&host_access::Host::system()).err().unwrap();
        assert!(refused.to_string().contains("certificate"), "{refused}");
        let mut content = Content::new("film", Scheme::Cenc);
        content.targets = vec!["one".to_owned()];
        store.put_content(&content).unwrap();
        store.get_or_create_key(&slot("film", 0)).unwrap();
        let report = Handoff::new(&store, &[target]).unwrap().run_once();
        assert_eq!(
            report.pushes[0].outcome,
            Outcome::Acknowledged,
            "{report:?}"
        );
        let document = receiver.next();
        assert_eq!(
            (&document["status"], &document["is_clear"]),
            (&200.into(), &false.into())
        );
    }
}

#[test]
fn entered_texts_name_no_files_and_are_not_printed() {
    let Some(receiver) = Receiver::start("entered texts") else {
        return;
    };
    let usual = receiver.target("one", "/");
    let text = |text: &str| Some(Credentials::Text(Zeroizing::new(text.to_owned())));
    let files = Target {
        credentials: text("client-certificate /etc/a.pem\nclient-key /etc/a.key"),
        ..usual.clone()
    };
    let refused = files.test(&host_access::Host::system()).err().unwrap();
    assert!(refused.to_string().contains("name files"), "{refused}");
    let secret = Target {
        credentials: text("bearer correct-horse"),
        ..usual.clone()
    };
    assert!(!format!("{secret:?}").contains("correct"));
    let pem = Target {
        encryption: Encryption::ToCertificate(Pem::Text("no certificate".to_owned())),
        ..usual
    };
    let refused = pem.test(&host_access::Host::system()).err().unwrap();
    assert!(
        refused.to_string().contains("no certificate in it"),
        "{refused}"
    );
}
