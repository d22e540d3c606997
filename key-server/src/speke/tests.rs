// SPDX-License-Identifier: MPL-2.0
//! Requests in the form that encryptors send, and their results.

mod answers;
mod refusals;

use cenc_types::{ContentKey, KeyId, Scheme};
use content_key_store::SlotRequest;
use host_access::SystemRandom;
use zeroize::Zeroizing;

use super::{Error, HeaderSettings, ResponseKey, SpekeRequest};

const NAMESPACES: &str = "xmlns:cpix=\"urn:dashif:org:cpix\" xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\" \
     xmlns:speke=\"urn:aws:amazon:com:speke\"";
const SD: &str = "11111111-1111-4111-8111-111111111111";
const HD: &str = "22222222-2222-4222-8222-222222222222";
const PLAYREADY: &str = "9a04f079-9840-4286-ab92-e65be0885f95";
const WIDEVINE: &str = "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed";
const FAIRPLAY: &str = "94ce86fb-07ff-4f43-adb8-93d2fa968ca2";

fn kid(byte: u8) -> KeyId {
    KeyId::from_bytes([byte; 16])
}

fn key(byte: u8) -> ContentKey {
    ContentKey::from_bytes(Zeroizing::new([byte; 16]))
}

/// A document with these attributes of its root.
fn document(attributes: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cpix:CPIX {attributes} {NAMESPACES}>{inside}</cpix:CPIX>\n"
    )
}

fn keys(keys: &[(&str, &str)]) -> String {
    let keys = keys
        .iter()
        .map(|(kid, scheme)| format!("<cpix:ContentKey kid=\"{kid}\"{scheme}></cpix:ContentKey>"));
    format!(
        "<cpix:ContentKeyList>{}</cpix:ContentKeyList>",
        keys.collect::<String>()
    )
}

/// A DRMSystem with these elements.
fn system(id: &str, kid: &str, inside: &str) -> String {
    format!("<cpix:DRMSystem systemId=\"{id}\" kid=\"{kid}\">{inside}</cpix:DRMSystem>")
}

fn systems(inside: &str) -> String {
    format!("<cpix:DRMSystemList>{inside}</cpix:DRMSystemList>")
}

fn rule(kid: &str, attributes: &str, filters: &str) -> String {
    format!(
        "<cpix:ContentKeyUsageRule kid=\"{kid}\"{attributes}>{filters}</cpix:ContentKeyUsageRule>"
    )
}

fn rules(inside: &str) -> String {
    format!("<cpix:ContentKeyUsageRuleList>{inside}</cpix:ContentKeyUsageRuleList>")
}

/// A request of SPEKE 2.0 for SD and HD under `cenc`, some parts of which can be replaced.
struct Parts {
    attributes: &'static str,
    keys: String,
    systems: String,
    rules: String,
}

impl Default for Parts {
    fn default() -> Self {
        let cenc = " commonEncryptionScheme=\"cenc\"";
        let placeholders = "<cpix:PSSH/><cpix:ContentProtectionData/>";
        Self {
            attributes: "contentId=\"film\" version=\"2.3\"",
            keys: keys(&[(SD, cenc), (HD, cenc)]),
            systems: systems(
                &(system(PLAYREADY, SD, placeholders) + &system(PLAYREADY, HD, placeholders)),
            ),
            rules: rules(
                &(rule(
                    SD,
                    " intendedTrackType=\"SD\"",
                    "<cpix:VideoFilter maxPixels=\"589824\"/>",
                ) + &rule(
                    HD,
                    " intendedTrackType=\"HD\"",
                    "<cpix:VideoFilter minPixels=\"589825\"/>",
                )),
            ),
        }
    }
}

impl Parts {
    fn document(&self) -> String {
        document(
            self.attributes,
            &[&*self.keys, &self.systems, &self.rules].concat(),
        )
    }
}

fn read(text: &str, version: Option<&str>) -> Result<SpekeRequest, Error> {
    SpekeRequest::read(text.as_bytes(), version)
}

/// The answer with keys 1, 2, … under these KIDs.
fn answer(request: &SpekeRequest, scheme: Scheme, kids: &[KeyId]) -> String {
    let keys: Vec<ContentKey> = (1..).take(kids.len()).map(key).collect();
    let given = kids
        .iter()
        .zip(&keys)
        .map(|(kid, key)| ResponseKey { kid: *kid, key });
    let given: Vec<ResponseKey<'_>> = given.collect();
    let settings = HeaderSettings::default();
    let answer = request
        .answer(scheme, &settings, &given, &SystemRandom)
        .unwrap();
    answer.as_str().to_owned()
}

#[test]
fn places_are_those_of_the_contract() {
    let periods = "<cpix:ContentKeyPeriodList><cpix:ContentKeyPeriod id=\"p\" index=\"7\"/><cpix:ContentKeyPeriod id=\"q\" \
         start=\"1970-01-01T00:00:02Z\" end=\"1970-01-01T00:00:04Z\"/></cpix:ContentKeyPeriodList>";
    let filters = "<cpix:KeyPeriodFilter periodId=\"p\"/><cpix:VideoFilter/>";
    let later = "<cpix:KeyPeriodFilter periodId=\"q\"/><cpix:VideoFilter/>";
    let named = " intendedTrackType=\"VIDEO\"";
    let parts = Parts {
        rules: periods.to_owned() + &rules(&(rule(SD, named, filters) + &rule(HD, named, later))),
        ..Parts::default()
    };
    let request = read(&parts.document(), Some("2.0")).unwrap();
    assert_eq!(
        (request.content_id(), request.scheme()),
        ("film", Some(Scheme::Cenc))
    );
    let slots = request.slots(Scheme::Cenc).unwrap();
    let found = slots.iter().map(|SlotRequest { slot, kid }| {
        (slot.label.as_str(), slot.period, kid.unwrap().to_string())
    });
    let found: Vec<_> = found.collect();
    assert_eq!(
        found,
        [("VIDEO", 7, SD.to_owned()), ("VIDEO", 2000, HD.to_owned())]
    );
}

#[test]
fn one_key_without_rule_is_that_of_all_tracks() {
    let one = document("id=\"film\"", &keys(&[(SD, "")]));
    let request = read(&one, None).unwrap();
    let slots = request.slots(request.default_scheme()).unwrap();
    assert_eq!(
        (
            slots.len(),
            slots[0].slot.label.as_str(),
            slots[0].slot.period
        ),
        (1, "ALL", 0)
    );
    let two = document("contentId=\"film\"", &keys(&[(SD, ""), (HD, "")]));
    let slots = read(&two, None).unwrap().slots(Scheme::Cenc).unwrap();
    assert_eq!([&*slots[0].slot.label, &*slots[1].slot.label], [SD, HD]);
}

#[test]
fn scheme_is_that_of_the_systems_where_nothing_else_says_it() {
    let fairplay = systems(&system(FAIRPLAY, SD, "<cpix:URIExtXKey/>"));
    let of = |systems: &str| {
        let text = document("id=\"film\"", &(keys(&[(SD, "")]) + systems));
        let request = read(&text, Some("1.0")).unwrap();
        assert_eq!(request.scheme(), None);
        request.default_scheme()
    };
    assert_eq!([of(&fairplay), of("")], [Scheme::Cbcs, Scheme::Cenc]);
}
