// SPDX-License-Identifier: MPL-2.0
//! Clients that hold connections without using them, or that send what no client should. The server ends each connection and
//! serves others.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use crate::server::{Server, folder};
use test_support::tools;

/// The preface of HTTP/2 and an empty SETTINGS frame: RFC 9113, 3.4 and 6.5.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// SETTINGS_INITIAL_WINDOW_SIZE of 0, so that no byte of a body may be sent: RFC 9113, 6.5.2.
const NO_WINDOW: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
/// HEADERS of stream 1 that end it: GET / of http://x, by the static table of RFC 7541 and a literal authority.
const GET: &[u8] = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x";
/// An acknowledgement of PING, which a client may send at any time: RFC 9113, 6.7.
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0whatever";

/// A client that holds a connection.
struct Attack {
    name: &'static str,
    begin: &'static [u8],
    /// The bytes that it sends twice a second.
    dribble: &'static [u8],
}

const ATTACKS: [Attack; 9] = [
    Attack {
        name: "silent",
        begin: b"",
        dribble: b"",
    },
    Attack {
        name: "half a preface",
        begin: b"PRI * HT",
        dribble: b"",
    },
    Attack {
        name: "a preface without settings",
        begin: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        dribble: b"",
    },
    Attack {
        name: "half a head",
        begin: b"GET / HTTP/1.1\r\nHost: x\r\n",
        dribble: b"",
    },
    Attack {
        name: "a head without end",
        begin: b"GET / HTTP/1.1\r\nHost: x\r\n",
        dribble: b"X: 1\r\n",
    },
    Attack {
        name: "idle after a request",
        begin: b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        dribble: b"",
    },
    Attack {
        name: "HTTP/2 without requests",
        begin: HTTP2,
        dribble: b"",
    },
    Attack {
        name: "HTTP/2 with pings only",
        begin: HTTP2,
        dribble: PING,
    },
    Attack {
        name: "half a TLS record to plain HTTP",
        begin: b"\x16\x03\x01",
        dribble: b"",
    },
];

fn limited(name: &str, more: &[&str]) -> Server {
    let mut arguments = vec!["--head-timeout", "2", "--idle-timeout", "3"];
    arguments.extend(more);
    Server::start_with(&folder(name), &arguments)
}

/// Waits until the server has closed a connection, and reads no more than it must.
fn wait_for_end(mut stream: TcpStream, attack: &Attack) {
    let until = Instant::now() + Duration::from_secs(60);
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut bytes = [0; 4096];
    while Instant::now() < until {
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(_) => (),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if stream.write_all(attack.dribble).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
    panic!("the server keeps the connection: {}", attack.name);
}

#[test]
fn connections_that_do_nothing_end() {
    let server = limited("idlers", &[]);
    std::thread::scope(|scope| {
        for attack in &ATTACKS {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            stream.write_all(attack.begin).unwrap();
            scope.spawn(move || wait_for_end(stream, attack));
        }
        server.admin().get("/v1/keys").json(200);
    });
}

/// Returns the number of connections that the server has open, by the kernel's list of sockets.
fn open_connections(server: &Server) -> usize {
    let (_, port) = server.address.split_once(':').unwrap();
    // The second column is the server's end and the fourth is the state, where 01 means established.
    let local = format!("0100007F:{:04X}", port.parse::<u16>().unwrap());
    std::fs::read_to_string("/proc/net/tcp")
        .unwrap()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|columns| columns[1] == local && columns[3] == "01")
        .count()
}

#[test]
fn responses_that_nobody_reads_end() {
    let server = limited("unread-responses", &[]);
    let get = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let pipelined = get.repeat(200);
    let held: Vec<_> = [pipelined.as_slice(), &[NO_WINDOW, GET].concat()]
        .into_iter()
        .map(|bytes| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            stream.write_all(bytes).unwrap();
            stream
        })
        .collect();
    sleep(Duration::from_millis(500));
    assert_eq!(open_connections(&server), held.len());
    let until = Instant::now() + Duration::from_secs(60);
    while open_connections(&server) > 0 {
        assert!(Instant::now() < until, "the server keeps connections");
        sleep(Duration::from_millis(100));
    }
    drop(held);
}

#[test]
fn connections_that_are_quiet_in_tls_end() {
    let place = folder("quiet-tls");
    let certificates = place.join("tls");
    let server = Server::start_with(
        &place,
        &[
            "--head-timeout",
            "2",
            "--tls-self-signed",
            certificates.to_str().unwrap(),
        ],
    );
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(certificates.join("certificate.pem")).unwrap();
    roots
        .add(CertificateDer::from_pem_slice(&pem).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut stream).unwrap();
    }
    let quiet = TcpStream::connect(&server.address).unwrap();
    for stream in [stream, quiet] {
        wait_for_end(stream, &ATTACKS[0]);
    }
}

#[test]
fn one_address_has_its_share_and_no_more() {
    let server = Server::start_with(
        &folder("share"),
        &["--max-connections-per-address", "4", "--head-timeout", "2"],
    );
    let held: Vec<_> = (0..4)
        .map(|_| TcpStream::connect(&server.address).unwrap())
        .collect();
    server.wait_for("more connections of this address are refused");
    let mut refused = TcpStream::connect(&server.address).unwrap();
    assert!(matches!(refused.read(&mut [0; 1]), Ok(0) | Err(_)));
    for stream in held {
        wait_for_end(stream, &ATTACKS[0]);
    }
    server.admin().get("/v1/keys").json(200);
}

#[test]
fn sign_in_takes_a_short_form() {
    let server = Server::start("long-sign-in");
    let sign_in = |length: usize| {
        let stranger = server.stranger();
        let asking = stranger
            .ask("POST", "/login")
            .header("content-type", "application/x-www-form-urlencoded");
        asking.body(format!("token={}", "x".repeat(length)))
    };
    assert_eq!(sign_in(16 * 1024).status, 413);
    assert_eq!(sign_in(16 * 1000).status, 422);
}

/// Opens connections from four addresses of the loopback network, and keeps them until its input ends.
const CROWD: &str = "
import socket, sys
port, each = int(sys.argv[1]), int(sys.argv[2])
held = [socket.create_connection(('127.0.0.1', port), source_address=(f'127.0.0.{last}', 0)) for last in range(2, 6) for _ in range(each)]
print(len(held), flush=True)
sys.stdin.read()
";

#[test]
fn crowd_of_silent_connections_ends_and_takes_little_memory() {
    let server = Server::start("crowd");
    let admin = server.admin();
    admin.get("/v1/keys").json(200);
    let before = resident(&server);
    let (_, port) = server.address.split_once(':').unwrap();
    // All that the server takes by default.
    let mut crowd = Command::new(tools::python())
        .args(["-c", CROWD, port, "256"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(crowd.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "1024");
    let grown = resident(&server).saturating_sub(before);
    assert!(
        grown < 64 * 1024,
        "1024 silent connections take {grown} KiB"
    );
    // The server answers while its clients still hold them.
    admin.get("/v1/keys").json(200);
    drop(crowd.stdin.take());
    assert!(crowd.wait().unwrap().success());
}

/// Returns the memory of the server in KiB.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(server.proc("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}
