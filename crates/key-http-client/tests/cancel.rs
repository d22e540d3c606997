// SPDX-License-Identifier: MPL-2.0
//! A delivery that is cancelled while the server is silent.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use host_access::Host;
use key_http_client::{Error, Request, Server, Transport};

#[test]
fn delivery_to_a_silent_server_ends_when_it_is_cancelled() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = Server::at(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    server.timeout = Duration::from_secs(300);
    let transport = Transport::new(&server, &Host::system()).unwrap();
    let request = Request {
        headers: Vec::new(),
        body: b"<a/>",
    };
    let begun = Instant::now();
    let error = thread::scope(|scope| {
        let delivering = scope.spawn(|| transport.deliver(&server, &request));
        let connection = listener.accept().unwrap();
        transport.canceller().cancel();
        drop(connection);
        delivering.join().unwrap().err().unwrap()
    });
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert!(!error.is_temporary());
    // A cancelled client sends nothing more.
    let after = transport.deliver(&server, &request).err().unwrap();
    assert!(matches!(after, Error::Cancelled), "{after}");
}
