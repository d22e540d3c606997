// SPDX-License-Identifier: MPL-2.0
//! Properties of PostgreSQL alone: lost or slow connections, TLS, passwords, schemas.

use std::fs;
use std::sync::mpsc;

use postgres::{Client, NoTls};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use cenc_types::Scheme;
use content_key_store::{Content, Error, KekSource, KeyFilter, KeyStore};

use crate::scratch::Scratch;

use super::place::{self, Place};
use super::server::{OTHER_HOST, PASSWORD_LINE, PostgresServer};
use super::shared_store::KeyService;
use super::{ALL, slot};

#[test]
fn tls_checks_the_certificate_and_passwords_come_from_a_file() {
    let Some(server) = PostgresServer::shared("store over TLS") else {
        return;
    };
    let place = place::postgres("store-tls", server);
    let server = place.server.as_ref().unwrap();
    let database = place.uri.rsplit('/').next().unwrap();
    let passwords = "localhost:*:*:keys:pass\\:wo\\\\rd\n";
    let passwords = place.scratch.write_secret("passwords", passwords);
    let open = |host: &str, roots: &str| {
        let roots = server.folder.join(roots);
        let options = format!(
            "sslmode=verify-full&sslrootcert={}&passfile={}",
            roots.display(),
            passwords.display()
        );
        let uri = format!(
            "postgresql://keys@{host}:{}/{database}?{options}",
            server.port
        );
        KeyStore::open(&uri, &[place.kek()], &host_access::Host::system())
    };
    let made = open("localhost", "server.pem")
        .unwrap()
        .get_or_create_key(&slot("a", 0))
        .unwrap();
    let same = place.open().get_or_create_key(&slot("a", 0)).unwrap();
    assert_eq!(made.info, same.info);
    for (host, roots) in [("localhost", "other.pem"), ("127.0.0.1", "server.pem")] {
        let refused = open(host, roots).err().unwrap();
        assert!(refused.to_string().contains("certificate"), "{refused}");
    }
}

#[test]
fn other_machines_are_reached_by_tls_that_is_checked() {
    let Some(server) = PostgresServer::shared("other machines") else {
        return;
    };
    let place = place::postgres("store-other-machine", server);
    let server = place.server.as_ref().unwrap();
    let database = place.uri.rsplit('/').next().unwrap();
    let passwords = place.scratch.write_secret("passwords", PASSWORD_LINE);
    let open = |host: &str, roots: &str, options: &str| {
        let uri = format!(
            "postgresql://keys@{host}:{}/{database}?hostaddr=127.0.0.1&passfile={}&sslrootcert={}{options}",
            server.port,
            passwords.display(),
            server.folder.join(roots).display()
        );
        KeyStore::open(&uri, &[place.kek()], &host_access::Host::system())
    };
    for options in [
        "",
        "&sslmode=verify-full",
        "&sslmode=require",
        "&sslmode=prefer",
    ] {
        open(OTHER_HOST, "server.pem", options).unwrap();
    }
    let clear = "&sslmode=disable";
    let accepted = "&sslmode=disable&accept-unencrypted=yes";
    for (host, roots, options, reason) in [
        (OTHER_HOST, "other.pem", "", "by sslrootcert= in the URI"),
        (OTHER_HOST, "other.pem", "&sslmode=require", "certificate"),
        (OTHER_HOST, "other.pem", "&sslmode=prefer", "certificate"),
        ("elsewhere.example", "server.pem", "", "certificate"),
        (OTHER_HOST, "server.pem", clear, "accept-unencrypted=yes"),
        // It gets as far as the server, which takes nothing but TLS.
        (OTHER_HOST, "server.pem", accepted, "no encryption"),
    ] {
        let refused = open(host, roots, options).err().unwrap().to_string();
        assert!(refused.contains(reason), "{host} {options}: {refused}");
    }
}

#[test]
fn expired_certificate_is_refused() {
    let Some(mut server) = PostgresServer::own("store with an expired certificate") else {
        return;
    };
    let mut expired = CertificateParams::new(["localhost".to_owned()]).unwrap();
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2020, 12, 31);
    let key = KeyPair::generate().unwrap();
    let certificate = expired.self_signed(&key).unwrap().pem();
    server.end("INT");
    for (name, pem) in [
        ("server.pem", &certificate),
        ("server.key", &key.serialize_pem()),
    ] {
        // It stays the file of the server's user.
        fs::write(server.folder.join(name), pem).unwrap();
    }
    server.start();
    let scratch = Scratch::new("store-expired");
    let passwords = scratch.write_secret("passwords", PASSWORD_LINE);
    let uri = format!(
        "postgresql://keys@localhost:{}/postgres?sslmode=require&sslrootcert={}&passfile={}",
        server.port,
        server.folder.join("server.pem").display(),
        passwords.display()
    );
    let kek = KekSource::File(scratch.join("kek"));
    let refused = KeyStore::open(&uri, &[kek], &host_access::Host::system()).err();
    let refused = refused.unwrap().to_string();
    assert!(refused.contains("certificate expired"), "{refused}");
    assert!(
        refused.contains("give the server a certificate"),
        "{refused}"
    );
}

