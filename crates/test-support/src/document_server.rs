// SPDX-License-Identifier: MPL-2.0
//! A server of the tests in another language, such as `receiver.py`: it prints its port and then one JSON document a line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use serde_json::Value;

/// A running server; it ends when its standard input does.
pub struct DocumentServer {
    process: Child,
    port: String,
    documents: Mutex<mpsc::Receiver<Value>>,
}

impl DocumentServer {
    /// Starts a server and waits for its port.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap();
        let (sender, documents) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The receiver is dropped when the test has ended.
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self {
            process,
            port,
            documents: Mutex::new(documents),
        }
    }

    /// The port of 127.0.0.1 on which it listens.
    pub fn port(&self) -> &str {
        &self.port
    }

    /// Waits for the next document.
    pub fn next(&self) -> Value {
        self.documents
            .lock()
            .unwrap()
            .recv_timeout(Duration::from_secs(60))
            .expect("a document comes")
    }

    /// The documents that have come meanwhile.
    pub fn rest(&self) -> Vec<Value> {
        self.documents.lock().unwrap().try_iter().collect()
    }
}

impl Drop for DocumentServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
