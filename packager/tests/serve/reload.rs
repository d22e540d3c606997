// SPDX-License-Identifier: MPL-2.0
//! New settings while the server runs, on SIGHUP: no request is dropped, and the log names what has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::client::Client;
use crate::receiver::wait_until;
use crate::server::{Server, folder};
use crate::tls::{certify, fingerprint, read, trusting};

/// A client that trusts these authorities only.
fn client(server: &Server, folder: &Path, names: &[&str]) -> Client {
    let base = format!("https://{}", server.address);
    let authorities: Vec<_> = names.iter().map(|name| read(folder, name)).collect();
    Client::over(&base, Some(&server.token()), trusting(&authorities).build())
}

/// Sends SIGHUP, and waits until it has been dealt with.
fn reload(server: &Server, times: usize) {
    server.signal("HUP");
    wait_until("SIGHUP is not dealt with", || {
        let said = server.said();
        said.matches("the settings were reloaded").count()
            + said.matches("the settings were not reloaded").count()
            == times
    });
}

/// Creates two certificates of different authorities.
fn make_certificates(folder: &Path) {
    for (name, ca) in [("first", "first-ca"), ("second", "second-ca")] {
        certify(folder, ca, None);
        certify(folder, name, Some(ca));
    }
}

/// Makes a certificate that of the server.
fn use_certificate(folder: &Path, name: &str) {
    for ending in ["pem", "key"] {
        let from = folder.join(format!("{name}.{ending}"));
        fs::copy(from, folder.join(format!("server.{ending}"))).unwrap();
    }
}

/// Writes the file of options.
fn configure(folder: &Path, more: &str) {
    let (pem, key) = (folder.join("server.pem"), folder.join("server.key"));
    let text = format!(
        "# TLS\ntls-certificate {}\ntls-key {}\n{more}",
        pem.display(),
        key.display()
    );
    fs::write(folder.join("serve.conf"), text).unwrap();
}

/// Starts a server with the first certificate.
fn start(name: &str) -> (PathBuf, Server) {
    let folder = folder(name);
    make_certificates(&folder);
    use_certificate(&folder, "first");
    configure(&folder, "");
    let file = folder.join("serve.conf");
    let server = Server::start_with(&folder, &["--config", file.to_str().unwrap()]);
    (folder, server)
}

#[test]
fn certificate_and_settings_change_without_a_dropped_request() {
    let (folder, server) = start("reload");
    // On a slow machine it may connect anew after the change.
    let both = client(&server, &folder, &["first-ca.pem", "second-ca.pem"]);
    both.get("/v1/keys").json(200);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut answers = 0;
            while !is_over.load(Ordering::SeqCst) {
                both.get("/v1/keys").json(200);
                answers += 1;
            }
            answers
        });
        use_certificate(&folder, "second");
        configure(
            &folder,
            "log-level debug\nknown-contents-only\nmax-connections 300\nmax-connections-per-address 200\nlog json\n",
        );
        reload(&server, 1);
        let second = client(&server, &folder, &["second-ca.pem"]);
        let film = json!({"source": "random", "scheme": "cenc"});
        second.post("/v1/keys", &film).json(201);
        is_over.store(true, Ordering::SeqCst);
        assert!(asking.join().unwrap() > 0);
    });
    let said = server.said();
    for expected in [
        fingerprint(&folder, "second.pem").as_str(),
        "setting=\"--known-contents-only\" from=\"false\" to=\"true\"",
        "setting=\"--max-connections\" from=\"1024\" to=\"300\"",
        "setting=\"--log-level\" to=debug",
        "WARN the setting cannot be changed while the server runs: restart it setting=\"--log\"",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // A client of the old certificate that connects anew is refused, and one of the new one is served.
    let base = format!("https://{}", server.address);
    let old = Client::over(
        &base,
        None,
        trusting(&[read(&folder, "first-ca.pem")]).build(),
    );
    assert!(old.ask("GET", "/healthz").try_body(String::new()).is_err());
    // The limit of the log is in force: it has each request now.
    wait_until("the level of the log stays", || {
        server.said().contains("DEBUG request")
    });
    server.stop();
}

#[test]
fn settings_that_cannot_be_used_change_nothing() {
    let (folder, server) = start("reload-refused");
    fs::write(folder.join("server.key"), "no key").unwrap();
    configure(&folder, "max-connections 500\n");
    reload(&server, 1);
    configure(&folder, "max-conections 5\n");
    reload(&server, 2);
    let said = server.said();
    assert!(said.contains("holds no PEM private key"), "{said}");
    assert!(said.contains("--max-conections"), "{said}");
    assert!(!said.contains("to=\"500\""), "{said}");
    client(&server, &folder, &["first-ca.pem"])
        .get("/v1/keys")
        .json(200);
    server.stop();
}

#[test]
fn token_of_the_administrator_is_read_again() {
    let folder = folder("reload-token");
    let file = folder.join("admin.token");
    let server = Server::start_with(&folder, &["--admin-token-file", file.to_str().unwrap()]);
    let token = || fs::read_to_string(&file).unwrap().trim().to_owned();
    let before = token();
    server
        .stranger()
        .with_token(&before)
        .get("/v1/keys")
        .json(200);
    fs::remove_file(&file).unwrap();
    reload(&server, 1);
    assert_ne!(token(), before);
    server
        .stranger()
        .with_token(&token())
        .get("/v1/keys")
        .json(200);
    server.stop();
}
