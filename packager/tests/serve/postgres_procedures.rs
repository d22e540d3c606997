// SPDX-License-Identifier: MPL-2.0
//! The procedures of docs/server.md for a store in PostgreSQL, as they are written there.

use std::fs;
use std::thread;

use crate::machine::{Machine, commands};
use crate::receiver::wait_until;
use test_support::postgres_server::{PASSWORD_LINE, PostgresServer};

/// Sets the store of a machine: the one of these servers that may be written.
fn use_store(machine: &mut Machine, servers: &[&PostgresServer]) {
    machine.write("offline/passwords", PASSWORD_LINE, 0o600);
    let authority = machine.path("/offline/authority.pem");
    fs::copy(servers[0].folder.join("server.pem"), authority).unwrap();
    let hosts: Vec<_> = servers
        .iter()
        .map(|server| format!("localhost:{}", server.port))
        .collect();
    let store = format!(
        "postgresql://keys@{}/keys?target_session_attrs=read-write&sslrootcert=/offline/authority.pem&passfile=/offline/passwords",
        hosts.join(","),
    );
    machine.set_database(&format!("{store}&kek-file=/offline/playready.kek"));
    let store = machine.with_folders(&store);
    machine
        .words
        .push(("postgresql://keys@db/keys".to_owned(), store));
}

/// Lets the commands of a machine reach a server.
fn use_server(machine: &mut Machine, server: &PostgresServer) {
    machine.variables = vec![
        ("PGHOST", server.folder.display().to_string()),
        ("PGPORT", server.port.to_string()),
        ("PGUSER", "keys".to_owned()),
        ("PGDATABASE", "postgres".to_owned()),
    ];
}

fn wait_for_reason(machine: &Machine, reason: &str) {
    let ready = || machine.client().get("/readyz");
    wait_until(reason, || {
        ready().status == 503 && ready().text.contains(reason)
    });
}

fn wait_for_work(machine: &Machine, kept: &str) {
    let client = machine.client();
    wait_until("the server is not ready", || {
        client.get("/readyz").status == 200
    });
    client.get(kept).json(200);
    assert_eq!(client.get("/v1/audit/verify").json(200)["whole"], true);
}

#[test]
fn database_is_started_certified_and_restored_as_the_document_says() {
    let Some(mut database) = PostgresServer::own("serve::postgres_procedures, one server") else {
        return;
    };
    database.run("CREATE DATABASE keys");
    let mut machine = Machine::new("procedure-postgres");
    use_store(&mut machine, &[&database]);
    use_server(&mut machine, &database);
    let folder = database.folder.display().to_string();
    machine.words.push(("/etc/postgresql".to_owned(), folder));
    for ending in ["pem", "key"] {
        let offline = machine.path(&format!("/offline/database.{ending}"));
        fs::copy(database.folder.join(format!("server.{ending}")), offline).unwrap();
    }
    machine.shell("systemctl start playready-packager");
    let kept = machine.new_key("SD");

    database.end("QUIT");
    wait_for_reason(&machine, "the key store cannot be used");
    thread::scope(|scope| {
        let running = scope.spawn(|| machine.shell(commands("### PostgreSQL that is down")[0]));
        wait_until("nobody starts it", || machine.place.join("wanted").exists());
        database.start();
        running.join().unwrap();
    });
    wait_for_work(&machine, &kept);

    for ending in ["pem", "key"] {
        let [from, to] =
            ["other", "server"].map(|name| database.folder.join(format!("{name}.{ending}")));
        fs::copy(from, to).unwrap();
    }
    database.end("QUIT");
    database.start();
    wait_for_reason(&machine, "give the server a certificate for the host");
    machine.shell(commands("### A refused certificate of PostgreSQL")[0]);
    wait_for_work(&machine, &kept);

    let blocks = commands("### Backup of PostgreSQL");
    fs::create_dir(machine.path("/backup")).unwrap();
    machine.shell(blocks[0]);
    let lost = machine.new_key("HD");
    machine.shell(blocks[1]);
    wait_for_work(&machine, &kept);
    machine.client().get(&lost).problem(404);
    machine.new_key("HD");
    machine.shell("systemctl stop playready-packager");
}

#[test]
fn standby_takes_over_as_the_document_says() {
    let Some(mut primary) = PostgresServer::own("serve::postgres_procedures, standby") else {
        return;
    };
    primary.run("CREATE DATABASE keys");
    let mut second = primary.standby();
    let mut third = primary.standby();
    primary.require_standby();
    let mut machine = Machine::new("procedure-standby");
    use_store(&mut machine, &[&primary, &second, &third]);
    machine.shell("systemctl start playready-packager");
    let kept = machine.new_key("SD");
    primary.wait_for_standbys();
    third.end("QUIT");
    let lost = machine.new_key("HD");
    primary.end("KILL");
    wait_for_reason(&machine, "the key store cannot be used");
    use_server(&mut machine, &second);
    machine.shell(commands("### A lost primary")[0]);
    wait_for_work(&machine, &kept);
    machine.client().get(&lost).json(200);

    second.end("KILL");
    third.start();
    use_server(&mut machine, &third);
    machine.shell(commands("### A lost primary")[0]);
    wait_for_reason(&machine, "it may be a backup or a copy");
    machine.shell(commands("### A failover that lost changes")[0]);
    wait_for_work(&machine, &kept);
    machine.client().get(&lost).problem(404);
    machine.new_key("HD");
    machine.shell("systemctl stop playready-packager");
}
