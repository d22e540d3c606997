// SPDX-License-Identifier: MPL-2.0
//! Licence servers that are slow or away: no other one waits for them, and neither does the end of the server.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::receiver::{make_certificate, wait_until};
use crate::server::{Server, folder};

/// A licence server that reads each request and answers it, or never does while it is silent.
pub struct Licences {
    pub url: String,
    posts: Arc<AtomicUsize>,
    is_silent: Arc<AtomicBool>,
}

impl Licences {
    pub fn start(is_silent: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let licences = Self {
            url: format!("http://{}/", listener.local_addr().unwrap()),
            posts: Arc::default(),
            is_silent: Arc::new(AtomicBool::new(is_silent)),
        };
        let (posts, is_silent) = (Arc::clone(&licences.posts), Arc::clone(&licences.is_silent));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (posts, is_silent) = (Arc::clone(&posts), Arc::clone(&is_silent));
                thread::spawn(move || answer(&mut stream.unwrap(), &posts, &is_silent));
            }
        });
        licences
    }

    fn posts(&self) -> usize {
        self.posts.load(Ordering::SeqCst)
    }
}

fn answer(stream: &mut TcpStream, posts: &AtomicUsize, is_silent: &AtomicBool) {
    let mut request = Vec::new();
    loop {
        let mut bytes = [0; 65536];
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => request.extend(&bytes[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        if !request.ends_with(b"</cpix:CPIX>") && !request.ends_with(b"</CPIX>") {
            continue;
        }
        request.clear();
        posts.fetch_add(1, Ordering::SeqCst);
        if !is_silent.load(Ordering::SeqCst) {
            let answered = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            // The client may be gone.
            let _ = answered;
        }
    }
}

/// Adds a target with a timeout in seconds, and a content that requires it.
pub fn add_target(server: &Server, admin: &Client, name: &str, url: &str, timeout: u32) {
    let certificate = std::fs::read_to_string(server.folder.join("certificate.pem")).unwrap();
    let target = json!({"url": url, "certificate": certificate, "timeout": timeout});
    admin.put(&format!("/v1/targets/{name}"), &target).json(200);
    let film = json!({"scheme": "cenc", "targets": [name]});
    let content = format!("/v1/contents/film-{name}");
    admin.put(&content, &film).json(201);
}

pub fn new_key(admin: &Client, target: &str, label: usize) -> Value {
    let new = json!({"source": "random", "scheme": "cenc", "content": format!("film-{target}"), "label": format!("L{label}")});
    admin.post("/v1/keys", &new).json(201)["kid"]["uuid"].clone()
}

pub fn delivery(admin: &Client, kid: &Value) -> Value {
    let path = format!("/v1/keys/{}", kid.as_str().unwrap());
    admin.get(&path).json(200)["deliveries"][0].clone()
}

fn start(name: &str) -> Server {
    let folder = folder(name);
    make_certificate(&folder);
    Server::start_with(&folder, &["--allow-private-targets"])
}

#[test]
fn silent_target_delays_no_other_and_not_the_end() {
    let server = start("silent-target");
    let (admin, token) = (server.admin(), server.token());
    let (silent, quick) = (Licences::start(true), Licences::start(false));
    add_target(&server, &admin, "silent", &silent.url, 300);
    add_target(&server, &admin, "quick", &quick.url, 300);
    let waiting = new_key(&admin, "silent", 0);
    wait_until("no post to the silent target", || silent.posts() == 1);
    // Far more keys than a turn of a second has, all while the other target is silent.
    let kids: Vec<_> = (0..20)
        .map(|label| new_key(&admin, "quick", label))
        .collect();
    wait_until("the other target got no keys", || {
        kids.iter()
            .all(|kid| delivery(&admin, kid)["state"] == "acknowledged")
    });
    assert_eq!((silent.posts(), quick.posts()), (1, 20));
    assert_eq!(delivery(&admin, &waiting)["state"], "pending");
    let folder = server.folder.clone();
    let begun = Instant::now();
    let said = server.stop();
    assert!(begun.elapsed() < Duration::from_secs(10), "{said}");
    assert!(!said.contains("cut off"), "{said}");
    // The next start repeats the delivery that the end has interrupted, and does not count it as a failure.
    silent.is_silent.store(false, Ordering::SeqCst);
    let server = Server::start_with(&folder, &["--allow-private-targets"]);
    let admin = server.stranger().with_token(&token);
    wait_until("the interrupted delivery was lost", || {
        delivery(&admin, &waiting)["state"] == "acknowledged"
    });
    assert_eq!(delivery(&admin, &waiting)["attempts"], 1);
    assert_eq!((silent.posts(), quick.posts()), (2, 20));
}

#[test]
fn key_of_a_killed_server_waits_for_a_short_claim_only() {
    let server = start("killed-post");
    let (admin, token) = (server.admin(), server.token());
    let silent = Licences::start(true);
    add_target(&server, &admin, "silent", &silent.url, 300);
    let kid = new_key(&admin, "silent", 0);
    wait_until("no post to the silent target", || silent.posts() == 1);
    let claim = || delivery(&admin, &kid)["next_try"].clone();
    let first = claim();
    // A post that takes long keeps its claim, so that no other server repeats it.
    wait_until("the claim is not renewed", || claim() != first);
    assert_eq!(silent.posts(), 1);
    let folder = server.folder.clone();
    // It is killed.
    drop(server);
    silent.is_silent.store(false, Ordering::SeqCst);
    let server = Server::start_with(&folder, &["--allow-private-targets"]);
    let admin = server.stranger().with_token(&token);
    // The time limit of the post, 300 seconds, is not waited for.
    wait_until("the delivery is not repeated", || {
        delivery(&admin, &kid)["state"] == "acknowledged"
    });
    assert_eq!(silent.posts(), 2);
}

#[test]
fn target_that_fails_repeatedly_is_tried_by_one_key_until_it_answers() {
    let server = start("circuit");
    let admin = server.admin();
    // The port was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    add_target(&server, &admin, "away", &format!("http://{address}/"), 1);
    let kids: Vec<_> = (0..30)
        .map(|label| new_key(&admin, "away", label))
        .collect();
    let circuit = || admin.get("/v1/targets/away").json(200)["circuit"].clone();
    wait_until("the circuit stays closed", || {
        circuit()["state"] != "closed"
    });
    let state = circuit();
    assert!(state["failures"].as_u64().unwrap() >= 3, "{state}");
    let error = state["error"].as_str().unwrap();
    assert!(error.contains("cannot be reached"), "{error}");
    let open = |line| {
        admin
            .get("/metrics")
            .text
            .lines()
            .any(|found| found == line)
    };
    assert!(open("playready_packager_target_open{target=\"away\"} 1"));
    let attempts = || -> u64 {
        let attempts = kids
            .iter()
            .map(|kid| delivery(&admin, kid)["attempts"].as_u64().unwrap());
        attempts.sum()
    };
    // Most keys were not even tried.
    let untried = |kid: &&Value| delivery(&admin, kid)["attempts"] == 0;
    assert!(kids.iter().filter(untried).count() >= 10, "{}", attempts());
    server.wait_for("the target fails repeatedly");
    let licences = TcpListener::bind(address).unwrap();
    let posts = Arc::new(AtomicUsize::new(0));
    thread::spawn({
        let posts = Arc::clone(&posts);
        move || {
            for stream in licences.incoming() {
                let posts = Arc::clone(&posts);
                thread::spawn(move || {
                    answer(&mut stream.unwrap(), &posts, &AtomicBool::new(false));
                });
            }
        }
    });
    wait_until("the target does not get its keys", || {
        kids.iter()
            .all(|kid| delivery(&admin, kid)["state"] == "acknowledged")
    });
    let state = circuit();
    let expected = json!({"state": "closed", "failures": 0, "retry_in_ms": 0, "error": null});
    assert_eq!(state, expected);
    assert!(open("playready_packager_target_open{target=\"away\"} 0"));
    assert_eq!(posts.load(Ordering::SeqCst), 30);
    let said = server.stop();
    assert!(said.contains("the target answers again"), "{said}");
}
