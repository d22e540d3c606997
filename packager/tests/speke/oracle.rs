// SPDX-License-Identifier: MPL-2.0
//! Answers are valid by DASH-IF's schemas, and decrypted by the oracle of ../shared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use test_support::tools::{skip, vectors_for};

const KID: &str = "11111111-1111-4111-8111-111111111111";

/// A request that is valid by the schemas of 2.3 and 2.4, with or without a recipient.
fn document(version: &str, delivery: &str) -> String {
    let placeholders =
        "<cpix:PSSH/><cpix:ContentProtectionData/><cpix:HLSSignalingData playlist=\"media\"/>";
    let systems = [
        System::PlayReady,
        System::Widevine,
        System::Common,
        System::Marlin,
        System::ClearKey,
    ]
    .map(|system| {
        let id = SystemId(system.id());
        format!("<cpix:DRMSystem kid=\"{KID}\" systemId=\"{id}\">{placeholders}</cpix:DRMSystem>")
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><cpix:CPIX contentId=\"film\" version=\"{version}\" \
         xmlns:cpix=\"urn:dashif:org:cpix\">{delivery}<cpix:ContentKeyList><cpix:ContentKey kid=\"{KID}\" \
         commonEncryptionScheme=\"cenc\"/></cpix:ContentKeyList><cpix:DRMSystemList>{}</cpix:DRMSystemList>\
         <cpix:ContentKeyUsageRuleList><cpix:ContentKeyUsageRule kid=\"{KID}\" intendedTrackType=\"ALL\"><cpix:VideoFilter/>\
         <cpix:AudioFilter/></cpix:ContentKeyUsageRule></cpix:ContentKeyUsageRuleList></cpix:CPIX>",
        systems.concat()
    )
}

/// A SystemID as a UUID.
struct SystemId([u8; 16]);

impl std::fmt::Display for SystemId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        cenc_types::KeyId::from_bytes(self.0).fmt(f)
    }
}

fn oracle(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let script = folder.join("../oracles/cpix_oracle.py");
    let python =
        std::env::var_os("PLAYREADY_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let mut test = Command::new(&python);
    let has_modules = test.args(["-c", "import lxml, cryptography"]).status();
    if !script.exists() || !has_modules.is_ok_and(|status| status.success()) {
        return None;
    }
    Some(
        Command::new(python)
            .arg(script)
            .args(arguments)
            .output()
            .unwrap(),
    )
}

/// The DeliveryDataList of a new certificate, and the file of its key.
fn recipient(folder: &Path) -> (String, PathBuf) {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req", "-x509", "-nodes", "-subj", "/CN=test", "-newkey", "rsa:2048",
    ]);
    let made = openssl
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    assert!(made.unwrap().status.success());
    let text = fs::read_to_string(certificate).unwrap();
    let digits: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let list = format!(
        "<cpix:DeliveryDataList><cpix:DeliveryData><cpix:DeliveryKey><ds:X509Data xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:X509Certificate>{digits}</ds:X509Certificate></ds:X509Data></cpix:DeliveryKey></cpix:DeliveryData></cpix:DeliveryDataList>"
    );
    (list, key)
}

#[test]
fn answers_are_valid_and_decrypt_to_the_keys_of_the_store() {
    let test = "answers_are_valid_and_decrypt_to_the_keys_of_the_store";
    let Some(folder) = vectors_for(test) else {
        return;
    };
    let server = Server::start("oracle", &[]);
    let (delivery, private) = recipient(&server.folder);
    let kid = KID.parse().unwrap();
    for (speke, cpix) in [("2.0", "2.3"), ("2.1", "2.4")] {
        for delivery in ["", &delivery] {
            let reply = server.post(&document(cpix, delivery), Some(speke));
            assert_eq!(reply.status, 200, "{}", reply.body);
            assert_eq!(reply.body.contains("PlainValue"), delivery.is_empty());
            let file = server.folder.join("answer.xml");
            fs::write(&file, reply.body).unwrap();
            let file = file.to_str().unwrap();
            let Some(valid) = oracle(&folder, &["validate", file, cpix]) else {
                return skip(test, "no oracle, lxml or cryptography");
            };
            let said = String::from_utf8_lossy(&valid.stdout).into_owned();
            assert!(
                valid.status.success() && !said.contains("line "),
                "{cpix}: {said}"
            );
            let found = oracle(&folder, &["decrypt", file, private.to_str().unwrap()]).unwrap();
            let found = String::from_utf8_lossy(&found.stdout).into_owned();
            let key = server.store().key(&kid).unwrap();
            let hex: String = key
                .key
                .as_bytes()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let known = [hex, STANDARD.encode(key.key.as_bytes())];
            assert!(
                known.iter().any(|text| found.contains(text)),
                "{cpix}: other keys"
            );
        }
    }
}
