// SPDX-License-Identifier: MPL-2.0
//! The procedures below "Faults" in docs/server.md, as they are written there: a server has the fault, says so in the words that the
//! document has, and works again after the commands, with the keys that it had.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::client::Client;
use crate::clock;
use crate::faults::{Lock, cut, run};
use crate::machine::{Machine, commands, procedures};
use crate::receiver::wait_until;
use crate::tls::{certify, read, trusting};
use test_support::tools::skip;

/// The procedures that other modules run.
const ELSEWHERE: [&str; 6] = [
    "### A full disk",
    "### An expired certificate",
    "### PostgreSQL that is down",
    "### A refused certificate of PostgreSQL",
    "### A lost primary",
    "### A failover that lost changes",
];

/// A fault of a machine whose store is in a file.
struct Fault {
    name: &'static str,
    /// The heading of its procedure.
    heading: &'static str,
    /// Prepares the machine before the server starts.
    prepare: fn(&mut Machine),
    /// Brings about the fault. Something that it returns lasts until the commands have run.
    harm: fn(&mut Machine) -> Option<Lock>,
    seen: Seen,
    /// True if the keys are there afterwards.
    keeps_keys: bool,
}

/// Where the fault is seen, and the words.
enum Seen {
    /// In `/readyz`, while the server runs.
    Ready(&'static str),
    /// In the log of the next start, which fails.
    Start(&'static str),
}

const RESTORE: &str = "## Backup";

fn database(machine: &Machine) -> PathBuf {
    machine.path("/var/lib/playready-packager/keys.db")
}

fn is_enough(_: &mut Machine) {}

fn set_clock(machine: &Machine, offset: i64) {
    clock::set_clock(&machine.place, offset);
}

/// Lets the server run with a clock that the test sets.
fn prepare_clock(machine: &mut Machine) {
    assert!(clock::library(&machine.place), "no cc");
    set_clock(machine, 0);
    let place = machine.place.display().to_string();
    machine.variables.extend([
        ("WITHIN", format!("exec env LD_PRELOAD={place}/clock.so")),
        ("CLOCK_OFFSET", format!("{place}/offset")),
    ]);
}

const FAULTS: [Fault; 12] = [
    Fault {
        name: "lock",
        heading: "### A held lock",
        prepare: is_enough,
        harm: |machine| {
            let lock = Lock::hold(&database(machine));
            machine
                .words
                .push(("PID".to_owned(), lock.process().to_string()));
            Some(lock)
        },
        seen: Seen::Ready("another process holds the lock of the key store"),
        keeps_keys: true,
    },
    Fault {
        name: "moved",
        heading: "### A file that was moved",
        prepare: is_enough,
        harm: |machine| {
            fs::rename(database(machine), machine.path("/elsewhere/keys.db")).unwrap();
            None
        },
        seen: Seen::Ready("a file of the key store was removed"),
        keeps_keys: true,
    },
    Fault {
        name: "log",
        heading: "### A lost log",
        prepare: is_enough,
        harm: |machine| {
            run(&[Path::new("checkpoint"), &database(machine)]);
            fs::remove_file(database(machine).with_extension("db-wal")).unwrap();
            None
        },
        seen: Seen::Ready("a file of the key store was removed"),
        keeps_keys: true,
    },
    Fault {
        name: "removed",
        heading: RESTORE,
        prepare: is_enough,
        harm: |machine| {
            fs::remove_file(database(machine)).unwrap();
            None
        },
        seen: Seen::Ready("a file of the key store was removed"),
        keeps_keys: true,
    },
    Fault {
        name: "replaced",
        heading: RESTORE,
        prepare: is_enough,
        harm: |machine| {
            fs::rename(database(machine), machine.path("/elsewhere/keys.db")).unwrap();
            machine.write(
                "var/lib/playready-packager/keys.db",
                &"x".repeat(9000),
                0o600,
            );
            None
        },
        seen: Seen::Ready("replaced by another file"),
        keeps_keys: true,
    },
    Fault {
        name: "cut",
        heading: RESTORE,
        prepare: is_enough,
        harm: |machine| {
            cut(&database(machine), 0);
            None
        },
        seen: Seen::Ready("the file of the key store was cut off"),
        keeps_keys: true,
    },
    Fault {
        name: "damaged",
        heading: RESTORE,
        prepare: is_enough,
        harm: |machine| {
            machine.shell("systemctl stop playready-packager");
            let length = fs::metadata(database(machine)).unwrap().len();
            fs::write(
                database(machine),
                vec![0x5a; usize::try_from(length).unwrap()],
            )
            .unwrap();
            None
        },
        seen: Seen::Start("restore"),
        keeps_keys: true,
    },
    Fault {
        name: "put-back",
        heading: "### A store that was put back",
        prepare: is_enough,
        harm: |machine| {
            machine.new_key("HD");
            let backup = machine.path("/backup/keys.db");
            run(&[Path::new("restore"), &database(machine), &backup]);
            None
        },
        seen: Seen::Ready("it may be a backup or a copy"),
        keeps_keys: true,
    },
    Fault {
        name: "kek",
        heading: "### A lost key-encryption key",
        prepare: is_enough,
        harm: |machine| {
            machine.shell("systemctl stop playready-packager");
            // That of another machine.
            machine.write(
                "etc/credstore.encrypted/playready-kek",
                &"77".repeat(32),
                0o600,
            );
            None
        },
        seen: Seen::Start("wrong key-encryption key"),
        keeps_keys: true,
    },
    Fault {
        name: "kek-for-good",
        heading: "### A key-encryption key without a copy",
        prepare: is_enough,
        harm: |machine| {
            machine.shell("systemctl stop playready-packager");
            for name in [
                "/etc/credstore.encrypted/playready-kek",
                "/offline/playready.kek",
            ] {
                fs::remove_file(machine.path(name)).unwrap();
            }
            None
        },
        seen: Seen::Start("key-encryption key: key file"),
        keeps_keys: false,
    },
    Fault {
        name: "clock",
        heading: "### A wrong clock",
        prepare: prepare_clock,
        harm: |machine| {
            set_clock(machine, -86_400);
            None
        },
        seen: Seen::Ready("the clock of the machine has jumped back"),
        keeps_keys: true,
    },
    Fault {
        name: "clock-before",
        heading: "### A clock that was wrong",
        prepare: prepare_clock,
        harm: |machine| {
            set_clock(machine, 86_400);
            None
        },
        seen: Seen::Ready("the clock of the machine has jumped forward"),
        keeps_keys: true,
    },
];

impl Fault {
    fn run(&self) {
        let mut machine = Machine::new(&format!("procedure-{}", self.name));
        (self.prepare)(&mut machine);
        machine.shell("systemctl start playready-packager");
        let kept = machine.new_key("SD");
        machine.shell(commands("## Backup")[0]);
        let lasting = (self.harm)(&mut machine);
        self.see(&machine);
        let blocks = commands(self.heading);
        // That of "Backup" has the commands of a backup before.
        machine.shell(blocks.last().unwrap());
        drop(lasting);
        let client = machine.client();
        wait_until(self.name, || client.get("/readyz").status == 200);
        let expected = if self.keeps_keys { 200 } else { 404 };
        assert_eq!(client.get(&kept).status, expected, "{}", self.name);
        machine.new_key("UHD");
        assert_eq!(client.get("/v1/audit/verify").json(200)["whole"], true);
    }

    /// Checks that the fault is seen in the words of the document.
    fn see(&self, machine: &Machine) {
        match self.seen {
            Seen::Ready(words) => {
                let ready = || machine.client().get("/readyz");
                wait_until(self.name, || {
                    ready().status == 503 && ready().text.contains(words)
                });
            }
            Seen::Start(words) => {
                let started = machine.try_shell("systemctl start playready-packager");
                assert!(!started.status.success(), "{}", self.name);
                let log = machine.log();
                let last = log.lines().last().unwrap_or_default();
                assert!(last.contains(words), "{}: {last}", self.name);
            }
        }
    }
}

#[test]
fn faults_of_a_store_in_a_file_are_mended_as_the_document_says() {
    std::thread::scope(|scope| {
        for faults in FAULTS.chunks(FAULTS.len().div_ceil(4)) {
            scope.spawn(move || faults.iter().for_each(Fault::run));
        }
    });
}

#[test]
fn full_disk_is_mended_as_the_document_says() {
    let may_mount = Command::new("unshare").args(["-rm", "true"]).output();
    if !may_mount.is_ok_and(|done| done.status.success()) {
        return skip(
            "serve::procedures, full disk",
            "this user may not mount a file system of its own",
        );
    }
    let mut machine = Machine::new("procedure-disk");
    let folder = machine
        .path("/var/lib/playready-packager")
        .display()
        .to_string();
    let mount = format!("mount -t tmpfs -o size=3m,mode=700 disk {folder}");
    let within =
        format!("#!/bin/sh\nexec unshare -rm sh -c '{mount} && exec \"$0\" \"$@\"' \"$@\"\n");
    machine.write("within", &within, 0o700);
    machine.variables.push(("WITHIN", "exec within".to_owned()));
    machine.shell("systemctl start playready-packager");
    let kept = machine.new_key("SD");
    // The disk as the server sees it.
    let process = fs::read_to_string(machine.place.join("pid")).unwrap();
    let inside = format!("/proc/{}/root{folder}", process.trim());
    let filler = format!("{inside}/filler");
    let mut fill = fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut fill, &[0; 512]).is_ok() {}
    drop(fill);
    let client = machine.client();
    wait_until("the full disk is not noticed", || {
        let _ = client.post("/v1/keys", &json!({"source": "random", "scheme": "cenc"}));
        client.get("/readyz").text.contains("make room on its disk")
    });
    machine.words.push((folder, inside));
    machine.words.push(("FILE".to_owned(), filler.clone()));
    let said = machine.shell(commands("### A full disk")[0]);
    assert!(said.contains(&filler), "{said}");
    wait_until("the server is not ready", || {
        client.get("/readyz").status == 200
    });
    client.get(&kept).json(200);
    machine.new_key("HD");
}

#[test]
fn certificate_is_replaced_as_the_document_says() {
    let mut machine = Machine::new("procedure-certificate");
    let offline = machine.path("/offline");
    for (name, ca) in [("ca", None), ("server", Some("ca"))] {
        certify(&offline, name, ca);
    }
    let files = machine.path("/etc/playready-packager");
    certify(&files, "server", None);
    let [pem, key] =
        ["server.pem", "server.key"].map(|name| files.join(name).display().to_string());
    let tls = format!("--tls-certificate {pem} --tls-key {key}");
    machine.variables.push(("TLS", tls));
    machine.shell("systemctl start playready-packager");
    let client = || {
        let trusted = trusting(&[read(&offline, "ca.pem")]).build();
        Client::over(&machine.base(), None, trusted)
    };
    assert!(
        client()
            .ask("GET", "/readyz")
            .try_body(String::new())
            .is_err()
    );
    machine.shell(commands("### An expired certificate")[0]);
    wait_until("the server is not ready", || {
        client().get("/readyz").status == 200
    });
}

#[test]
fn each_procedure_is_run() {
    let run: Vec<_> = FAULTS
        .iter()
        .map(|fault| fault.heading)
        .chain(ELSEWHERE)
        .collect();
    for heading in procedures() {
        assert!(run.contains(&heading), "no test runs {heading}");
    }
}
