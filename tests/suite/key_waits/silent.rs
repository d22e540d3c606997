// SPDX-License-Identifier: MPL-2.0
//! A key server that takes connections and never answers: no change of state waits for it, and no request to it outlives the stream.

use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use gst::prelude::*;

use super::places::{PATIENCE, encryptor, no_error, places, set_state, soon};
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};

#[test]
fn no_change_of_state_waits_for_a_silent_server() {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::None).clear();
    let test = "key_waits::silent::changes_states_while_a_server_is_silent";
    in_process::run(test, clear.as_os_str());
}

/// Returns the port of a server, and the connections that it takes.
fn silent_server() -> (u16, Receiver<TcpStream>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let (taken, connections) = channel();
    std::thread::spawn(move || {
        server
            .incoming()
            .flatten()
            .try_for_each(|connection| taken.send(connection))
    });
    (port, connections)
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn changes_states_while_a_server_is_silent() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let (port, connections) = silent_server();
    let mut held = Vec::new();
    for (place, line) in places(&file.to_string_lossy()) {
        let pipeline = in_process::pipeline(&line);
        let element = encryptor(&pipeline);
        // The client would wait five minutes for each of ten attempts.
        let uri = format!("speke+http://127.0.0.1:{port}/?speke-timeout=300&speke-attempts=10");
        element.set_property("key-uri", uri);
        element.set_property("content-id", place);
        assert!(
            has_request_thread(false),
            "{place}: the last request goes on"
        );
        for state in [gst::State::Playing, gst::State::Paused, gst::State::Ready] {
            set_state(&pipeline, state, place);
            if state == gst::State::Playing {
                held.push(connections.recv_timeout(PATIENCE).unwrap());
                assert!(has_request_thread(true), "{place}");
            }
        }
        assert!(has_request_thread(false), "{place}: the request goes on");
        set_state(&pipeline, gst::State::Playing, place);
        held.push(connections.recv_timeout(PATIENCE).unwrap());
        set_state(&pipeline, gst::State::Null, place);
        no_error(&pipeline, place);
        soon(&format!("{place}: the end of the elements"), move || {
            drop((element, pipeline));
        });
    }
    assert!(has_request_thread(false), "the last request goes on");
}

/// Waits until this process has a thread of requests, or has none. Returns false if it takes too long.
fn has_request_thread(wanted: bool) -> bool {
    let is_of_requests = |thread: std::fs::DirEntry| {
        let name = std::fs::read_to_string(thread.path().join("comm"));
        name.is_ok_and(|name| name.trim_end() == "playready-keys")
    };
    let is_so = || {
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        threads.flatten().any(is_of_requests) == wanted
    };
    let pause = Duration::from_millis(10);
    (0..PATIENCE.as_millis() / pause.as_millis()).any(|_| {
        std::thread::sleep(pause);
        is_so()
    })
}
