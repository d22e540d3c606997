// SPDX-License-Identifier: MPL-2.0
//! Faults of the store while the server runs: its files, its lock and its disk. No change is acknowledged that would be lost, `/readyz`
//! says why, and the server goes on when the fault is over.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Answer, Client};
use crate::receiver::wait_until;
use crate::server::{Server, command, folder};
use test_support::tools::{python, skip};

fn script(arguments: &[&Path]) -> Command {
    let mut script = Command::new(python());
    script.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/faults.py"));
    script.args(arguments);
    script
}

pub fn run(arguments: &[&Path]) {
    assert!(script(arguments).status().unwrap().success());
}

pub fn database(folder: &Path) -> PathBuf {
    folder.join("keys/keys.db")
}

fn new_key(client: &Client) -> Answer {
    let new = json!({"source": "random", "scheme": "cenc"});
    client.post("/v1/keys", &new)
}

/// Moves the database to another name, and puts a copy of it in its place.
fn replace(database: &Path) {
    let copy = database.with_extension("copy");
    run(&[Path::new("copy"), database, &copy]);
    fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
    fs::rename(database, database.with_extension("away")).unwrap();
    fs::rename(copy, database).unwrap();
}

pub fn cut(database: &Path, length: u64) {
    let file = OpenOptions::new().write(true).open(database).unwrap();
    file.set_len(length).unwrap();
}

/// Something that happens to the database of a running server.
struct Fault {
    name: &'static str,
    harm: fn(&Path),
    /// The reason that clients and `/readyz` give.
    reason: &'static str,
    /// Ends the fault while the server runs; None if it must be started again.
    mend: Option<fn(&Path)>,
    /// What the next start says if nobody mends it; empty if it starts.
    at_start: &'static str,
}

const FAULTS: [Fault; 8] = [
    Fault {
        name: "removed",
        harm: |database| fs::rename(database, database.with_extension("away")).unwrap(),
        reason: "a file of the key store was removed",
        mend: Some(|database| fs::rename(database.with_extension("away"), database).unwrap()),
        at_start: "",
    },
    Fault {
        name: "removed-for-good",
        harm: |database| fs::remove_file(database).unwrap(),
        reason: "a file of the key store was removed",
        mend: None,
        at_start: "is missing or empty",
    },
    Fault {
        name: "log-removed",
        harm: |database| fs::remove_file(database.with_extension("db-wal")).unwrap(),
        reason: "a file of the key store was removed",
        mend: None,
        at_start: "",
    },
    Fault {
        name: "replaced",
        harm: replace,
        reason: "a file of the key store was replaced by another file",
        mend: Some(|database| fs::rename(database.with_extension("away"), database).unwrap()),
        at_start: "",
    },
    Fault {
        name: "cut-to-0",
        harm: |database| cut(database, 0),
        reason: "the file of the key store was cut off",
        mend: None,
        at_start: "is missing or empty",
    },
    Fault {
        name: "cut-to-1",
        harm: |database| cut(database, 1),
        reason: "the file of the key store was cut off",
        mend: None,
        at_start: "is missing or empty",
    },
    Fault {
        name: "cut-in-half",
        harm: |database| cut(database, 8192),
        reason: "the file of the key store was cut off",
        mend: None,
        at_start: "restore",
    },
    Fault {
        name: "other-store",
        harm: |database| {
            let other = Server::start("fault-other");
            let other = database_of(other);
            run(&[Path::new("restore"), database, &other]);
        },
        reason: "the database of the key store holds another store",
        mend: None,
        at_start: "wrong key-encryption key",
    },
];

/// Stops a server, and returns its database.
fn database_of(server: Server) -> PathBuf {
    let folder = server.folder.clone();
    server.stop();
    database(&folder)
}

