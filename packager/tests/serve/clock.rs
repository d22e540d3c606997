// SPDX-License-Identifier: MPL-2.0
//! A machine whose clock jumps while the server runs. The clock is that of the process, moved by a library that is loaded before libc.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::Client;
use crate::receiver::wait_until;
use crate::server::{Server, folder};
use test_support::tools::skip;

const NAME: &str = "serve::clock::jumps_change_no_key_until_somebody_accepts_them";
/// The length of a crypto period, in seconds.
const PERIOD: u64 = 3600;

/// Compiles the library that moves the clock.
pub fn library(folder: &Path) -> bool {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/clock.c");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O1", "-o"]);
    let done = compile.arg(folder.join("clock.so")).arg(source).output();
    done.is_ok_and(|done| done.status.success())
}

/// Sets the clock of the server of a folder, in seconds from that of the machine.
pub fn set_clock(folder: &Path, offset: i64) {
    let (new, file) = (folder.join("offset.new"), folder.join("offset"));
    fs::write(&new, offset.to_string()).unwrap();
    fs::rename(new, file).unwrap();
}

/// A server of a folder whose clock [`set_clock`] sets.
pub fn start_with_clock(folder: &Path, arguments: &[&str]) -> Server {
    Server::start_within(folder, arguments, |mut program| {
        program.env("LD_PRELOAD", folder.join("clock.so"));
        program.env("CLOCK_OFFSET", folder.join("offset"));
        program
    })
}

/// The keys of the channel by period and state.
fn keys(admin: &Client) -> BTreeSet<(u64, String)> {
    let periods = admin.get("/v1/contents/news/periods").json(200);
    let of_period = |period: &Value| -> Vec<(u64, String)> {
        let number = period["index"].as_u64().unwrap();
        let keys = period["keys"].as_array().unwrap().iter();
        keys.map(|key| (number, key["state"].as_str().unwrap().to_owned()))
            .collect()
    };
    periods
        .as_array()
        .unwrap()
        .iter()
        .flat_map(of_period)
        .collect()
}

fn period_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        / PERIOD
}

/// A channel whose current key is active.
fn add_channel(admin: &Client) -> BTreeSet<(u64, String)> {
    let channel = json!({"scheme": "cbcs", "crypto_period_ms": PERIOD * 1000});
    admin.put("/v1/contents/news", &channel).json(201);
    wait_until("no key became active", || {
        keys(admin).iter().any(|(_, state)| state == "active")
    });
    keys(admin)
}

#[test]
fn jumps_change_no_key_until_somebody_accepts_them() {
    let folder = folder("clock");
    if !library(&folder) {
        return skip(NAME, "no cc");
    }
    set_clock(&folder, 0);
    let server = start_with_clock(&folder, &[]);
    let (admin, ready) = (server.admin(), || server.stranger().get("/readyz"));
    let before = add_channel(&admin);
    let began = period_now();
    for (offset, way) in [
        (3 * 86_400, "forward"),
        (-3 * 86_400, "back"),
        (10_i64.pow(9), "forward"),
    ] {
        set_clock(&folder, offset);
        wait_until("the jump is not noticed", || ready().status == 503);
        let detail = ready().problem(503)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("has jumped {way} by")), "{detail}");
        // The workers run each second.
        sleep(Duration::from_secs(3));
        // Packagers that have the right time get their keys meanwhile.
        let slot = json!({"source": "random", "scheme": "cbcs", "content": "film"});
        admin.post("/v1/keys", &slot);
        if period_now() == began {
            assert_eq!(keys(&admin), before, "{offset}");
        }
        set_clock(&folder, 0);
        wait_until("the right clock is not taken", || ready().status == 200);
    }
    if period_now() == began {
        assert_eq!(keys(&admin), before);
    }
    let said = server.said();
    assert_eq!(
        said.matches("the clock of the machine has jumped").count(),
        3,
        "{said}"
    );
    // A jump that is right: an administrator accepts it, and the keys follow.
    set_clock(&folder, 2 * i64::try_from(PERIOD).unwrap());
    wait_until("the jump is not noticed", || ready().status == 503);
    let viewer = server.member(&["viewer"]);
    viewer.post("/v1/clock/accept", &json!({})).problem(403);
    assert_eq!(admin.post("/v1/clock/accept", &json!({})).status, 204);
    wait_until("the accepted clock is not taken", || ready().status == 200);
    wait_until("no key drains", || {
        keys(&admin).contains(&(began, "draining".to_owned()))
    });
    let audit = admin.get("/v1/audit?action=accept").json(200);
    assert_eq!(audit[0]["object"], "clock");
}

#[test]
fn clock_that_is_wrong_at_the_start_is_set_right_by_the_time_server() {
    let folder = folder("clock-start");
    if !library(&folder) {
        return skip(NAME, "no cc");
    }
    set_clock(&folder, 0);
    let server = start_with_clock(&folder, &[]);
    let (token, before) = (server.token(), add_channel(&server.admin()));
    let began = period_now();
    server.stop();
    // The machine has lost its time, and starts in the past.
    set_clock(&folder, -10_i64.pow(9));
    let server = start_with_clock(&folder, &[]);
    let admin = server.stranger().with_token(&token);
    sleep(Duration::from_secs(2));
    set_clock(&folder, 0);
    wait_until("the right clock is not taken", || {
        server.stranger().get("/readyz").status == 200
    });
    sleep(Duration::from_secs(2));
    if period_now() == began {
        let after = keys(&admin);
        assert!(after.is_superset(&before), "{before:?} {after:?}");
    }
}
