// SPDX-License-Identifier: MPL-2.0
//! Imports documents into a store and exports them again.

use cenc_types::{CipherMode, Scheme};
use content_key_store::{AssignedSlot, Content, Origin};
use cpix::{Document, Version};

use super::*;
use crate::audit::{self, AuditFilter};
use crate::operations::Error;
use crate::operations::test_store::{ALL, TestStore};

// The elements are those of CPIX 2.3; KID and key are those of Microsoft's published test content, keys.md 3.1.
const DOCUMENT: &str = r#"<CPIX xmlns="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" contentId="news" version="2.3">
<ContentKeyList>
<ContentKey kid="10000000-1000-1000-1000-100000000001" commonEncryptionScheme="cbcs"><Data><pskc:Secret><pskc:PlainValue>W31bfVt9W31bfVt9W31bfQ==</pskc:PlainValue></pskc:Secret></Data></ContentKey>
<ContentKey kid="339c45b5-fb6d-4bd9-994c-eabd9d41c95b" commonEncryptionScheme="cbcs"><Data><pskc:Secret><pskc:PlainValue>pTfNwMplhBQG1SXnvyLXVA==</pskc:PlainValue></pskc:Secret></Data></ContentKey>
</ContentKeyList>
<ContentKeyPeriodList><ContentKeyPeriod id="p7" index="7"/><ContentKeyPeriod id="p8" index="8"/></ContentKeyPeriodList>
<ContentKeyUsageRuleList>
<ContentKeyUsageRule kid="10000000-1000-1000-1000-100000000001" intendedTrackType="VIDEO"><KeyPeriodFilter periodId="p7"/><KeyPeriodFilter periodId="p8"/><VideoFilter/></ContentKeyUsageRule>
<ContentKeyUsageRule kid="339c45b5-fb6d-4bd9-994c-eabd9d41c95b"><KeyPeriodFilter periodId="p7"/><LabelFilter label="music"/></ContentKeyUsageRule>
</ContentKeyUsageRuleList></CPIX>"#;

fn slots(of: &TestStore) -> Vec<(String, u64, String)> {
    let slots = of.store.slots("news", &ALL).unwrap().into_iter();
    slots
        .map(|AssignedSlot { slot, kid }| (slot.label, slot.period, kid.to_string()))
        .collect()
}

fn clear() -> Recipient {
    let reason = "test".to_owned();
    Recipient::Clear { reason }
}

#[test]
fn keys_come_with_their_tracks_and_periods_and_leave_with_them() {
    let of = TestStore::new();
    let imported = import(&of.store, DOCUMENT.as_bytes(), &Import::default()).unwrap();
    assert_eq!(imported.content_id.as_deref(), Some("news"));
    assert!(
        imported
            .keys
            .iter()
            .all(|key| !key.was_there && key.same_key.is_empty())
    );
    let video = "10000000-1000-1000-1000-100000000001";
    let music = "339c45b5-fb6d-4bd9-994c-eabd9d41c95b";
    let expected = [
        ("VIDEO", 8, video),
        ("VIDEO", 7, video),
        ("music", 7, music),
    ];
    let expected = expected.map(|(label, period, kid)| (label.to_owned(), period, kid.to_owned()));
    assert_eq!(slots(&of), expected);
    let info = of.store.info(&video.parse().unwrap()).unwrap();
    assert_eq!(
        (info.mode, info.origin),
        (CipherMode::Cbc, Origin::Imported)
    );
    for version in [Version::V2_3, Version::V2_4] {
        let exported = export(&of.store, "news", &clear(), version).unwrap();
        let other = TestStore::new();
        import(&other.store, exported.xml.as_bytes(), &Import::default()).unwrap();
        assert_eq!(slots(&other), expected);
        let key = other.store.key(&music.parse().unwrap()).unwrap().key;
        let bytes = cenc_types::decode_secret("pTfNwMplhBQG1SXnvyLXVA==").unwrap();
        assert_eq!(key.as_bytes().as_slice(), bytes.as_slice());
    }
    let again = import(&of.store, DOCUMENT.as_bytes(), &Import::default()).unwrap();
    assert!(again.keys.iter().all(|key| key.was_there));
}

#[test]
fn clear_keys_leave_with_a_reason_only() {
    let of = TestStore::new();
    import(&of.store, DOCUMENT.as_bytes(), &Import::default()).unwrap();
    let reason = "x".repeat(300);
    let refused = export(
        &of.store,
        "news",
        &Recipient::Clear { reason },
        Version::V2_3,
    );
    assert!(refused.is_err());
    export(&of.store, "news", &clear(), Version::V2_3).unwrap();
    let rows = audit::list(&of.store, &AuditFilter::default(), &ALL).unwrap();
    assert_eq!(rows[0].result, "exported in the clear: test");
    let name = "nobody".to_owned();
    let pem = b"-----BEGIN NOTHING-----".to_vec();
    let refused = export(
        &of.store,
        "news",
        &Recipient::Certificate { pem, name },
        Version::V2_3,
    );
    assert!(matches!(refused, Err(Error::Pem("certificate"))));
}