#[test]
fn changed_files_stop_changes_before_any_is_lost() {
    for fault in &FAULTS {
        let server = Server::start(&format!("fault-{}", fault.name));
        let (admin, folder) = (server.admin(), server.folder.clone());
        let kept = new_key(&admin).json(201)["kid"]["uuid"].clone();
        // All is in the database itself, and its log is empty.
        run(&[Path::new("checkpoint"), &database(&folder)]);
        (fault.harm)(&database(&folder));
        let said = |answer: &Answer| {
            let detail = answer.problem(503)["detail"].as_str().unwrap().to_owned();
            assert!(answer.header("retry-after").is_some(), "{}", fault.name);
            assert!(!detail.contains("keys.db"), "{detail}");
            detail
        };
        // Not one change is acknowledged from now on, though the check comes only each second.
        if !matches!(fault.name, "cut-in-half" | "other-store") {
            let refused = said(&new_key(&admin));
            assert!(refused.contains(fault.reason), "{}: {refused}", fault.name);
        }
        let ready = || server.stranger().get("/readyz");
        wait_until(fault.name, || ready().status == 503);
        wait_until(fault.name, || said(&ready()).contains(fault.reason));
        assert_ne!(new_key(&admin).status, 201, "{}", fault.name);
        let token = server.token();
        let server = match fault.mend {
            Some(mend) => {
                mend(&database(&folder));
                wait_until(fault.name, || ready().status == 200);
                server
            }
            None => {
                server.stop();
                if !fault.at_start.is_empty() {
                    refused_start(&folder, fault);
                    continue;
                }
                Server::start_with(&folder, &[])
            }
        };
        let admin = server.stranger().with_token(&token);
        admin
            .get(&format!("/v1/keys/{}", kept.as_str().unwrap()))
            .json(200);
        new_key(&admin).json(201);
        assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
    }
}

fn refused_start(folder: &Path, fault: &Fault) {
    let mut started = command(folder, &["--listen", "127.0.0.1:0"]);
    let mut started = started.stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while started.try_wait().unwrap().is_none() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    // One that has not ended has started.
    let _ = started.kill();
    let started = started.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&started.stderr);
    assert_eq!(started.status.code(), Some(1), "{}: {said}", fault.name);
    assert!(said.contains(fault.at_start), "{}: {said}", fault.name);
}

#[test]
fn store_that_is_put_back_while_it_is_open_makes_no_keys() {
    let server = Server::start("fault-put-back");
    let (admin, token, folder) = (server.admin(), server.token(), server.folder.clone());
    let copy = folder.join("copy.db");
    run(&[Path::new("copy"), &database(&folder), &copy]);
    new_key(&admin).json(201);
    run(&[Path::new("restore"), &database(&folder), &copy]);
    let ready = || server.stranger().get("/readyz");
    wait_until("the restored store is not noticed", || {
        ready().status == 503
    });
    let detail = ready().problem(503)["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("changes that it had already are missing"),
        "{detail}"
    );
    let refused = new_key(&admin);
    let refused = refused.problem(503)["detail"].as_str().unwrap().to_owned();
    assert!(refused.contains("store accept-restore"), "{refused}");
    server.stop();
    let mut accept = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
    let store = format!("sqlite://{}", database(&folder).display());
    accept.args(["store", "accept-restore", &store, "--kek-file"]);
    let accepted = accept
        .arg(database(&folder).with_extension("db.kek"))
        .status();
    assert!(accepted.unwrap().success());
    let server = Server::start_with(&folder, &[]);
    assert_eq!(server.stranger().get("/readyz").status, 200);
    new_key(&server.stranger().with_token(&token)).json(201);
}

/// Another program that holds the lock of the database until it is dropped.
pub struct Lock(Child);

