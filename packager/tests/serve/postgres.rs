// SPDX-License-Identifier: MPL-2.0
//! The server with PostgreSQL: a database that goes away, that is started again, and that has a standby.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::load::{Load, check_keys};
use crate::receiver::wait_until;
use crate::server::{Server, folder};
use test_support::postgres_server::{PASSWORD_LINE, PostgresServer};

/// Writes a file that only its owner may read.
pub fn write_secret(path: &Path, text: &str) {
    let mut options = fs::File::options();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    std::io::Write::write_all(&mut options.open(path).unwrap(), text.as_bytes()).unwrap();
}

/// Writes a key-encryption key into a folder.
pub fn write_kek(folder: &Path) -> PathBuf {
    let kek = folder.join("kek");
    write_secret(&kek, &"0f".repeat(32));
    kek
}

/// The address of a store whose servers are all named. The one that may be written is used, over TLS.
pub fn address_of(servers: &[&PostgresServer], folder: &Path) -> String {
    let passwords = folder.join("passwords");
    write_secret(&passwords, PASSWORD_LINE);
    let hosts: Vec<_> = servers
        .iter()
        .map(|server| format!("localhost:{}", server.port))
        .collect();
    format!(
        "postgresql://keys@{}/postgres?target_session_attrs=read-write&sslmode=verify-full&sslrootcert={}&passfile={}&kek-file={}",
        hosts.join(","),
        servers[0].folder.join("server.pem").display(),
        passwords.display(),
        write_kek(folder).display()
    )
}

#[test]
fn server_is_not_ready_while_its_database_is_away() {
    let Some(mut database) = PostgresServer::own("serve::postgres, away") else {
        return;
    };
    let folder = folder("postgres");
    let uri = format!(
        "{}?kek-file={}",
        database.uri("postgres"),
        write_kek(&folder).display()
    );
    let server = Server::start_with(&folder, &["--database", &uri]);
    let admin = server.admin();
    let new = json!({"source": "random", "scheme": "cenc", "content": "film"});
    let asking = admin.ask("POST", "/v1/keys").header("idempotency-key", "1");
    let made = asking.json(&new).json(201);
    let asking = admin.ask("POST", "/v1/keys").header("idempotency-key", "1");
    assert_eq!(asking.json(&new).json(201), made);
    admin
        .put(
            "/v1/contents/film",
            &json!({"scheme": "cenc", "la_url": "\u{0}"}),
        )
        .problem(422);
    assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
    assert_eq!(admin.get("/readyz").status, 200);
    database.end("KILL");
    wait_until("the server is still ready", || {
        admin.get("/readyz").status == 503
    });
    let away = admin.get("/readyz");
    away.problem(503);
    assert!(away.header("retry-after").is_some());
    let refused = admin.get("/v1/keys");
    refused.problem(503);
    // Only the log contains the database's address.
    assert!(!refused.text.contains("postgres"), "{}", refused.text);
    assert_eq!(admin.get("/healthz").status, 200);
    let until = Instant::now() + Duration::from_secs(10);
    while !server.said().contains("keys cannot be rotated") {
        assert!(Instant::now() < until, "{}", server.said());
        sleep(Duration::from_millis(50));
    }
    server.stop();
}

