// SPDX-License-Identifier: MPL-2.0
//! The process of the server: its limits, and the keys that are left in its memory.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Command;

use cenc_types::ContentKey;
use serde_json::json;

use crate::server::{Server, command, folder};

#[test]
fn no_core_dump_is_left_and_files_suffice() {
    let server = Server::start("limits");
    let limits = fs::read_to_string(server.proc("limits")).unwrap();
    let limit = |name: &str| -> Vec<String> {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        let words = line.unwrap().split_whitespace().map(str::to_owned);
        words.collect()
    };
    assert_eq!(limit("Max core file size")[..2], ["0", "0"]);
    if limit("Max locked memory")[0] == "unlimited" {
        let status = fs::read_to_string(server.proc("status")).unwrap();
        let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
        assert!(!locked.unwrap().trim().starts_with("0 "), "{status}");
    }
}

#[test]
fn too_few_files_are_an_error_at_the_start() {
    let folder = folder("few-files");
    let program = command(&folder, &["--listen", "127.0.0.1:0"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 100; exec \"$0\" \"$@\""]);
    shell.arg(program.get_program()).args(program.get_args());
    let refused = shell.output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains(
            "1024 connections take 1088 open files, and the limit of this process is 100"
        ),
        "{said}"
    );
}

#[test]
fn few_copies_of_a_key_are_left_in_memory() {
    let server = Server::start("memory");
    let admin = server.admin();
    // Published: a key of Microsoft's Big Buck Bunny has a pattern of a few bytes, so this is another one of its test contents.
    let text = "OiobaN0r2bLusl6ExHdmaA==";
    let kid = "10000000-1000-1000-1000-100000000001";
    let new = json!({"kid": kid, "source": {"entered": text}, "scheme": "cenc"});
    admin.post("/v1/keys", &new).json(201);
    let licences = server.member(&["license-server"]);
    for _ in 0..200 {
        licences.get(&format!("/v1/keys/{kid}/value")).json(200);
    }
    let raw = *ContentKey::parse(text).unwrap().as_bytes();
    let copies = server.copies(&raw);
    assert!(copies <= 2, "{copies} copies of 16 bytes");
    // Buffers of connections keep what was sent until they are used again or freed.
    let texts = server.copies(text.as_bytes());
    assert!(texts <= 20, "{texts} copies in base64");
}

impl Server {
    /// Returns how often bytes occur in the writable memory of the process.
    fn copies(&self, bytes: &[u8]) -> usize {
        let memory = File::open(self.proc("mem")).unwrap();
        let maps = fs::read_to_string(self.proc("maps")).unwrap();
        let ranges = maps.lines().filter(|line| line.contains(" rw"));
        ranges
            .map(|line| {
                let (start, rest) = line.split_once('-').unwrap();
                let address = |digits: &str| u64::from_str_radix(digits, 16).unwrap();
                let (start, end) = (address(start), address(rest.split(' ').next().unwrap()));
                let mut content = vec![0; usize::try_from(end - start).unwrap()];
                // Some areas of the kernel cannot be read.
                match memory.read_exact_at(&mut content, start) {
                    Ok(()) => content
                        .windows(bytes.len())
                        .filter(|window| *window == bytes)
                        .count(),
                    Err(_) => 0,
                }
            })
            .sum()
    }
}
