// SPDX-License-Identifier: MPL-2.0
//! Licence servers in the store.

use std::time::Duration;

use cenc_types::Scheme;
use content_key_store::{Content, Error, KekSource, KeyStore};
use key_server::audit::{self, AuditFilter};
use key_server::targets::{self, TargetError, TargetSettings};

use super::ALL;
use super::place::places;

const SECRET: &str = "bearer correct-horse-battery-staple";

fn settings(name: &str) -> TargetSettings {
    TargetSettings {
        name: name.to_owned(),
        url: "https://licences.example/keys?a=b".to_owned(),
        certificate: Some("-----BEGIN CERTIFICATE-----".to_owned()),
        ca: None,
        timeout: Duration::from_millis(2500),
        has_credentials: false,
    }
}

fn credentials(store: &KeyStore, name: &str) -> Option<String> {
    let found = targets::credentials(store, name).unwrap();
    found.map(|text| text.as_str().to_owned())
}

#[test]
fn settings_of_a_target_come_back() {
    for place in places("store-targets") {
        let store = place.open();
        targets::put(&store, &settings("two"), None).unwrap();
        targets::put(&store, &settings("one"), Some(SECRET)).unwrap();
        let mut with = settings("one");
        with.has_credentials = true;
        let expected = [with.clone(), settings("two")];
        assert_eq!(targets::list(&store).unwrap(), expected);
        assert_eq!(credentials(&store, "one").as_deref(), Some(SECRET));
        assert_eq!(credentials(&store, "two"), None);

        with.certificate = None;
        targets::put(&store, &with, None).unwrap();
        assert_eq!(targets::get(&store, "one").unwrap(), with);
        assert_eq!(credentials(&store, "one").as_deref(), Some(SECRET));
        // Another certificate of the server may lead the credentials to somebody else.
        with.ca = Some("pem".to_owned());
        targets::put(&store, &with, None).unwrap();
        assert_eq!(credentials(&store, "one"), None);
        targets::put(&store, &with, Some("bearer other")).unwrap();
        assert_eq!(credentials(&store, "one").as_deref(), Some("bearer other"));
        targets::put(&store, &with, Some("")).unwrap();
        assert!(!targets::get(&store, "one").unwrap().has_credentials);
        assert!(matches!(
            targets::get(&store, "x"),
            Err(TargetError::NoTarget(_))
        ));
        let absent = targets::credentials(&store, "x");
        assert!(matches!(absent, Err(TargetError::NoTarget(_))));
    }
}

#[test]
fn targets_that_cannot_be_used_are_refused() {
    for place in places("store-bad-targets") {
        let store = place.open();
        let refused = |change: &dyn Fn(&mut TargetSettings)| {
            let mut target = settings("one");
            change(&mut target);
            targets::put(&store, &target, None)
                .err()
                .unwrap()
                .to_string()
        };
        for url in ["", "licences.example", "ftp://licences.example/"] {
            assert!(refused(&|t| url.clone_into(&mut t.url)).contains("address"));
        }
        let user = refused(&|t| t.url = "https://user:geheim@licences.example/".to_owned());
        assert!(user.contains("credentials") && !user.contains("geheim"));
        assert!(refused(&|t| t.timeout = Duration::from_millis(999)).contains("timeout"));
        assert!(refused(&|t| t.timeout = Duration::from_secs(301)).contains("timeout"));
        assert!(refused(&|t| t.name = "x".repeat(201)).contains("200"));
        assert!(refused(&|t| t.name = "a\nb".to_owned()).contains("name"));
        assert!(refused(&|t| t.ca = Some("x".repeat(70_000))).contains("64 KiB"));
        assert!(targets::list(&store).unwrap().is_empty());
    }
}

#[test]
fn target_that_a_content_requires_stays() {
    for place in places("store-required-target") {
        let store = place.open();
        targets::put(&store, &settings("one"), Some(SECRET)).unwrap();
        let mut content = Content::new("film", Scheme::Cenc);
        content.targets = vec!["one".to_owned()];
        store.put_content(&content).unwrap();
        let refused = targets::remove(&store, "one").err().unwrap();
        assert!(
            matches!(&refused, TargetError::TargetRequired { content, .. } if content == "film")
        );
        content.targets.clear();
        store.put_content(&content).unwrap();
        targets::remove(&store, "one").unwrap();
        assert!(targets::list(&store).unwrap().is_empty());
        let absent = targets::remove(&store, "one");
        assert!(matches!(absent, Err(TargetError::NoTarget(_))));
    }
}

#[test]
fn credentials_rest_wrapped_and_outlive_a_re_wrap() {
    for place in places("store-target-secrets") {
        let store = place.open();
        targets::put(&store, &settings("one"), Some(SECRET)).unwrap();
        targets::put(&store, &settings("two"), None).unwrap();
        let holds = |file: &Vec<u8>| {
            let secret = b"correct-horse";
            file.windows(secret.len()).any(|part| part == secret)
        };
        assert!(!place.files().iter().any(holds));
        let audit = audit::list(&store, &AuditFilter::default(), &ALL).unwrap();
        assert!(
            audit[1].result.ends_with(", with new credentials"),
            "{}",
            audit[1].result
        );
        assert!(!format!("{audit:?}").contains("correct-horse"));
        let new = || KekSource::File(place.kek_path("new"));
        assert!(store.rewrap(&new()).unwrap());
        let store = KeyStore::open(&place.uri, &[new()], &host_access::Host::system()).unwrap();
        assert_eq!(credentials(&store, "one").as_deref(), Some(SECRET));
        // Those of one target are of no use in the row of another.
        let sql = "UPDATE target SET wrapped = s.wrapped FROM target s WHERE target.name = 'two' AND s.name = 'one'";
        place.run(sql).unwrap();
        let moved = targets::credentials(&store, "two").err().unwrap();
        assert!(
            matches!(moved, TargetError::Store(Error::RowChanged { .. })),
            "{moved}"
        );
    }
}
