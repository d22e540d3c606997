// SPDX-License-Identifier: MPL-2.0
//! Makes certificates with OpenSSL.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::scratch::Scratch;

/// The DER bytes in a PEM file.
pub fn pem(path: &Path) -> Vec<u8> {
    let digits: String = fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    STANDARD.decode(digits).unwrap()
}

/// A new certificate and its key. None if OpenSSL is not installed.
pub fn certificate(folder: &Scratch, bits: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-subj", "/CN=test", "-newkey"]);
    openssl
        .arg(bits)
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    openssl.output().ok().filter(|made| made.status.success())?;
    Some((pem(&certificate), pem(&key)))
}
