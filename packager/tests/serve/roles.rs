// SPDX-License-Identifier: MPL-2.0
//! Every role at every route: 403, or another status.

use serde_json::{Value, json};

use crate::routes::{ROLES, ROUTES};
use crate::server::Server;

/// A key that is in no store.
const KID: &str = "10000000-1000-1000-1000-100000000001";

#[test]
fn each_role_gets_what_it_may_and_nothing_else() {
    let server = Server::start("roles");
    for role in ROLES {
        let member = server.member(&[role]);
        for route in &ROUTES {
            let (method, path) = (route.method, route.path_for("none", KID));
            // No route takes this body: a role with access gets the answer that the body or the resource is unknown.
            let answer = member.ask(method, &path).json(&json!({"unknown": 1}));
            let may = route.allows(role);
            assert_eq!(
                answer.status != 403,
                may,
                "{role}: {method} {path}: {}",
                answer.text
            );
            assert!(!may || answer.status < 500, "{role}: {method} {path}");
        }
    }
    let stranger = server.stranger();
    // One request without credentials suffices: each one counts as a failed attempt of its address.
    stranger.ask("GET", "/v1/keys").send().problem(401);
}

#[test]
fn no_route_is_missing_from_the_table() {
    let server = Server::start("routes");
    let description = server.stranger().get("/openapi.json").json(200);
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let is_here = ROUTES
                .iter()
                .any(|route| route.method == method && route.path == path);
            assert!(is_here, "{method} {path}");
        }
    }
}

#[test]
fn keys_are_entered_by_key_admins_and_made_by_operators() {
    let server = Server::start("entered");
    let (operator, key_admin) = (server.member(&["operator"]), server.member(&["key-admin"]));
    let entered = |source: Value| json!({"source": source, "scheme": "cenc"});
    let source = json!({"entered": "00112233445566778899aabbccddeeff"});
    operator
        .post("/v1/keys", &entered(source.clone()))
        .problem(403);
    operator
        .post("/v1/keys", &entered(json!("random")))
        .json(201);
    key_admin.post("/v1/keys", &entered(source)).json(201);
}
