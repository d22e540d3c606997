// SPDX-License-Identifier: MPL-2.0
//! TLS: the server's certificate, given or its own, and certificates of clients.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::crypto::ring;
use serde_json::json;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::client::Client;
use crate::server::{Server, folder};

/// Creates a key and a certificate with OpenSSL: `name.key` and `name.pem`, self-signed or signed by `ca`.
pub fn certify(folder: &Path, name: &str, ca: Option<&str>) {
    let mut make = Command::new("openssl");
    make.current_dir(folder);
    make.args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt"]);
    make.args(["ec_paramgen_curve:P-256", "-days", "2"]);
    make.args(["-subj", &format!("/CN={name}")]);
    make.args(["-addext", "subjectAltName=IP:127.0.0.1"]);
    let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
    make.args(["-keyout", &key, "-out", &pem]);
    match ca {
        Some(ca) => {
            let (ca_key, ca_pem) = (format!("{ca}.key"), format!("{ca}.pem"));
            make.args(["-CA", &ca_pem, "-CAkey", &ca_key, "-addext"]);
            make.arg("basicConstraints=critical,CA:FALSE");
        }
        None => {
            make.args(["-addext", "basicConstraints=critical,CA:TRUE"]);
        }
    }
    let made = make.output().unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

pub fn read(folder: &Path, name: &str) -> Certificate<'static> {
    Certificate::from_pem(&fs::read(folder.join(name)).unwrap()).unwrap()
}

/// The SHA-256 of a certificate's DER form, computed by OpenSSL.
pub fn fingerprint(folder: &Path, name: &str) -> String {
    let mut show = Command::new("openssl");
    show.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]);
    let shown = show.arg(folder.join(name)).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let (_, digits) = shown.trim().split_once('=').unwrap();
    digits.replace(':', "").to_lowercase()
}

pub fn trusting(roots: &[Certificate<'static>]) -> ureq::tls::TlsConfigBuilder {
    let provider = Arc::new(ring::default_provider());
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(roots))
}

fn base(server: &Server) -> String {
    format!("https://{}", server.address)
}

#[test]
fn self_signed_certificate_is_made_once() {
    let folder = folder("self-signed");
    let place = folder.join("tls");
    let arguments = ["--tls-self-signed", place.to_str().unwrap()];
    let server = Server::start_with(&folder, &arguments);
    let tls = || trusting(&[read(&place, "certificate.pem")]).build();
    let client = Client::over(&base(&server), Some(&server.token()), tls());
    let answer = client.get("/v1/keys");
    answer.json(200);
    assert!(answer.header("strict-transport-security").is_some());
    assert!(
        server
            .said()
            .contains(&fingerprint(&place, "certificate.pem"))
    );
    let mode = fs::metadata(place.join("key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let plain = Client::new(&server.base(), None);
    let plain = plain.ask("GET", "/healthz");
    assert!(
        plain.try_body(String::new()).is_err(),
        "answered without TLS"
    );
    let before = fingerprint(&place, "certificate.pem");
    server.stop();
    let server = Server::start_with(&folder, &arguments);
    assert_eq!(fingerprint(&place, "certificate.pem"), before);
    let again = Client::over(&base(&server), None, tls());
    assert_eq!(again.get("/healthz").status, 200);
}

#[test]
fn accounts_sign_in_by_certificates_that_the_authority_has_signed() {
    let folder = folder("mutual");
    for (name, ca) in [
        ("ca", None),
        ("server", Some("ca")),
        ("client", Some("ca")),
        ("other", None),
    ] {
        certify(&folder, name, ca);
    }
    let [pem, key, ca] =
        ["server.pem", "server.key", "ca.pem"].map(|name| folder.join(name).display().to_string());
    let arguments = [
        "--tls-certificate",
        &pem,
        "--tls-key",
        &key,
        "--client-ca",
        &ca,
    ];
    let server = Server::start_with(&folder, &arguments);
    let base = base(&server);
    let tls = || trusting(&[read(&folder, "ca.pem")]);
    let admin = Client::over(&base, Some(&server.token()), tls().build());
    let showing = |name: &str| {
        let key = fs::read(folder.join(format!("{name}.key"))).unwrap();
        let key = PrivateKey::from_pem(&key).unwrap();
        let shown = ClientCert::new_with_certs(&[read(&folder, &format!("{name}.pem"))], key);
        Client::over(&base, None, tls().client_cert(Some(shown)).build())
    };
    let known = showing("client");
    known.get("/v1/keys").problem(401);
    let account = json!({"roles": ["viewer"], "certificate": fingerprint(&folder, "client.pem")});
    admin.put("/v1/accounts/licences", &account).json(200);
    known.get("/v1/keys").json(200);
    known.get("/v1/audit").problem(403);
    // A certificate that the authority has not signed is refused, even if an account names it.
    let account = json!({"roles": ["viewer"], "certificate": fingerprint(&folder, "other.pem")});
    admin.put("/v1/accounts/others", &account).json(200);
    let asking = showing("other");
    let refused = asking.ask("GET", "/v1/keys").try_body(String::new());
    assert!(
        refused.is_err(),
        "an unknown authority's certificate was taken"
    );
    Client::over(&base, None, tls().build())
        .get("/v1/keys")
        .problem(401);
}
