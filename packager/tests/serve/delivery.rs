// SPDX-License-Identifier: MPL-2.0
//! The delivery of keys to a licence server.

use serde_json::json;

use crate::receiver::{Receiver, wait_until};
use crate::server::{Server, folder};

#[test]
fn keys_of_a_channel_are_delivered_before_they_become_active() {
    let name = "serve::delivery::keys_of_a_channel_are_delivered_before_they_become_active";
    let folder = folder("delivery");
    let Some(receiver) = Receiver::start(name, &folder) else {
        return;
    };
    let server = Server::start_with(&folder, &["--allow-private-targets"]);
    let admin = server.admin();
    let tests = "/v1/targets/licences/test";
    admin
        .put("/v1/targets/licences", &receiver.target("/busy"))
        .json(200);
    assert_eq!(admin.post(tests, &json!({})).json(200)["answered"], true);
    let channel = json!({"scheme": "cbcs", "crypto_period_ms": 2000, "targets": ["licences"]});
    admin.put("/v1/contents/news", &channel).json(201);
    // After 500 and 429, the same keys are sent again until 201.
    let statuses: Vec<_> = (0..6).map(|_| receiver.next()["status"].clone()).collect();
    assert_eq!(statuses[..3], [json!(500), json!(429), json!(201)]);
    let active = || {
        let found = admin.get("/v1/keys?content=news&state=active").json(200);
        found.as_array().unwrap().first().cloned()
    };
    wait_until("no key became active", || active().is_some());
    let kid = active().unwrap()["kid"]["uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    let detail = admin.get(&format!("/v1/keys/{kid}")).json(200);
    assert_eq!(detail["deliveries"][0]["state"], "acknowledged");
    wait_until("the key did not drain", || {
        admin.get(&format!("/v1/keys/{kid}")).json(200)["state"] == "draining"
    });
    let metrics = admin.get("/metrics").text;
    let left = metrics
        .lines()
        .find_map(|line| line.strip_prefix("playready_packager_next_boundary_seconds "));
    assert!((0.0..=2.0).contains(&left.unwrap().parse::<f64>().unwrap()));
    // The worker delivers pending keys from its start on, and new keys.
    admin
        .ask("DELETE", "/v1/targets/licences")
        .send()
        .problem(409);
    let said = server.stop();
    assert!(
        said.contains("key delivered") && said.contains("tried again"),
        "{said}"
    );
}

#[test]
fn targets_in_this_network_are_refused_unless_they_are_allowed() {
    let name = "serve::delivery::targets_in_this_network_are_refused_unless_they_are_allowed";
    let folder = folder("reach");
    let Some(receiver) = Receiver::start(name, &folder) else {
        return;
    };
    let server = Server::start_with(&folder, &[]);
    let admin = server.admin();
    admin
        .put("/v1/targets/here", &receiver.target("/"))
        .json(200);
    let tested = admin.post("/v1/targets/here/test", &json!({})).json(200);
    assert_eq!(tested["answered"], false);
    let error = tested["error"].as_str().unwrap();
    assert!(error.contains("--allow-private-targets"), "{error}");
    let film = json!({"scheme": "cenc", "targets": ["here"]});
    admin.put("/v1/contents/film", &film).json(201);
    let key = json!({"source": "random", "scheme": "cenc", "content": "film"});
    admin.post("/v1/keys", &key).json(201);
    let failed = || {
        let periods = admin.get("/v1/contents/film/periods").json(200);
        periods[0]["keys"][0]["deliveries"][0]["error"].clone()
    };
    wait_until("no attempt was made", || failed().is_string());
    let text = failed();
    assert!(
        text.as_str().unwrap().contains("--allow-private-targets"),
        "{text}"
    );
    for wrong in [
        json!({"url": "http://license.example.com/"}),
        json!({"url": "ftp://license.example.com/"}),
        json!({"url": "https://user:pass@license.example.com/"}),
        json!({"url": "https://license.example.com/", "timeout": 0}),
        json!({"url": "https://license.example.com/", "certificate": "none"}),
        json!({"url": "https://license.example.com/", "credentials": "client-key /etc/passwd"}),
    ] {
        let answer = admin.put("/v1/targets/wrong", &wrong);
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text);
    }
    let kept = json!({"url": "https://license.example.com/", "credentials": "bearer very-secret"});
    let kept = admin.put("/v1/targets/kept", &kept);
    assert_eq!(kept.json(200)["has_credentials"], true);
    assert!(!admin.get("/v1/targets").text.contains("very-secret"));
}