#[test]
fn connection_that_was_lost_is_made_anew() {
    let Some(server) = PostgresServer::shared("lost connections") else {
        return;
    };
    let place = place::postgres("store-lost", server);
    let store = place.open();
    let made = store.get_or_create_key(&slot("a", 0)).unwrap();
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    place.run(terminate).unwrap();
    // The first request may fail on the lost connection. The next one succeeds.
    let first = store.get_or_create_key(&slot("a", 0));
    let again = first.or_else(|error| {
        assert!(error.is_temporary(), "{error}");
        store.get_or_create_key(&slot("a", 0))
    });
    assert_eq!(again.unwrap().info, made.info);
}

#[test]
fn transaction_whose_connection_was_lost_keeps_nothing() {
    let Some(server) = PostgresServer::shared("lost transactions") else {
        return;
    };
    let place = place::postgres("store-cut", server);
    let store = place.open();
    let cut = "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$";
    place.run(cut).unwrap();
    // The connection is lost in the middle of a transaction, and at the last statement before its commit.
    for table in ["key_slot", "audit_head"] {
        let event = "BEFORE INSERT OR UPDATE";
        place
            .run(&format!(
                "CREATE TRIGGER cut {event} ON {table} FOR EACH ROW EXECUTE FUNCTION cut()"
            ))
            .unwrap();
        let refused = store.get_or_create_key(&slot("a", 0)).err().unwrap();
        assert!(refused.is_temporary(), "{refused}");
        place.run(&format!("DROP TRIGGER cut ON {table}")).unwrap();
        assert!(store.contents(&ALL).unwrap().is_empty());
        assert_eq!(store.verify_audit().unwrap().rows, 1);
    }
    assert!(store.get_or_create_key(&slot("a", 0)).unwrap().is_new);
}

#[test]
fn open_finds_the_tables_in_their_schema_only() {
    let Some(server) = PostgresServer::shared("schemas") else {
        return;
    };
    let place: Place = place::postgres("store-schema", server);
    place.run("CREATE SCHEMA other").unwrap();
    place.open().get_or_create_key(&slot("a", 0)).unwrap();
    let uri = format!("{}?options=-csearch_path%3Dother", place.uri);
    let store = KeyStore::open(&uri, &[place.kek()], &host_access::Host::system()).unwrap();
    assert!(store.contents(&ALL).unwrap().is_empty());
}