/// The warnings of `/readyz` as JSON.
fn warnings(server: &Server) -> Vec<String> {
    let asking = server.stranger();
    let ready = asking
        .ask("GET", "/readyz")
        .header("accept", "application/json");
    let ready = ready.send().json(200);
    assert_eq!(ready["ready"], true);
    let warnings = ready["warnings"].as_array().unwrap().iter();
    warnings
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// The warnings of `/readyz` as text.
fn warning_lines(server: &Server) -> Vec<String> {
    let text = server.stranger().get("/readyz").text;
    let lines = text.strip_prefix("ready\n").unwrap().lines();
    lines
        .map(|line| line.strip_prefix("warning: ").unwrap().to_owned())
        .collect()
}

#[test]
fn settings_that_may_lose_keys_are_warnings() {
    let Some(database) = PostgresServer::own("serve::postgres, warnings") else {
        return;
    };
    let folder = folder("postgres-warnings");
    let uri = format!(
        "{}?kek-file={}",
        database.uri("postgres"),
        write_kek(&folder).display()
    );
    let server = Server::start_with(&folder, &["--database", &uri]);
    let counts = |count: usize| {
        wait_until("the warnings are others", || {
            warnings(&server).len() == count
        });
        assert_eq!(warning_lines(&server), warnings(&server));
        let metric = format!("playready_packager_risks {count}\n");
        let metrics = server.admin().get("/metrics").text;
        assert!(metrics.contains(&metric), "{metrics}");
    };
    counts(1);
    assert!(warnings(&server)[0].contains("synchronous_standby_names"));
    let set = |setting: &str| {
        database.run(&format!("ALTER SYSTEM SET {setting}"));
        database.run("SELECT pg_reload_conf()");
    };
    set("synchronous_commit = off");
    counts(2);
    assert!(warnings(&server)[1].contains("synchronous_commit of PostgreSQL is off"));
    set("synchronous_commit = on");
    counts(1);
    // No standby has this name, so that a commit waits for ever, and one that waits is not acknowledged.
    let admin = server.admin();
    set("synchronous_standby_names = 'nobody'");
    counts(0);
    let said = server.said();
    assert_eq!(
        said.matches("synchronous_standby_names of PostgreSQL is empty")
            .count(),
        1,
        "{said}"
    );
    set("synchronous_standby_names = ''");
    counts(1);
    admin
        .post("/v1/keys", &json!({"source": "random", "scheme": "cenc"}))
        .json(201);
    // A server whose database has no such settings warns of nothing.
    assert!(warnings(&Server::start("sqlite-warnings")).is_empty());
}

#[test]
fn two_servers_keep_each_key_while_their_database_is_started_again() {
    let Some(mut database) = PostgresServer::own("serve::postgres, two servers") else {
        return;
    };
    let folders = [folder("postgres-first"), folder("postgres-second")];
    let uris = folders
        .each_ref()
        .map(|folder| address_of(&[&database], folder));
    let first = Server::start_with(&folders[0], &["--database", &uris[0]]);
    let admin = first.admin();
    let channel = json!({"scheme": "cbcs", "crypto_period_ms": 3_600_000});
    admin.put("/v1/contents/news", &channel).json(201);
    // A machine of its own has no record of the store yet.
    accept_restore(&uris[1]);
    let second = Server::start_with(&folders[1], &["--database", &uris[1]]);
    let other = second.stranger().with_token(&first.token());
    let load = Load::begin(&[admin.clone(), other.clone()]);
    for signal in ["INT", "QUIT", "INT"] {
        load.wait_for_more(40);
        database.end(signal);
        wait_until("a server is still ready", || {
            [&first, &second]
                .iter()
                .all(|server| server.stranger().get("/readyz").status == 503)
        });
        database.start();
    }
    load.wait_for_more(40);
    let kids = load.end();
    let licences = first.member_token(&["license-server"]);
    for (server, client) in [(&first, &admin), (&second, &other)] {
        check_keys(client, &server.stranger().with_token(&licences), &kids);
    }
    // Both have made the keys of the channel, once.
    let periods =
        |client: &crate::client::Client| client.get("/v1/contents/news/periods").json(200);
    wait_until("the servers have other keys", || {
        periods(&admin) == periods(&other)
    });
    // What one retires, the other does not give any more.
    let retire = format!("/v1/keys/{}/retire", kids[0]);
    admin.post(&retire, &json!({"reason": "a test"}));
    assert_eq!(
        other.get(&format!("/v1/keys/{}", kids[0])).json(200)["state"],
        "retired"
    );
    // One that is killed leaves the work to the other.
    first.signal("KILL");
    let load = Load::begin(std::slice::from_ref(&other));
    load.wait_for_more(20);
    check_keys(
        &other,
        &second.stranger().with_token(&licences),
        &load.end(),
    );
}

/// Accepts a store for this machine.
fn accept_restore(address: &str) {
    let (uri, kek) = address.split_once("&kek-file=").unwrap();
    let mut accept = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
    accept.args(["store", "accept-restore", uri, "--kek-file", kek]);
    let accepted = accept.output().unwrap();
    assert!(
        accepted.status.success(),
        "{}",
        String::from_utf8_lossy(&accepted.stderr)
    );
}

#[test]
fn no_acknowledged_key_is_lost_at_a_failover() {
    let Some(mut primary) = PostgresServer::own("serve::postgres, failover") else {
        return;
    };
    let standby = primary.standby();
    primary.require_standby();
    let folder = folder("postgres-failover");
    let uri = address_of(&[&primary, &standby], &folder);
    let server = Server::start_with(&folder, &["--database", &uri]);
    let (admin, token) = (server.admin(), server.token());
    let licences = server.member_token(&["license-server"]);
    wait_until("a standby is missing", || warnings(&server).is_empty());
    let load = Load::begin(&[admin.clone(), admin.clone()]);
    load.wait_for_more(100);
    primary.end("KILL");
    wait_until("the server is still ready", || {
        server.stranger().get("/readyz").status == 503
    });
    standby.promote();
    wait_until("the server is not ready", || {
        server.stranger().get("/readyz").status == 200
    });
    load.wait_for_more(100);
    let kids = load.end();
    check_keys(&admin, &server.stranger().with_token(&licences), &kids);
    // The new primary has no standby yet.
    assert!(warnings(&server)[0].contains("synchronous_standby_names"));
    server.stop();
    // The same with the address of the new primary alone.
    let uri = address_of(&[&standby], &folder);
    let server = Server::start_with(&folder, &["--database", &uri]);
    let admin = server.stranger().with_token(&token);
    check_keys(&admin, &server.stranger().with_token(&licences), &kids);
}
