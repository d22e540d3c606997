// SPDX-License-Identifier: MPL-2.0
//! Keys on their way to a licence server, `receiver.py` of the library's tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Server, folder};
use crate::vectors::skip;

/// A licence server; it ends when its standard input does.
struct Receiver {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    port: String,
    certificate: String,
}

impl Receiver {
    fn start(test: &str, folder: &Path) -> Option<Self> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
        let oracles = project.parent()?.join("shared/oracles");
        let python = std::env::var_os("PLAYREADY_PYTHON");
        let python = python.map_or_else(|| "python3".into(), PathBuf::from);
        let mut has = Command::new(&python);
        has.args(["-c", "import lxml, cryptography, xmlsec"]);
        if !oracles.is_dir() || !has.output().is_ok_and(|has| has.status.success()) {
            skip(test, "no ../shared, lxml, cryptography or xmlsec");
            return None;
        }
        let mut make = Command::new("openssl");
        make.current_dir(folder)
            .args(["req", "-x509", "-nodes", "-newkey", "rsa:2048"]);
        make.args([
            "-subj",
            "/CN=licences",
            "-keyout",
            "key.pem",
            "-out",
            "certificate.pem",
        ]);
        assert!(make.output().unwrap().status.success());
        let mut receive = Command::new(python);
        receive.arg(project.join("tests/suite/store/receiver.py"));
        receive.arg(oracles).arg(folder.join("key.pem"));
        receive.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = receive.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Some(Self {
            port: lines.next().unwrap().unwrap(),
            certificate: std::fs::read_to_string(folder.join("certificate.pem")).unwrap(),
            process,
            lines,
        })
    }

    fn target(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        json!({"url": url, "certificate": self.certificate, "timeout": 5})
    }

    /// The next document that it got.
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn keys_of_a_channel_are_delivered_before_they_become_active() {
    let name = "serve::delivery::keys_of_a_channel_are_delivered_before_they_become_active";
    let folder = folder("delivery");
    let Some(mut receiver) = Receiver::start(name, &folder) else {
        return;
    };
    let server = Server::start_with(&folder, &["--allow-private-targets"]);
    let admin = server.admin();
    let tests = "/v1/targets/licences/test";
    admin
        .put("/v1/targets/licences", &receiver.target("/busy"))
        .json(200);
    assert_eq!(admin.post(tests, &json!({})).json(200)["answered"], true);
    let channel = json!({"scheme": "cbcs", "crypto_period_ms": 2000, "targets": ["licences"]});
    admin.put("/v1/contents/news", &channel).json(201);
    // 500, then 429, then 201: the first keys come again.
    let statuses: Vec<_> = (0..6).map(|_| receiver.next()["status"].clone()).collect();
    assert_eq!(statuses[..3], [json!(500), json!(429), json!(201)]);
    let active = || {
        let found = admin.get("/v1/keys?content=news&state=active").json(200);
        found.as_array().unwrap().first().cloned()
    };
    wait_until("no key became active", || active().is_some());
    let kid = active().unwrap()["kid"]["uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    let detail = admin.get(&format!("/v1/keys/{kid}")).json(200);
    assert_eq!(detail["deliveries"][0]["state"], "acknowledged");
    wait_until("the key was not retired", || {
        admin.get(&format!("/v1/keys/{kid}")).json(200)["state"] == "retired"
    });
    let metrics = admin.get("/metrics").text;
    let left = metrics
        .lines()
        .find_map(|line| line.strip_prefix("playready_packager_next_boundary_seconds "));
    assert!((0.0..=2.0).contains(&left.unwrap().parse::<f64>().unwrap()));
    // The worker goes on with what it found when it started, and with what changes.
    admin
        .ask("DELETE", "/v1/targets/licences")
        .send()
        .problem(409);
    let said = server.stop();
    assert!(
        said.contains("key delivered") && said.contains("tried again"),
        "{said}"
    );
}

#[test]
fn targets_in_this_network_are_refused_unless_they_are_allowed() {
    let name = "serve::delivery::targets_in_this_network_are_refused_unless_they_are_allowed";
    let folder = folder("reach");
    let Some(receiver) = Receiver::start(name, &folder) else {
        return;
    };
    let server = Server::start_with(&folder, &[]);
    let admin = server.admin();
    admin
        .put("/v1/targets/here", &receiver.target("/"))
        .json(200);
    let tested = admin.post("/v1/targets/here/test", &json!({})).json(200);
    assert_eq!(tested["answered"], false);
    let error = tested["error"].as_str().unwrap();
    assert!(error.contains("--allow-private-targets"), "{error}");
    let film = json!({"scheme": "cenc", "targets": ["here"]});
    admin.put("/v1/contents/film", &film).json(201);
    admin.post("/v1/contents/film/rotate", &json!({})).json(200);
    let failed = || {
        let periods = admin.get("/v1/contents/film/periods").json(200);
        periods[0]["keys"][0]["deliveries"][0]["error"].clone()
    };
    wait_until("no attempt was made", || failed().is_string());
    let text = failed();
    assert!(
        text.as_str().unwrap().contains("--allow-private-targets"),
        "{text}"
    );
    for wrong in [
        json!({"url": "http://license.example.com/"}),
        json!({"url": "ftp://license.example.com/"}),
        json!({"url": "https://user:pass@license.example.com/"}),
        json!({"url": "https://license.example.com/", "timeout": 0}),
        json!({"url": "https://license.example.com/", "certificate": "none"}),
        json!({"url": "https://license.example.com/", "credentials": "client-key /etc/passwd"}),
    ] {
        let answer = admin.put("/v1/targets/wrong", &wrong);
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text);
    }
    let kept = json!({"url": "https://license.example.com/", "credentials": "bearer very-secret"});
    let kept = admin.put("/v1/targets/kept", &kept);
    assert_eq!(kept.json(200)["has_credentials"], true);
    assert!(!admin.get("/v1/targets").text.contains("very-secret"));
}