#[test]
fn wrong_password_is_refused_without_repeating_it() {
    let Some(server) = PostgresServer::shared("passwords") else {
        return;
    };
    let place = place::postgres("store-password", server);
    let server = place.server.as_ref().unwrap();
    let roots = server.folder.join("server.pem");
    let uri = format!(
        "postgresql://keys:secret@localhost:{}/postgres?sslrootcert={}",
        server.port,
        roots.display()
    );
    let refused = KeyStore::open(&uri, &[place.kek()], &host_access::Host::system())
        .err()
        .unwrap();
    let text = refused.to_string();
    assert!(matches!(refused, Error::Unavailable { .. }), "{text}");
    assert!(
        text.contains("authentication failed") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
fn writer_that_hangs_does_not_stop_the_others_for_ever() {
    let Some(server) = PostgresServer::shared("locks") else {
        return;
    };
    let place = place::postgres("store-locks", server);
    drop(place.open());
    let uri = format!("{}?options=-clock_timeout%3D100ms", place.uri);
    let store = KeyStore::open(&uri, &[place.kek()], &host_access::Host::system()).unwrap();
    let mut hanging = Client::connect(&place.uri, NoTls).unwrap();
    let lock = "BEGIN; SELECT seq FROM audit_head FOR UPDATE";
    hanging.batch_execute(lock).unwrap();
    let refused = store.get_or_create_key(&slot("a", 0)).err().unwrap();
    assert!(refused.is_temporary(), "{refused}");
    hanging.batch_execute("ROLLBACK").unwrap();
    assert!(store.get_or_create_key(&slot("a", 0)).is_ok());
}

#[test]
fn rules_hold_wherever_a_session_looks_for_tables() {
    let Some(server) = PostgresServer::shared("search paths") else {
        return;
    };
    let place = place::postgres("store-path", server);
    let store = place.open();
    let mut content = Content::new("a", Scheme::Cenc);
    content.targets = vec!["one".to_owned()];
    store.put_content(&content).unwrap();
    store.get_or_create_key(&slot("a", 0)).unwrap();
    let elsewhere = "CREATE SCHEMA empty; SET search_path = empty;
        CREATE TABLE key_slot (LIKE public.key_slot); CREATE TABLE content_target (LIKE public.content_target);
        CREATE TABLE delivery (LIKE public.delivery); UPDATE public.content_key SET state = 'active'";
    let refused = place.run(elsewhere).unwrap_err();
    assert!(refused.contains("has not acknowledged"), "{refused}");
}

#[test]
fn request_whose_connection_is_lost_says_why_and_the_next_succeeds() {
    let Some(server) = PostgresServer::shared("lost requests") else {
        return;
    };
    let place = place::postgres("store-lost-request", server);
    let service = KeyService::start(&place);
    let kid = service.learn("a");
    let rows = place.open().verify_audit().unwrap().rows;
    let cut = "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
        CREATE TRIGGER cut BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION cut()";
    place.run(cut).unwrap();
    for content in ["a", "new"] {
        let lost = service.request(content).err().unwrap();
        assert!(lost.is_temporary(), "{lost}");
        // The text of the server.
        let why = "terminating connection due to administrator command";
        assert!(lost.to_string().contains(why), "{lost}");
    }
    place.run("DROP TRIGGER cut ON audit").unwrap();
    assert_eq!(place.open().verify_audit().unwrap().rows, rows);
    assert_eq!(service.learn("a"), kid);
    assert!(service.request("new").unwrap().keys[0].is_new);
}

#[test]
fn statement_that_the_database_refuses_ends_its_request_only() {
    let Some(server) = PostgresServer::shared("refused statements") else {
        return;
    };
    let place = place::postgres("store-refused", server);
    let service = KeyService::start(&place);
    let known = service.learn("known");
    let rule = "CREATE FUNCTION no_bad() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.content_id = 'bad' THEN RAISE EXCEPTION 'rule: it is bad'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER no_bad BEFORE INSERT ON key_slot FOR EACH ROW EXECUTE FUNCTION no_bad()";
    place.run(rule).unwrap();
    // Requests wait together while another transaction holds the end of the audit.
    let mut other = Client::connect(&place.uri, NoTls).unwrap();
    other
        .batch_execute("BEGIN; SELECT seq FROM audit_head FOR UPDATE")
        .unwrap();
    let (answer, answered) = mpsc::channel();
    let contents = ["known", "good", "bad", "known", "better", "bad"];
    for content in contents {
        service.send(content, &answer);
    }
    other.batch_execute("COMMIT").unwrap();
    let answers: Vec<_> = answered.iter().take(contents.len()).collect();
    let refused =
        |answer: &Result<_, Error>| matches!(answer, Err(Error::Rule(rule)) if rule == "it is bad");
    assert_eq!(answers.iter().filter(|answer| refused(answer)).count(), 2);
    let kids: Vec<_> = answers
        .iter()
        .flatten()
        .map(|found| found.keys[0].info.kid)
        .collect();
    assert_eq!(kids.len(), 4);
    assert_eq!(kids.iter().filter(|kid| **kid == known).count(), 2);
    let store = place.open();
    assert_eq!(
        store.contents(&ALL).unwrap().entries,
        ["better", "good", "known"]
    );
    store.verify_audit().unwrap();
}

#[test]
fn readers_wait_for_no_change() {
    let Some(server) = PostgresServer::shared("readers") else {
        return;
    };
    let place = place::postgres("store-readers", server);
    let store = place.open().with_readers(&place.uri);
    let made = store.get_or_create_key(&slot("a", 0)).unwrap();
    let mut other = Client::connect(&place.uri, NoTls).unwrap();
    other
        .batch_execute("BEGIN; SELECT * FROM audit_head FOR UPDATE")
        .unwrap();
    std::thread::scope(|scope| {
        let change = scope.spawn(|| store.get_or_create_key(&slot("a", 1)));
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while other.query(waits, &[]).unwrap().is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let found = store.kid_of(&slot("a", 0)).unwrap();
        assert_eq!(found, Some(made.info.kid));
        assert!(!change.is_finished());
        other.batch_execute("COMMIT").unwrap();
        assert!(change.join().unwrap().unwrap().is_new);
    });
}

#[test]
fn behind_a_pooler_no_statement_stays_prepared() {
    let Some(server) = PostgresServer::shared("poolers") else {
        return;
    };
    let place = place::postgres("store-pooler", server);
    let direct = place.open();
    let pooled = KeyStore::open(
        &format!("{}?pooler=transaction", place.uri),
        &[place.kek()],
        &host_access::Host::system(),
    )
    .unwrap();
    let mut content = Content::new("a", Scheme::Cenc);
    content.lui_url = Some("https://people.example/".to_owned());
    pooled.put_content(&content).unwrap();
    let made = pooled.get_or_create_key(&slot("a", 0)).unwrap();
    let same = direct.get_or_create_key(&slot("a", 0)).unwrap();
    assert_eq!(made.info, same.info);
    assert_eq!(pooled.content("a").unwrap(), content);
    let filter = KeyFilter {
        content_id: Some("a".to_owned()),
        ..KeyFilter::default()
    };
    assert_eq!(pooled.keys(&filter, &ALL).unwrap().entries, [made.info]);
    pooled.verify_audit().unwrap();
    for (store, some) in [(&direct, true), (&pooled, false)] {
        let prepared = store
            .read(|transaction| {
                transaction.run("SELECT statement FROM pg_prepared_statements", &[])
            })
            .unwrap();
        assert_eq!(!prepared.is_empty(), some);
    }
}
