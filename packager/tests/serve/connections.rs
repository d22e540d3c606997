// SPDX-License-Identifier: MPL-2.0
//! Clients that send too much, or too slowly.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::client::Client;
use crate::server::Server;

#[test]
fn body_that_is_too_long_is_refused() {
    let server = Server::start("long");
    let admin = server.admin();
    let long = "x".repeat(1024 * 1024);
    let name = json!({"name": long, "seed": "x"});
    // The server answers `Expect: 100-continue` before it closes the connection.
    let ask = || {
        admin
            .ask("POST", "/v1/seeds")
            .header("expect", "100-continue")
    };
    let refused = ask().json(&name);
    refused.problem(413);
    assert_eq!(refused.header("connection"), Some("close"));
    let asking = ask().header("idempotency-key", "long");
    asking.json(&name).problem(413);
    // Without a Content-Length, the length is known only while the body is received.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let token = server.token();
    let head = format!(
        "POST /v1/seeds HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 65536, " ".repeat(65536));
    for _ in 0..32 {
        // The server may have closed the connection.
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

#[test]
fn answer_says_that_the_connection_ends_with_a_body_that_was_not_read() {
    let server = Server::start("unread");
    let post = |client: &Client| {
        let asking = client.ask("POST", "/v1/seeds");
        asking.header("expect", "100-continue").json(&json!({}))
    };
    let unread = post(&server.stranger());
    unread.problem(401);
    assert_eq!(unread.header("connection"), Some("close"));
    let read = post(&server.admin());
    read.problem(422);
    assert_eq!(read.header("connection"), None);
    assert_eq!(server.stranger().get("/v1/keys").header("connection"), None);
}

/// Sends a piece every half second, like an attacker who holds many connections, until the server answers or closes the connection.
fn dribble(address: &str, begin: &str, piece: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(begin.as_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    let mut answer = [0; 1024];
    for _ in 0..120 {
        sleep(Duration::from_millis(500));
        match stream.read(&mut answer) {
            Ok(length) => return String::from_utf8_lossy(&answer[..length]).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => (),
            Err(_) => return String::new(),
        }
        if stream.write_all(piece.as_bytes()).is_err() {
            return String::new();
        }
    }
    panic!("the server waits for ever");
}

#[test]
fn slow_clients_are_cut_off_and_others_served_meanwhile() {
    let server = Server::start("slow");
    let address = server.address.clone();
    let head = std::thread::spawn({
        let address = address.clone();
        move || dribble(&address, "GET /v1/keys HTTP/1.1\r\n", "X-Slow: 1\r\n")
    });
    let body = std::thread::spawn({
        let begin = format!(
            "POST /v1/seeds HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n",
            server.token()
        );
        move || dribble(&address, &begin, " ")
    });
    server.admin().get("/v1/keys").json(200);
    let answer = head.join().unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
        "{answer}"
    );
    let answer = body.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    server.admin().get("/v1/keys").json(200);
}
