// SPDX-License-Identifier: MPL-2.0
//! The reasons of what is not possible now, or not there: each response of status 503 or 404 keeps its own, and 503 says when to ask again.

use serde_json::json;
use std::net::TcpListener;

use crate::faults::{Lock, database};
use crate::receiver::{make_certificate, wait_until};
use crate::server::{Server, folder};

/// A request of SPEKE 1.0 for the only key of a content.
fn document(content: &str) -> String {
    format!(
        r#"<cpix:CPIX id="{content}" xmlns:cpix="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:speke="urn:aws:amazon:com:speke"><cpix:ContentKeyList><cpix:ContentKey kid="0c1d2e3f-4051-4273-8495-a6b7c8d9eafb"/></cpix:ContentKeyList></cpix:CPIX>"#
    )
}

#[test]
fn each_refusal_has_its_reason_and_its_time() {
    let folder = folder("reasons");
    make_certificate(&folder);
    let server = Server::start_with(&folder, &["--allow-private-targets"]);
    let admin = server.admin();
    let packager = server.member(&["packager"]);
    let speke = |content: &str| {
        let asking = packager.ask("POST", "/speke");
        let asking = asking.header("content-type", "application/xml");
        asking.body(document(content))
    };
    // The port was free a moment ago: nobody takes the keys.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let certificate = std::fs::read_to_string(folder.join("certificate.pem")).unwrap();
    let target = json!({"url": url, "certificate": certificate, "timeout": 1});
    admin.put("/v1/targets/away", &target).json(200);
    let film = json!({"scheme": "cenc", "targets": ["away"]});
    admin.put("/v1/contents/waits", &film).json(201);
    let waits = speke("waits");
    assert_eq!(waits.status, 503, "{}", waits.text);
    assert!(
        waits.text.contains("is on its way to licence servers"),
        "{}",
        waits.text
    );
    assert_eq!(waits.header("retry-after"), Some("1"));
    for (path, reason) in [
        ("/v1/nothing", "nothing has this path"),
        ("/v1/contents/none", "no content 'none'"),
        ("/v1/targets/none", "no target 'none'"),
        (
            "/v1/keys/10000000-1000-1000-1000-100000000001",
            "no key with KID",
        ),
        ("/v1/accounts/none", "no account 'none'"),
    ] {
        let detail = admin.get(path).problem(404)["detail"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(detail.contains(reason), "{path}: {detail}");
    }
    let lock = Lock::hold(&database(&folder));
    let reason = "another process holds the lock of the key store";
    wait_until("the lock is not noticed", || {
        server.stranger().get("/readyz").text.contains(reason)
    });
    let new = json!({"source": "random", "scheme": "cenc"});
    for refused in [speke("film"), admin.post("/v1/keys", &new)] {
        assert_eq!(refused.status, 503, "{}", refused.text);
        assert!(refused.text.contains(reason), "{}", refused.text);
        assert_eq!(refused.header("retry-after"), Some("5"));
    }
    drop(lock);
    wait_until("packagers get no keys", || speke("film").status == 200);
}