#[test]
fn scheme_that_a_document_lacks_is_the_contents_or_the_one_given() {
    let of = TestStore::new();
    let document = DOCUMENT.replace(" commonEncryptionScheme=\"cbcs\"", "");
    let open = import(&of.store, document.as_bytes(), &Import::default());
    assert!(matches!(open, Err(Error::NoScheme(_))), "{open:?}");
    let asked = Import {
        scheme: Some(Scheme::Cens),
        content_id: Some("other"),
        ..Import::default()
    };
    import(&of.store, document.as_bytes(), &asked).unwrap();
    assert_eq!(of.store.content("other").unwrap().scheme, Scheme::Cens);
    assert!(slots(&of).is_empty());
    // The store knows this content.
    of.store
        .put_content(&Content::new("news", Scheme::Cenc))
        .unwrap();
    import(&of.store, document.as_bytes(), &Import::default()).unwrap();
    let modes = of.store.slots("news", &ALL).unwrap().into_iter();
    assert!(
        modes
            .map(|assigned| assigned.slot.mode)
            .all(|mode| mode == CipherMode::Ctr)
    );
}

#[test]
fn document_without_rules_gives_its_one_key_to_all_tracks() {
    let of = TestStore::new();
    let start = DOCUMENT.find("<ContentKey kid=\"339").unwrap();
    let end = DOCUMENT.find("</ContentKeyList>").unwrap();
    let one = format!("{}{}</CPIX>", &DOCUMENT[..start], "</ContentKeyList>");
    import(&of.store, one.as_bytes(), &Import::default()).unwrap();
    assert_eq!(slots(&of).len(), 1);
    assert_eq!((slots(&of)[0].0.as_str(), slots(&of)[0].1), ("ALL", 0));
    let two = format!("{}</ContentKeyList></CPIX>", &DOCUMENT[..end]);
    assert!(Document::from_bytes(two.as_bytes()).is_ok());
    import(&of.store, two.as_bytes(), &Import::default()).unwrap();
    assert_eq!(slots(&of).len(), 1);
}

// CPIX 2.4: a key with dependsOnKey takes its scheme from its root key, which has no value here. The object has a record of type 3, with
// the bytes "XMR" (PlayReady Header Specification, section 2).
const LEAF_DOCUMENT: &str = r#"<CPIX xmlns="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" contentId="news" version="2.4">
<ContentKeyList>
<ContentKey kid="f0f1f2f3-f4f5-4647-9849-4a4b4c4d4e4f" commonEncryptionScheme="cbcs"/>
<ContentKey kid="10000000-1000-1000-1000-100000000001" dependsOnKey="f0f1f2f3-f4f5-4647-9849-4a4b4c4d4e4f"><Data><pskc:Secret><pskc:PlainValue>W31bfVt9W31bfVt9W31bfQ==</pskc:PlainValue></pskc:Secret></Data></ContentKey>
</ContentKeyList>
<DRMSystemList><DRMSystem systemId="9a04f079-9840-4286-ab92-e65be0885f95" kid="10000000-1000-1000-1000-100000000001">
<PSSH>AAAALXBzc2gAAAAAmgTweZhAQoarkuZb4IhflQAAAA0NAAAAAQADAAMAWE1S</PSSH></DRMSystem></DRMSystemList></CPIX>"#;

#[test]
fn leaf_licences_come_and_leave_with_their_keys() {
    let of = TestStore::new();
    let imported = import(&of.store, LEAF_DOCUMENT.as_bytes(), &Import::default()).unwrap();
    let [key] = imported.keys.as_slice() else {
        panic!("{:?}", imported.keys);
    };
    assert!(key.has_leaf_licence);
    let info = of.store.info(&key.kid).unwrap();
    assert_eq!(info.mode, CipherMode::Cbc);
    // The only key with a value is for all tracks.
    assert_eq!(slots(&of).len(), 1);
    let licence = of.store.leaf_licence(&key.kid).unwrap().unwrap();
    let root = "f0f1f2f3-f4f5-4647-9849-4a4b4c4d4e4f";
    assert_eq!(licence.root_kid.to_string(), root);
    assert!(licence.pssh.ends_with(b"XMR"));
    for version in [Version::V2_3, Version::V2_4] {
        let exported = export(&of.store, "news", &clear(), version).unwrap();
        let document = Document::from_bytes(exported.xml.as_bytes()).unwrap();
        assert_eq!(document.roots(), [(key.kid, licence.root_kid)].into());
        let other = TestStore::new();
        import(&other.store, exported.xml.as_bytes(), &Import::default()).unwrap();
        let again = other.store.leaf_licence(&key.kid).unwrap();
        assert_eq!(again.as_ref(), Some(&licence));
        assert_eq!(other.store.content("news").unwrap().scheme, Scheme::Cbcs);
    }
}