impl Lock {
    pub fn hold(database: &Path) -> Self {
        let mut holder = script(&[Path::new("lock"), database]);
        let mut holder = holder
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(holder.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(holder)
    }

    /// The id of the program.
    pub fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn held_lock_is_named_and_stops_no_reader() {
    let server = Server::start("fault-lock");
    let admin = server.admin();
    new_key(&admin).json(201);
    let lock = Lock::hold(&database(&server.folder));
    thread::scope(|scope| {
        // The first change waits for the lock, and the readers do not wait for it.
        let waiting = scope.spawn(|| new_key(&admin));
        for path in ["/v1/keys", "/v1/contents", "/v1/targets", "/metrics"] {
            assert_eq!(admin.get(path).status, 200, "{path}");
        }
        let ready = || server.stranger().get("/readyz");
        let reason = "another process holds the lock";
        wait_until("the lock is not noticed", || ready().text.contains(reason));
        // From now on, changes are refused at once and with the reason.
        let refused = new_key(&admin);
        let detail = refused.problem(503)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(reason), "{detail}");
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert_eq!(admin.get("/v1/keys").status, 200);
        drop(lock);
        wait_until("the server is not ready again", || ready().status == 200);
        let waited = waiting.join().unwrap();
        assert!(matches!(waited.status, 201 | 503), "{}", waited.text);
    });
    new_key(&admin).json(201);
    let said = server.stop();
    assert!(said.contains("the server is ready again"), "{said}");
}

#[test]
fn server_ends_in_time_while_the_lock_is_held() {
    let server = Server::start("fault-lock-stop");
    let admin = server.admin();
    let lock = Lock::hold(&database(&server.folder));
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let new = json!({"source": "random", "scheme": "cenc"});
            let asking = admin.ask("POST", "/v1/keys");
            let asking = asking.header("content-type", "application/json");
            asking.try_body(new.to_string()).map(|answer| answer.status)
        });
        thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        let said = server.stop();
        assert!(begun.elapsed().as_secs() < 10, "{said}");
        // It was cut off, or refused: it is not known to be done.
        assert_ne!(asking.join().unwrap().ok(), Some(201));
    });
    drop(lock);
}

#[test]
fn full_disk_is_named_and_loses_nothing() {
    let name = "serve::faults::full_disk_is_named_and_loses_nothing";
    let mut unshare = Command::new("unshare");
    let may_mount = unshare.args(["-rm", "true"]).output();
    if !may_mount.is_ok_and(|done| done.status.success()) {
        return skip(name, "this user may not mount a file system of its own");
    }
    let folder = folder("fault-disk");
    fs::create_dir(folder.join("keys")).unwrap();
    let script = "mount -t tmpfs -o size=3m,mode=700 disk \"$KEYS\" && exec \"$0\" \"$@\"";
    let server = Server::start_within(&folder, &[], |program| {
        let mut shell = Command::new("unshare");
        shell.args(["-rm", "sh", "-c", script]);
        shell.arg(program.get_program()).args(program.get_args());
        shell.env("KEYS", folder.join("keys"));
        shell
    });
    let admin = server.admin();
    let kept = new_key(&admin).json(201)["kid"]["uuid"].clone();
    // The disk as the server sees it.
    let inside = server.proc("root").join(folder.strip_prefix("/").unwrap());
    let filler = inside.join("keys/filler");
    let mut fill = OpenOptions::new();
    let mut fill = fill
        .write(true)
        .create(true)
        .mode(0o600)
        .open(&filler)
        .unwrap();
    while std::io::Write::write_all(&mut fill, &[0; 512]).is_ok() {}
    let ready = || server.stranger().get("/readyz");
    let reason = "make room on its disk";
    wait_until("the full disk is not noticed", || {
        // Changes fit into what the log has of the disk already, and then no more.
        let _ = new_key(&admin);
        ready().text.contains(reason)
    });
    wait_until("a change is acknowledged", || {
        let refused = new_key(&admin);
        refused.status == 503 && refused.text.contains(reason)
    });
    assert_eq!(admin.get("/v1/keys").status, 200);
    drop(fill);
    fs::remove_file(filler).unwrap();
    wait_until("the server is not ready again", || ready().status == 200);
    new_key(&admin).json(201);
    let path = format!("/v1/keys/{}", kept.as_str().unwrap());
    admin.get(&path).json(200);
    assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
}
