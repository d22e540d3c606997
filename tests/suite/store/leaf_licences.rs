// SPDX-License-Identifier: MPL-2.0
//! Leaf licences of keys in the store.

use cenc_types::{CipherMode, KeyId, Scheme};
use content_key_store::{Content, Error, StoreKeys};
use content_keys::{ContentRequest, KeyProvider, LeafLicence};

use super::place::{Place, places};
use super::{new_key, slot};

fn licence(root: u8) -> LeafLicence {
    LeafLicence {
        root_kid: KeyId::from_bytes([root; 16]),
        pssh: format!("licence under {root}").into_bytes(),
    }
}

/// The keys that a packager gets for the first crypto period.
fn packager_keys(place: &Place) -> std::sync::Arc<content_keys::PeriodKeys> {
    let separator = if place.uri.contains('?') { '&' } else { '?' };
    let kek = place.kek_path("kek").display().to_string();
    let uri = format!("{}{separator}kek-file={kek}", place.uri);
    let mut request = ContentRequest::new(Scheme::Cenc);
    request.content_id = Some("a".to_owned());
    let mut keys = StoreKeys::open(&uri, &request, &host_access::Host::system()).unwrap();
    keys.period_keys(0).unwrap()
}

#[test]
fn licence_stays_with_its_key_until_another_replaces_it() {
    for place in places("store-leaf") {
        let store = place.open();
        let (key, _) = new_key(CipherMode::Ctr);
        let missing = store.put_leaf_licence(&key.kid, &licence(1));
        assert!(matches!(missing, Err(Error::NoKey(kid)) if kid == key.kid));
        let all = content_key_store::KeySlot {
            label: "ALL".to_owned(),
            ..slot("a", 0)
        };
        store.put_content(&Content::new("a", Scheme::Cenc)).unwrap();
        store.insert(&key, &[all]).unwrap();
        assert_eq!(store.leaf_licence(&key.kid).unwrap(), None);
        assert!(packager_keys(&place).systems.is_empty());
        let secrets = store.verify_secrets().unwrap();
        for root in [1, 1, 2] {
            store.put_leaf_licence(&key.kid, &licence(root)).unwrap();
            let found = place.open().leaf_licence(&key.kid).unwrap();
            assert_eq!(found, Some(licence(root)));
        }
        assert_eq!(store.verify_secrets().unwrap(), secrets + 1);
        let keys = packager_keys(&place);
        assert_eq!(keys.root_kid(key.kid), Some(licence(2).root_kid));
        let [system] = keys.systems.as_slice() else {
            panic!("{} systems", keys.systems.len());
        };
        assert_eq!(system.kid, key.kid);
        assert_eq!(system.pssh.as_ref(), Some(&licence(2).pssh));
        store.verify_audit().unwrap();
    }
}

#[test]
fn licence_that_another_program_moves_or_changes_is_found() {
    for place in places("store-leaf-moved") {
        let store = place.open();
        let kids = [1, 2].map(|root| {
            let (key, _) = new_key(CipherMode::Ctr);
            store.insert(&key, &[]).unwrap();
            store.put_leaf_licence(&key.kid, &licence(root)).unwrap();
            key.kid
        });
        let [one, other] = kids.map(|kid| place.literal(kid.as_bytes()));
        let root = place.literal(&[9; 16]);
        for change in [
            format!(
                "wrapped = (SELECT wrapped FROM leaf_licence WHERE kid = {other}), root_kid = (SELECT root_kid FROM leaf_licence WHERE kid = {other})"
            ),
            format!("root_kid = {root}"),
        ] {
            let sql = format!("UPDATE leaf_licence SET {change} WHERE kid = {one}");
            place.run(&sql).unwrap();
            let found = store.leaf_licence(&kids[0]);
            assert!(matches!(found, Err(Error::Tampered { .. })), "{change}");
            assert!(store.verify_secrets().is_err(), "{change}");
            assert_eq!(store.leaf_licence(&kids[1]).unwrap(), Some(licence(2)));
            let sql = format!("DELETE FROM leaf_licence WHERE kid = {one}");
            place.run(&sql).unwrap();
            store.put_leaf_licence(&kids[0], &licence(1)).unwrap();
        }
    }
}
