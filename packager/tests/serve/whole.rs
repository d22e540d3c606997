// SPDX-License-Identifier: MPL-2.0
//! Follows a key from its creation to its use: a channel is set up by REST, a live stream is protected with keys from SPEKE,
//! a licence server receives the same keys, and only these decrypt the stream.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::receiver::{Receiver, wait_until};
use crate::server::{Server, folder};
use test_support::tools::{oracles, python, skip};

const NAME: &str = "serve::whole::live_stream_is_decrypted_with_what_the_licence_server_got";
/// Each frame is a tenth of a second: the stream spans four crypto periods and at least three boundaries.
const FRAMES: u32 = 170;

fn has(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Protects a live stream, and also writes it in the clear.
fn protect(server: &Server, folder: &Path, credentials: &Path) {
    let (protected, clear) = (folder.join("protected.mp4"), folder.join("clear.mp4"));
    let key_uri = format!(
        "key-uri=speke+{}/speke?speke-version=2.0&speke-auth-file={}",
        server.base(),
        credentials.display()
    );
    let pipeline = format!(
        "videotestsrc is-live=true num-buffers={FRAMES} ! video/x-raw,format=I420,width=160,height=120,framerate=10/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! h264parse ! mp4mux fragment-duration=1000 ! tee name=t \
         t. ! queue ! filesink location={} \
         t. ! queue ! playreadyenc content-id=live scheme=cenc crypto-period=5000000000 period-clock=utc {key_uri} \
         ! filesink location={}",
        clear.display(),
        protected.display()
    );
    let mut launch = Command::new("gst-launch-1.0");
    let done = launch.arg("-q").args(pipeline.split_whitespace()).output();
    let done = done.unwrap();
    test_support::iv_ledger::record(&protected);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{}", server.said());
}

#[test]
fn live_stream_is_decrypted_with_what_the_licence_server_got() {
    let folder = folder("whole");
    let mut element = Command::new("gst-inspect-1.0");
    let mut cipher = Command::new(python());
    let is_here = has(element.arg("playreadyenc")) && has(cipher.args(["-c", "import Crypto"]));
    if !is_here {
        return skip(NAME, "the plugin is not built, or no pycryptodome");
    }
    let (Some(receiver), Some(oracles)) = (Receiver::start(NAME, &folder), oracles()) else {
        return;
    };
    let server = Server::start_with(&folder, &["--allow-private-targets"]);
    let admin = server.admin();
    admin
        .put("/v1/targets/licences", &receiver.target("/"))
        .json(200);
    let channel = json!({"scheme": "cenc", "crypto_period_ms": 5000, "targets": ["licences"]});
    admin.put("/v1/contents/live", &channel).json(201);
    let count = |state: &str| {
        let found = admin.get(&format!("/v1/keys?content=live&state={state}"));
        found.json(200).as_array().unwrap().len()
    };
    wait_until("no key became active", || count("active") > 0);
    let credentials = folder.join("credentials");
    let token = server.member_token(&["packager"]);
    fs::write(&credentials, format!("bearer {token}\n")).unwrap();
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();

    protect(&server, &folder, &credentials);

    assert!(count("draining") >= 3, "{}", server.said());
    let mut keys = BTreeMap::new();
    for document in receiver.rest() {
        assert_eq!(document["content"], "live");
        assert_eq!(document["problems"], json!([]));
        for (kid, key) in document["keys"].as_object().unwrap() {
            keys.insert(kid.replace('-', ""), key.as_str().unwrap().to_owned());
        }
    }
    let mut compare = Command::new(python());
    compare.arg(oracles.join("cencbox.py")).arg("cmp");
    compare.args([folder.join("clear.mp4"), folder.join("protected.mp4")]);
    for (kid, key) in &keys {
        compare.args(["-k", &format!("{kid}:{key}")]);
    }
    let compared = compare.output().unwrap();
    let said = String::from_utf8_lossy(&compared.stdout);
    assert!(said.contains("-> SAME"), "{said}{}", server.said());
}
