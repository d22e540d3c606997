// SPDX-License-Identifier: MPL-2.0
//! A machine on which the commands of docs/server.md run as they are written there. Only its folders are others, and the programs
//! of systemd are scripts: `systemctl` starts and stops the server, `systemd-creds` copies.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use crate::client::Client;
use crate::server::{folder, free_port};

const DOCUMENT: &str = include_str!("../../../docs/server.md");
pub const TOKEN: &str = "the-token-of-this-test-which-is-long-enough";
/// Folders of the document.
const FOLDERS: [&str; 6] = [
    "/var/lib/playready-packager",
    "/etc/playready-packager",
    "/etc/credstore.encrypted",
    "/backup",
    "/offline",
    "/elsewhere",
];
/// The store in a file, with its key-encryption key as the service has it.
const SQLITE: &str =
    "sqlite:///var/lib/playready-packager/keys.db?kek-file=/etc/credstore.encrypted/playready-kek";

const SCRIPTS: [(&str, &str); 4] = [
    // A process that has ended may stay as a zombie.
    (
        "systemctl",
        r#"#!/bin/sh
start() {
    ${WITHIN:-exec} playready-packager serve --listen "$LISTEN" --database "$(cat "$PLACE/database")" --admin-token-file "$PLACE/token" \
        ${TLS:-} >> "$PLACE/log" 2>&1 &
    echo $! > "$PLACE/pid"
    until curl -fsk "$BASE/healthz" > "$PLACE/alive"; do
        kill -0 "$(cat "$PLACE/pid")" || exit 1
        sleep 0.1
    done
}
stop() {
    kill -TERM "$(cat "$PLACE/pid")" || true
    while grep -q '^State:.*[RSD] (' "/proc/$(cat "$PLACE/pid")/status" 2> /dev/null; do sleep 0.1; done
}
case "$1 $2" in
"start playready-packager") start ;;
"stop playready-packager") stop ;;
"restart playready-packager") stop; start ;;
"start postgresql") touch "$PLACE/wanted"; until psql -c 'SELECT 1' postgres; do sleep 0.1; done ;;
*) exit 1 ;;
esac
"#,
    ),
    (
        "systemd-creds",
        "#!/bin/sh\ninstall -m 0600 \"$3\" \"$4\"\n",
    ),
    ("timedatectl", "#!/bin/sh\necho 0 > \"$PLACE/offset\"\n"),
    // The user of the tests' database has another name.
    ("runuser", "#!/bin/sh\nshift 3\nexec \"$@\"\n"),
];

/// A machine with a server, which is stopped at the end.
pub struct Machine {
    pub place: PathBuf,
    /// Words of the document, and their replacements.
    pub words: Vec<(String, String)>,
    /// Variables of the environment.
    pub variables: Vec<(&'static str, String)>,
    listen: String,
}

impl Machine {
    /// A machine whose store is in a file. The server does not run yet.
    pub fn new(name: &str) -> Self {
        let place = folder(name);
        for name in FOLDERS.iter().filter(|name| **name != "/backup") {
            let inner = place.join(&name[1..]);
            fs::create_dir_all(&inner).unwrap();
            fs::set_permissions(&inner, Permissions::from_mode(0o700)).unwrap();
        }
        let machine = Self {
            listen: format!("127.0.0.1:{}", free_port()),
            words: Vec::new(),
            variables: Vec::new(),
            place,
        };
        machine.write("token", TOKEN, 0o600);
        machine.write(
            "admin.header",
            &format!("Authorization: Bearer {TOKEN}"),
            0o600,
        );
        for name in [
            "offline/playready.kek",
            "etc/credstore.encrypted/playready-kek",
        ] {
            machine.write(name, &"5a".repeat(32), 0o600);
        }
        for (name, text) in SCRIPTS {
            machine.write(name, text, 0o700);
        }
        machine.set_database(SQLITE);
        machine
    }

    /// Sets the address of the store.
    pub fn set_database(&self, address: &str) {
        self.write("database", &self.with_folders(address), 0o600);
    }

    pub fn write(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.place.join(name), text).unwrap();
        fs::set_permissions(self.place.join(name), Permissions::from_mode(mode)).unwrap();
    }

    /// The path of a file of the document.
    pub fn path(&self, path: &str) -> PathBuf {
        self.place.join(&path[1..])
    }

    /// Replaces the folders of the document by those of the machine.
    pub fn with_folders(&self, lines: &str) -> String {
        let place = self.place.display();
        FOLDERS.iter().fold(lines.to_owned(), |lines, name| {
            lines.replace(name, &format!("{place}{name}"))
        })
    }

    /// Runs lines of the document in a shell that ends at the first error.
    pub fn try_shell(&self, lines: &str) -> Output {
        let lines = self
            .words
            .iter()
            .fold(self.with_folders(lines), |lines, (word, text)| {
                lines.replace(word, text)
            });
        let lines = lines.replace("http://127.0.0.1:8080", &self.base());
        let program = Path::new(env!("CARGO_BIN_EXE_playready-packager"));
        let folders = [self.place.clone(), program.parent().unwrap().to_owned()];
        let path = std::env::var_os("PATH").unwrap();
        let path = folders.into_iter().chain(std::env::split_paths(&path));
        Command::new("sh")
            .args(["-e", "-c", &lines])
            .current_dir(&self.place)
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("PLACE", &self.place)
            .env("LISTEN", &self.listen)
            .env("BASE", self.base())
            .envs(self.variables.iter().cloned())
            .output()
            .unwrap()
    }

    #[track_caller]
    pub fn shell(&self, lines: &str) -> String {
        let done = self.try_shell(lines);
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        assert!(done.status.success(), "{lines}\n{said}\n{}", self.log());
        said
    }

    /// All that the server has written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.place.join("log")).unwrap_or_default()
    }

    pub fn base(&self) -> String {
        let has_tls = self.variables.iter().any(|(name, _)| *name == "TLS");
        let scheme = if has_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.listen)
    }

    pub fn client(&self) -> Client {
        Client::new(&self.base(), Some(TOKEN))
    }

    /// Makes a key, and returns its path.
    pub fn new_key(&self, label: &str) -> String {
        let key = json!({"source": "random", "scheme": "cenc", "content": "film", "label": label});
        let made = self.client().post("/v1/keys", &key).json(201);
        format!("/v1/keys/{}", made["kid"]["uuid"].as_str().unwrap())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.try_shell("systemctl stop playready-packager");
    }
}

/// Returns the blocks of commands below a heading of docs/server.md, up to the next heading.
pub fn commands(heading: &str) -> Vec<&'static str> {
    let (_, section) = DOCUMENT
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no heading {heading}"));
    let section = section.split("\n#").next().unwrap();
    section
        .split("```text\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

/// Returns the headings below "Faults" whose sections have commands.
pub fn procedures() -> Vec<&'static str> {
    let (_, faults) = DOCUMENT.split_once("\n## Faults\n").unwrap();
    let faults = faults.split("\n## ").next().unwrap();
    faults
        .lines()
        .filter(|line| line.starts_with("### ") && !commands(line).is_empty())
        .collect()
}
