// SPDX-License-Identifier: MPL-2.0
//! `examples/key_receiver.py`, which takes the keys that the server delivers.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use cenc_types::ContentKey;
use serde_json::json;
use test_support::tools;

use crate::receiver::{make_certificate, wait_until};
use crate::server::{Server, folder};

/// The example, which is killed when the test ends.
struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        // The example may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn example_stores_the_keys_that_the_server_delivers() {
    let test = "serve::key_receiver_example::example_stores_the_keys_that_the_server_delivers";
    if !tools::python_has("cryptography") {
        return tools::skip(test, "no cryptography");
    }
    let folder = folder("key-receiver");
    make_certificate(&folder);
    let mut example = Example(
        Command::new(tools::python())
            .arg(tools::project().join("examples/key_receiver.py"))
            .args([folder.as_os_str(), "0".as_ref()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(example.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port = line.trim().rsplit(' ').next().unwrap();

    let server = Server::start_with(&folder, &["--allow-private-targets"]);
    let admin = server.admin();
    let target = json!({
        "url": format!("http://127.0.0.1:{port}/"),
        "certificate": fs::read_to_string(folder.join("certificate.pem")).unwrap(),
    });
    admin.put("/v1/targets/licences", &target).json(200);
    let channel = json!({"scheme": "cbcs", "crypto_period_ms": 60000, "targets": ["licences"]});
    admin.put("/v1/contents/news", &channel).json(201);

    let received = || fs::read_to_string(folder.join("received.keys")).unwrap_or_default();
    wait_until("no key was delivered", || received().ends_with('\n'));
    let licences = server.member(&["license-server"]);
    for line in received().lines() {
        let [_, kid, key] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("a line of {} words", line.split(' ').count());
        };
        let value = licences.get(&format!("/v1/keys/{kid}/value")).json(200);
        let [stored, received] =
            [value["key"].as_str().unwrap(), key].map(|key| ContentKey::parse(key).unwrap());
        assert_eq!(stored.as_bytes(), received.as_bytes(), "{kid}");
    }
}
