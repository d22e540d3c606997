// SPDX-License-Identifier: MPL-2.0
//! Programs that make keys at the same time, and note each key that a server acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use serde_json::json;

use crate::client::Client;
use crate::receiver::wait_until;

/// The programs of each client.
const PROGRAMS: usize = 3;

/// The programs. They go on until [`Self::end`].
pub struct Load {
    shared: Arc<Shared>,
    programs: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    /// The KIDs of the keys that were acknowledged.
    acknowledged: Mutex<Vec<String>>,
}

impl Load {
    pub fn begin(clients: &[Client]) -> Self {
        let shared = Arc::new(Shared::default());
        let program = |client: &Client| {
            let (client, shared) = (client.clone(), Arc::clone(&shared));
            std::thread::spawn(move || make_keys(&client, &shared))
        };
        let programs = clients
            .iter()
            .flat_map(|client| std::iter::repeat_n(client, PROGRAMS))
            .map(program)
            .collect();
        Self { shared, programs }
    }

    /// Waits until more keys were acknowledged than now.
    pub fn wait_for_more(&self, count: usize) {
        let acknowledged = || self.shared.acknowledged.lock().unwrap().len();
        let goal = acknowledged() + count;
        wait_until("no more keys are acknowledged", || acknowledged() >= goal);
    }

    /// Ends the programs, and returns the KIDs of the keys that were acknowledged.
    pub fn end(self) -> Vec<String> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for program in self.programs {
            program.join().unwrap();
        }
        std::mem::take(&mut *self.shared.acknowledged.lock().unwrap())
    }
}

fn make_keys(client: &Client, shared: &Shared) {
    let new = json!({"source": "random", "scheme": "cenc"});
    while !shared.is_over.load(Ordering::Relaxed) {
        let answer = client.post("/v1/keys", &new);
        if answer.status == 201 {
            let kid = answer.json(201)["kid"]["uuid"].as_str().unwrap().to_owned();
            shared.acknowledged.lock().unwrap().push(kid);
        } else {
            // Nothing else may happen while the database is away.
            answer.problem(503);
            assert!(answer.header("retry-after").is_some());
            sleep(Duration::from_millis(20));
        }
    }
}

/// Checks that a server has each key, can give it to licence servers, and that its audit is whole.
pub fn check_keys(admin: &Client, licences: &Client, kids: &[String]) {
    for kid in kids {
        let path = format!("/v1/keys/{kid}");
        assert_eq!(admin.get(&path).json(200)["kid"]["uuid"], kid.as_str());
    }
    for kid in kids.iter().step_by(10) {
        licences.get(&format!("/v1/keys/{kid}/value")).json(200);
    }
    assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
}
