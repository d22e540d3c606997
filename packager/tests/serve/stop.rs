// SPDX-License-Identifier: MPL-2.0
//! The end of the server: acknowledged requests are stored, and pending requests are answered.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::server::Server;

#[test]
fn stop_under_load_loses_no_answer() {
    let server = Server::start("load");
    let token = server.token();
    let admin = server.admin();
    let acknowledged = Mutex::new(Vec::new());
    let (has_begun, cut_off) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ask = || {
        let new = json!({"source": "random", "scheme": "cenc"});
        loop {
            let asking = admin.ask("POST", "/v1/keys");
            let asking = asking.header("content-type", "application/json");
            match asking.try_body(new.to_string()) {
                Ok(answer) => {
                    let kid = answer.json(201)["kid"]["uuid"].as_str().unwrap().to_owned();
                    acknowledged.lock().unwrap().push(kid);
                    has_begun.store(true, Ordering::Relaxed);
                }
                // The server has stopped; nothing is known about this key.
                Err(ureq::Error::ConnectionFailed | ureq::Error::Io(_)) => return,
                Err(_) => {
                    cut_off.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(ask);
        }
        while !has_begun.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(10));
        }
        sleep(Duration::from_millis(500));
        server.signal("TERM");
    });
    assert_eq!(cut_off.into_inner(), 0);
    let folder = server.folder.clone();
    let said = server.wait();
    assert!(
        said.contains("stopping") && !said.contains("cut off"),
        "{said}"
    );
    let server = Server::start_with(&folder, &[]);
    let admin = server.stranger().with_token(&token);
    let kids = acknowledged.into_inner().unwrap();
    assert!(kids.len() > 8, "{}", kids.len());
    for kid in kids {
        admin.get(&format!("/v1/keys/{kid}")).json(200);
    }
    assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
}
