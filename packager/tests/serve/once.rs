// SPDX-License-Identifier: MPL-2.0
//! Repeated requests.

use serde_json::json;

use crate::server::Server;

#[test]
fn request_with_the_same_key_is_done_once() {
    let server = Server::start("idempotent");
    let admin = server.admin();
    let new = json!({"source": "random", "scheme": "cenc"});
    let ask = |key: &str, body: &serde_json::Value| {
        let asking = admin.ask("POST", "/v1/keys").header("idempotency-key", key);
        asking.json(body)
    };
    let first = ask("one", &new);
    let again = ask("one", &new);
    assert_eq!(first.json(201), again.json(201));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_ne!(ask("two", &new).json(201), first.json(201));
    ask("one", &json!({"source": "random", "scheme": "cbcs"})).problem(422);
    ask("", &new).problem(400);
    ask(&"x".repeat(256), &new).problem(400);
    let other = server.member(&["operator"]);
    let others = other
        .ask("POST", "/v1/keys")
        .header("idempotency-key", "one");
    assert_ne!(others.json(&new).json(201), first.json(201));
    assert_eq!(admin.get("/v1/keys").json(200).as_array().unwrap().len(), 3);
}

#[test]
fn account_that_has_lost_its_role_gets_no_old_response() {
    let server = Server::start("lost-role");
    let (admin, member) = (server.admin(), server.member(&["operator"]));
    let ask = || {
        let asking = member
            .ask("POST", "/v1/keys")
            .header("idempotency-key", "one");
        asking.json(&json!({"source": "random", "scheme": "cenc"}))
    };
    ask().json(201);
    let viewer = json!({"roles": ["viewer"]});
    admin.put("/v1/accounts/operator", &viewer).json(200);
    ask().problem(422);
}

#[test]
fn refusals_and_secrets_are_not_remembered() {
    let server = Server::start("forgotten");
    let admin = server.admin();
    let seed = json!({"name": "later", "seed": "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I"});
    let new = json!({"source": {"seed": "later"}, "scheme": "cenc"});
    let ask = || {
        let asking = admin.ask("POST", "/v1/keys").header("idempotency-key", "1");
        asking.json(&new)
    };
    ask().problem(422);
    admin.post("/v1/seeds", &seed).json(201);
    ask().json(201);
    let token = || {
        let asking = admin.ask("POST", "/v1/accounts/admin/tokens");
        let made = asking
            .header("idempotency-key", "2")
            .json(&json!({"label": "x"}));
        made.json(201)["token"].clone()
    };
    assert_ne!(token(), token());
}

#[test]
fn requests_at_the_same_time_make_one_key() {
    let server = Server::start("at-once");
    let admin = server.admin();
    let new = json!({"source": "random", "scheme": "cenc"});
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let ask = || {
            let asking = admin.ask("POST", "/v1/keys").header("idempotency-key", "1");
            asking.json(&new).status
        };
        let all: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(
        statuses.iter().all(|status| [201, 409].contains(status)),
        "{statuses:?}"
    );
    assert_eq!(admin.get("/v1/keys").json(200).as_array().unwrap().len(), 1);
}
