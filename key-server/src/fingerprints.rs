// SPDX-License-Identifier: MPL-2.0
//! Fingerprints of certificates for the audit.

use std::fmt::Write;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

/// Returns the SHA-256 of each certificate of a PEM text, in hexadecimal digits.
pub fn fingerprints(pem: &str) -> String {
    let found: Vec<String> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .flatten()
        .map(|certificate| fingerprint(&certificate))
        .collect();
    found.join(" ")
}

/// Returns the SHA-256 of a certificate, in hexadecimal digits.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    format!("sha256:{}", hex(&Sha256::digest(certificate)))
}

/// Returns bytes in hexadecimal digits. Not for secrets: the text is not wiped.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4's example "abc", and RFC 4648, 10, for the base64 of what is no certificate.
    #[test]
    fn digest_is_that_of_the_bytes_between_the_lines() {
        let pem = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
        let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fingerprints(pem), abc);
        assert_eq!(fingerprints(&pem.repeat(2)), format!("{abc} {abc}"));
        assert_eq!(fingerprints("none"), "");
    }
}
