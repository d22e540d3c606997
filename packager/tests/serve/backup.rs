// SPDX-License-Identifier: MPL-2.0
//! The commands of "Backup" in docs/server.md, as they are written there, with a server that runs meanwhile. Only the folders of the
//! machine are others, and `systemctl` is a script that starts and stops the server.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use crate::client::Client;
use crate::server::{folder, free_port};

const DOCUMENT: &str = include_str!("../../../docs/server.md");
const TOKEN: &str = "the-token-of-this-test-which-is-long-enough";
/// Folders of the document.
const FOLDERS: [&str; 3] = ["/var/lib/playready-packager", "/backup", "/offline"];
/// Starts and stops the server; a process that has ended may stay as a zombie.
const SYSTEMCTL: &str = r#"#!/bin/sh
case "$1 $2" in
"start playready-packager")
    playready-packager serve --listen "$LISTEN" --database "$DATABASE" --admin-token-file "$PLACE/token" > "$PLACE/log" 2>&1 &
    echo $! > "$PLACE/pid"
    until curl -fs "http://$LISTEN/healthz" > "$PLACE/alive"; do
        kill -0 "$(cat "$PLACE/pid")" || exit 1
        sleep 0.1
    done ;;
"stop playready-packager")
    kill -TERM "$(cat "$PLACE/pid")"
    while grep -q '^State:.*[RSD] (' "/proc/$(cat "$PLACE/pid")/status" 2> /dev/null; do sleep 0.1; done ;;
*) exit 1 ;;
esac
"#;

/// A machine with a server, which is stopped at the end.
struct Machine {
    place: PathBuf,
    listen: String,
}

impl Machine {
    fn new() -> Self {
        let place = folder("machine");
        for name in FOLDERS.iter().filter(|name| **name != "/backup") {
            let inner = place.join(&name[1..]);
            fs::create_dir_all(&inner).unwrap();
            fs::set_permissions(&inner, Permissions::from_mode(0o700)).unwrap();
        }
        let files = [
            ("token", TOKEN, 0o600),
            ("offline/playready.kek", &"5a".repeat(32), 0o600),
            ("systemctl", SYSTEMCTL, 0o700),
        ];
        for (name, text, mode) in files {
            fs::write(place.join(name), text).unwrap();
            fs::set_permissions(place.join(name), Permissions::from_mode(mode)).unwrap();
        }
        let listen = format!("127.0.0.1:{}", free_port());
        Self { place, listen }
    }

    /// Runs lines of the document in a shell that ends at the first error.
    fn try_shell(&self, lines: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_playready-packager"));
        let folders = [self.place.as_path(), program.parent().unwrap()];
        let path = std::env::join_paths(
            folders
                .map(Path::to_owned)
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        let place = self.place.display().to_string();
        let lines = FOLDERS.iter().fold(lines.to_owned(), |lines, name| {
            lines.replace(name, &format!("{place}{name}"))
        });
        Command::new("sh")
            .args(["-e", "-c", &lines])
            .env("PATH", path.unwrap())
            .env("PLACE", &place)
            .env("LISTEN", &self.listen)
            .env("DATABASE", format!("sqlite://{place}/var/lib/playready-packager/keys.db?kek-file={place}/offline/playready.kek"))
            .output()
            .unwrap()
    }

    fn shell(&self, lines: &str) {
        let done = self.try_shell(lines);
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        assert!(done.status.success(), "{lines}\n{said}");
    }

    fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.listen), Some(TOKEN))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.try_shell("systemctl stop playready-packager");
    }
}

#[test]
fn backup_and_restore_run_as_they_are_written() {
    let (_, section) = DOCUMENT.split_once("\n## Backup\n").unwrap();
    let mut blocks = section.split("```text\n").skip(1);
    let mut block = || blocks.next().unwrap().split("```").next().unwrap();
    let (backup, restore) = (block(), block());
    let machine = Machine::new();
    machine.shell("systemctl start playready-packager");
    let client = machine.client();
    let make = |label: &str| {
        let key = json!({"source": "random", "scheme": "cenc", "content": "film", "label": label});
        let made = client.post("/v1/keys", &key).json(201);
        format!("/v1/keys/{}", made["kid"]["uuid"].as_str().unwrap())
    };
    let kept = make("SD");
    machine.shell(backup);
    let lost = make("HD");
    let (before, after) = restore
        .split_once("playready-packager store accept-restore")
        .unwrap();
    machine.shell(before);
    // Until somebody accepts it, the store makes no keys.
    machine.shell("systemctl start playready-packager");
    let ready = client.get("/readyz").problem(503);
    assert!(ready["detail"].as_str().unwrap().contains("accept-restore"));
    machine.shell("systemctl stop playready-packager");
    machine.shell(&format!("playready-packager store accept-restore{after}"));
    assert_eq!(client.get("/readyz").status, 200);
    client.get(&kept).json(200);
    client.get(&lost).problem(404);
    make("HD");
    // The same commands once more, from the start.
    machine.shell(backup);
    machine.shell(restore);
    assert_eq!(client.get("/readyz").status, 200);
    client.get("/v1/audit/verify").json(200);
}
