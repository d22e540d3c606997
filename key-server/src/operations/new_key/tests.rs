// SPDX-License-Identifier: MPL-2.0
//! Checks drafts against a store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::CipherMode;
use content_key_store::Origin;

use super::*;
use crate::deliveries::{self, DeliveryState};
use crate::operations::finding::Severity;
use crate::operations::test_store::{ALL, TestStore};

// keys.md 3.1: this KID is published with the key that the test seed gives.
const KID: &str = "339c45b5-fb6d-4bd9-994c-eabd9d41c95b";
const KEY: &str = "pTfNwMplhBQG1SXnvyLXVA==";

fn draft(kid: &str, source: DraftKeySource) -> Draft {
    Draft {
        kid: Some(kid.to_owned()).filter(|kid| !kid.is_empty()),
        source,
        scheme: Scheme::Cenc,
        content: Some("film".to_owned()),
        label: "ALL".to_owned(),
        period: 0,
    }
}

fn entered(key: &str) -> DraftKeySource {
    DraftKeySource::Entered(Zeroizing::new(key.to_owned()))
}

fn errors(store: &KeyStore, draft: &Draft) -> Vec<&'static str> {
    let findings = check(store, draft).unwrap().into_iter();
    findings
        .filter(Finding::is_error)
        .map(|finding| finding.field)
        .collect()
}

#[test]
fn key_from_a_seed_is_the_published_one() {
    let of = TestStore::with_seed();
    let seed = || DraftKeySource::Seed("tenant".to_owned());
    let created = create(&of.store, &draft(KID, seed())).unwrap();
    assert_eq!(
        (created.info.kid.to_string(), created.info.origin),
        (KID.to_owned(), Origin::Seed)
    );
    let key = of.store.key(&created.info.kid).unwrap().key;
    assert_eq!(STANDARD.encode(key.as_bytes()), KEY);
    // The same key again is no error, whether derived or entered by hand.
    for source in [seed(), entered(KEY)] {
        let again = create(&of.store, &draft(KID, source)).unwrap();
        assert_eq!(again.warnings.len(), 1, "{:?}", again.warnings);
        assert_eq!(again.info.origin, Origin::Seed);
    }
    assert_eq!(of.store.keys(&Default::default(), &ALL).unwrap().len(), 1);
}

#[test]
fn all_errors_are_reported_with_their_fields() {
    let of = TestStore::with_seed();
    let nil = "00000000-0000-0000-0000-000000000000";
    for (kid, source, expected) in [
        ("film-1", DraftKeySource::Random, vec!["kid"]),
        (nil, entered("0011"), vec!["kid", "key"]),
        ("", entered("not a key"), vec!["key"]),
        ("", entered(&KEY.repeat(2)), vec!["key"]),
        ("", DraftKeySource::Seed("other".to_owned()), vec!["seed"]),
        (KID, entered(KEY), vec![]),
        ("", DraftKeySource::Random, vec![]),
    ] {
        assert_eq!(errors(&of.store, &draft(kid, source)), expected, "{kid}");
    }
    of.store.retire_seed("tenant").unwrap();
    let retired = draft(KID, DraftKeySource::Seed("tenant".to_owned()));
    assert_eq!(errors(&of.store, &retired), ["seed"]);
    let mut names = draft("", DraftKeySource::Random);
    (names.label, names.period) = ("a\n".to_owned(), 0);
    assert_eq!(errors(&of.store, &names), ["label"]);
    (names.label, names.period) = ("ALL".to_owned(), u64::MAX);
    assert_eq!(errors(&of.store, &names), ["period"]);
    assert!(of.store.keys(&Default::default(), &ALL).unwrap().is_empty());
}

#[test]
fn what_the_store_has_already_is_found() {
    let of = TestStore::new();
    create(&of.store, &draft(KID, entered(KEY))).unwrap();
    assert_eq!(
        errors(&of.store, &draft(KID, entered(&"11".repeat(16)))),
        ["kid"]
    );
    assert_eq!(
        errors(&of.store, &draft(KID, DraftKeySource::Random)),
        ["kid"]
    );
    let mut other_mode = draft(KID, entered(KEY));
    other_mode.scheme = Scheme::Cbcs;
    assert_eq!(errors(&of.store, &other_mode), ["scheme"]);
    // The slot has a key already.
    assert_eq!(
        errors(&of.store, &draft("", DraftKeySource::Random)),
        ["period"]
    );
    let refused = create(&of.store, &draft("", DraftKeySource::Random));
    let Err(Error::Refused(findings)) = refused else {
        panic!("{refused:?}");
    };
    assert!(findings[0].text.contains(KID), "{findings:?}");
    let mut same = draft("", entered(KEY));
    same.content = None;
    let findings = check(&of.store, &same).unwrap();
    assert_eq!(
        (findings[0].field, findings[0].severity),
        ("key", Severity::Warning)
    );
}

#[test]
fn key_is_on_its_way_to_the_targets_of_its_content() {
    let of = TestStore::new();
    let mut content = Content::new("film", Scheme::Cenc);
    content.targets = vec!["licences".to_owned()];
    of.store.put_content(&content).unwrap();
    let created = create(&of.store, &draft("", DraftKeySource::Random)).unwrap();
    let deliveries = deliveries::of_key(&of.store, &created.info.kid).unwrap();
    let states: Vec<_> = deliveries
        .iter()
        .map(|d| (d.target.as_str(), d.state))
        .collect();
    assert_eq!(states, [("licences", DeliveryState::Pending)]);
}

#[test]
fn unknown_content_is_added_with_the_drafts_scheme() {
    let of = TestStore::new();
    let mut cbc1 = draft("", DraftKeySource::Random);
    cbc1.scheme = Scheme::Cbc1;
    let created = create(&of.store, &cbc1).unwrap();
    assert_eq!(created.info.mode, CipherMode::Cbc);
    assert_eq!(of.store.content("film").unwrap().scheme, Scheme::Cbc1);
    let mut other = draft("", DraftKeySource::Random);
    other.scheme = Scheme::Cenc;
    let findings = check(&of.store, &other).unwrap();
    assert_eq!(
        (findings[0].field, findings[0].severity),
        ("scheme", Severity::Warning)
    );
}

// keys.md 3.1: the KID is published with its checksum.
#[test]
fn checksum_is_known_before_there_is_a_key() {
    let of = TestStore::with_seed();
    let kid = "8ba94ade-6eb9-449d-b44f-a5beefaf43b0";
    let checksum = |draft: &Draft| {
        let found = header_key_id(&of.store, draft).unwrap();
        found.map(|key| key.checksum.map(|checksum| STANDARD.encode(checksum)))
    };
    let published = Some(Some("Me48z71nuqY=".to_owned()));
    let seed = || DraftKeySource::Seed("tenant".to_owned());
    assert_eq!(checksum(&draft(kid, seed())), published);
    assert_eq!(
        checksum(&draft(kid, entered("2/1pIsMhxLtIb0ocRAl+1g=="))),
        published
    );
    assert_eq!(checksum(&draft(kid, DraftKeySource::Random)), Some(None));
    let mut cbcs = draft(kid, seed());
    cbcs.scheme = Scheme::Cbcs;
    assert_eq!(checksum(&cbcs), Some(None));
    for unknown in [
        draft("", seed()),
        draft(kid, entered("00")),
        draft(kid, DraftKeySource::Seed("other".to_owned())),
    ] {
        assert_eq!(checksum(&unknown), None);
    }
    assert!(of.store.keys(&Default::default(), &ALL).unwrap().is_empty());
}
