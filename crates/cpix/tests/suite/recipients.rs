// SPDX-License-Identifier: MPL-2.0
//! Documents that are encrypted to an RSA certificate, read and written.

use cpix::{Error, RsaPrivateKey, RsaRecipient, WrapKey};

use test_support::certificate::{certificate, pem};

use super::*;

#[test]
fn encrypted_samples_decrypt_to_the_oracles_keys() {
    let Some(folder) = samples() else {
        return tools::skip(
            "encrypted_samples_decrypt_to_the_oracles_keys",
            "no ../shared or its tools",
        );
    };
    let private = folder.join("recipient.key.pem");
    let key = RsaPrivateKey::from_pkcs8(&pem(&private)).unwrap();
    let mut encrypted = documents(folder);
    encrypted.retain(|path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("enc-")
    });
    assert_eq!(encrypted.len(), 6);
    for path in encrypted {
        let mut document = read(&path);
        document.decrypt(&key).unwrap();
        let expected = keys_by_oracle(&path, Some(&private));
        assert_eq!(keys_of(&document), expected, "{}", path.display());
    }
}

#[test]
fn the_oracle_decrypts_what_is_encrypted_to_its_certificate() {
    let Some(folder) = samples() else {
        return tools::skip(
            "the_oracle_decrypts_what_is_encrypted_to_its_certificate",
            "no ../shared or its tools",
        );
    };
    let recipient = RsaRecipient::from_certificate(pem(&folder.join("recipient.crt.pem"))).unwrap();
    assert_eq!(recipient.weakness(), None);
    for (version, name) in VERSIONS {
        let mut document = film();
        document
            .encrypt_to(&[&recipient], &host_access::SystemRandom)
            .unwrap();
        let scratch = Scratch::new("cpix-encrypted");
        let path = validate(&scratch, &document.to_xml(version).unwrap(), name);
        let private = folder.join("recipient.key.pem");
        assert_eq!(keys_by_oracle(&path, Some(&private)), keys_of(&film()));
    }
}

#[test]
fn sizes_of_keys_are_noted_and_limited() {
    let folder = Scratch::new("cpix-keys");
    let Some((weak, key)) = certificate(&folder, "rsa:2048") else {
        return tools::skip("sizes_of_keys_are_noted_and_limited", "no openssl");
    };
    let recipient = RsaRecipient::from_certificate(weak.clone()).unwrap();
    assert_eq!(recipient.weakness().unwrap().bits, 2048);
    let key = RsaPrivateKey::from_pkcs8(&key).unwrap();
    let mut document = film();
    document
        .encrypt_to(&[&recipient], &host_access::SystemRandom)
        .unwrap();
    document.decrypt(&key).unwrap();
    assert_eq!(keys_of(&document), keys_of(&film()));
    let (short, short_key) = certificate(&folder, "rsa:1024").unwrap();
    let refused = |error: Option<Error>| assert!(matches!(error, Some(Error::BadRecipient(_))));
    refused(RsaRecipient::from_certificate(short).err());
    refused(RsaPrivateKey::from_pkcs8(&short_key).err());
    refused(RsaRecipient::from_certificate(weak[..weak.len() - 1].to_vec()).err());
    refused(RsaPrivateKey::from_pkcs8(recipient.certificate()).err());
}
