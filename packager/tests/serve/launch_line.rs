// SPDX-License-Identifier: MPL-2.0
//! The command that protects a file, run exactly as the page and REST show it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{Server, folder};
use test_support::tools;

const TEST: &str = "serve::launch_line::command_protects_each_track_with_its_own_key";

/// Writes a film with one sound track and pictures of three classes.
fn write_film(film: &Path) {
    let mut encode = Command::new("ffmpeg");
    encode.args(["-v", "error", "-y"]);
    for size in ["640x360", "1280x720", "2560x1440"] {
        let picture = format!("testsrc=size={size}:rate=5:duration=1");
        encode.args(["-f", "lavfi", "-i", &picture]);
    }
    encode.args(["-f", "lavfi", "-i", "sine=duration=1"]);
    for track in ["0", "1", "2", "3"] {
        encode.args(["-map", track]);
    }
    let made = encode
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
        ])
        .arg(film)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

/// Runs a line as if it were pasted into a shell.
fn paste(line: &str, folder: &Path) {
    let done = Command::new("bash")
        .args(["-c", line])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    assert!(
        done.status.success(),
        "{line}\n{}",
        String::from_utf8_lossy(&said)
    );
}

fn kids(admin: &Client, content: &str) -> BTreeSet<String> {
    let keys = admin.get(&format!("/v1/keys?content={content}")).json(200);
    keys.as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"]["uuid"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns `KID:KEY` in hexadecimal digits.
fn clear_key(admin: &Client, kid: &str) -> String {
    let shown = admin.post(
        &format!("/v1/keys/{kid}/reveal"),
        &json!({"reason": "a test"}),
    );
    let shown = shown.json(200);
    format!(
        "{}:{}",
        shown["kid"]["hex"].as_str().unwrap(),
        shown["hex"].as_str().unwrap()
    )
}

fn settings(scheme: &str, tracks: &[(&str, &str)]) -> Value {
    let tracks: Vec<_> = tracks
        .iter()
        .map(|(selector, label)| json!({"selector": selector, "label": label}))
        .collect();
    json!({
        "scheme": scheme, "tracks": tracks, "la_url": "https://la.example/rm.asmx?a=1&b=$2",
        "custom_attributes": "<A b=\"it's 1\">x \\ !y</A>"
    })
}

#[test]
fn command_protects_each_track_with_its_own_key() {
    let folder = folder("launch line");
    let mut element = Command::new("gst-inspect-1.0");
    let has_element = element.arg("playreadyenc").output();
    let (Some(oracle), true) = (
        tools::cencbox(),
        has_element.is_ok_and(|found| found.status.success()),
    ) else {
        return tools::skip(TEST, "the plugin is not built, or no pycryptodome");
    };
    write_film(&folder.join("clear.mp4"));
    let server = Server::start_with(&folder, &[]);
    let admin = server.admin();
    let credentials = folder.join("packager.auth");
    fs::write(
        &credentials,
        format!("bearer {}\n", server.member_token(&["packager"])),
    )
    .unwrap();
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();
    let tracks = [
        ("sd", "SD"),
        ("hd", "HD"),
        ("uhd1", "UHD"),
        ("audio", "AUDIO"),
    ];
    for (path, scheme, tracks) in [
        ("it%27s%20%22a%22%20film", "cenc", tracks.as_slice()),
        ("film", "cbcs", &tracks),
        ("all", "cenc", &[]),
    ] {
        let content = format!("/v1/contents/{path}");
        admin.put(&content, &settings(scheme, tracks)).json(201);
        let id = match path {
            "film" | "all" => path,
            _ => "it's \"a\" film",
        };
        let labels = tracks.iter().map(|(_, label)| *label);
        for label in labels.chain(tracks.is_empty().then_some("ALL")) {
            let key = json!({"source": "random", "scheme": scheme, "content": id, "label": label});
            admin.post("/v1/keys", &key).json(201);
        }
        let made = kids(&admin, path);
        let preview = admin.get(&format!("{content}/preview")).json(200);
        paste(preview["gst_launch"].as_str().unwrap(), &folder);
        assert_eq!(kids(&admin, path), made, "a key that nobody wanted");
        let mut compare = Command::new(tools::python());
        compare.arg(&oracle).arg("cmp");
        compare.args([folder.join("clear.mp4"), folder.join("protected.mp4")]);
        for kid in &made {
            compare.args(["-k", &clear_key(&admin, kid)]);
        }
        let compared = compare.output().unwrap();
        let said = String::from_utf8_lossy(&compared.stdout);
        assert_eq!(said.matches("-> SAME").count(), 4, "{said}");
        assert_eq!(inspected_kids(&folder.join("protected.mp4")), made);
    }
}

/// Returns the KIDs of the tracks.
fn inspected_kids(file: &Path) -> BTreeSet<String> {
    let inspected = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
        .args(["inspect", "--json"])
        .arg(file)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&inspected.stdout).unwrap();
    let tracks = report[0]["tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), 4);
    tracks
        .iter()
        .map(|track| track["key_ids_used"][0].as_str().unwrap().to_owned())
        .collect()
}
