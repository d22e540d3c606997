// SPDX-License-Identifier: MPL-2.0
//! Every role at every route: 403, or another status.

use serde_json::{Value, json};

use crate::server::Server;

/// Method and path, and the roles that do not get 403.
const ROUTES: [(&str, &str, &str); 36] = [
    ("GET", "/metrics", LOOK),
    ("GET", "/v1/keys", LOOK),
    ("POST", "/v1/keys", OPERATE),
    ("GET", "/v1/keys/10000000-1000-1000-1000-100000000001", LOOK),
    (
        "GET",
        "/v1/keys/10000000-1000-1000-1000-100000000001/value",
        "license-server",
    ),
    (
        "POST",
        "/v1/keys/10000000-1000-1000-1000-100000000001/retire",
        "key-admin",
    ),
    (
        "POST",
        "/v1/keys/10000000-1000-1000-1000-100000000001/compromise",
        "key-admin",
    ),
    (
        "POST",
        "/v1/keys/10000000-1000-1000-1000-100000000001/reveal",
        "key-admin",
    ),
    ("GET", "/v1/seeds", LOOK),
    ("POST", "/v1/seeds", "key-admin"),
    ("POST", "/v1/seeds/none/retire", "key-admin"),
    ("GET", "/v1/contents", LOOK),
    ("GET", "/v1/contents/none", LOOK),
    ("PUT", "/v1/contents/none", OPERATE),
    ("DELETE", "/v1/contents/none", OPERATE),
    ("POST", "/v1/contents/none/rotate", OPERATE),
    ("GET", "/v1/contents/none/periods", LOOK),
    ("GET", "/v1/contents/none/preview", LOOK),
    ("POST", "/v1/contents/none/cpix", "key-admin"),
    ("POST", "/v1/cpix", "key-admin"),
    ("GET", "/v1/targets", LOOK),
    ("GET", "/v1/targets/none", LOOK),
    ("PUT", "/v1/targets/none", "key-admin admin"),
    ("DELETE", "/v1/targets/none", "key-admin admin"),
    ("POST", "/v1/targets/none/test", "key-admin admin"),
    ("GET", "/v1/audit", "auditor admin"),
    ("GET", "/v1/audit/verify", "auditor admin"),
    ("GET", "/v1/accounts", "admin"),
    ("GET", "/v1/accounts/none", "admin"),
    ("PUT", "/v1/accounts/none", "admin"),
    ("POST", "/v1/accounts/none/disable", "admin"),
    ("POST", "/v1/accounts/none/enable", "admin"),
    ("GET", "/v1/accounts/none/tokens", "admin"),
    ("POST", "/v1/accounts/none/tokens", "admin"),
    ("DELETE", "/v1/tokens/none", "admin"),
    ("GET", "/v1/store", LOOK),
];
const LOOK: &str = "viewer operator key-admin auditor admin";
const OPERATE: &str = "operator key-admin";
const ROLES: [&str; 7] = [
    "viewer",
    "operator",
    "key-admin",
    "auditor",
    "license-server",
    "packager",
    "admin",
];

#[test]
fn each_role_gets_what_it_may_and_nothing_else() {
    let server = Server::start("roles");
    for role in ROLES {
        let member = server.member(&[role]);
        for (method, path, allowed) in ROUTES {
            // No route takes this body: a role with access gets the answer that the body or the resource is unknown.
            let answer = member.ask(method, path).json(&json!({"unknown": 1}));
            let may = allowed.split(' ').any(|allowed| allowed == role);
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
    let (method, path, _) = ROUTES[1];
    stranger.ask(method, path).send().problem(401);
}

#[test]
fn no_route_is_missing_from_the_table() {
    let server = Server::start("routes");
    let description = server.stranger().get("/openapi.json").json(200);
    let documented = description["paths"].as_object().unwrap().iter();
    let documented = documented.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    for route in documented {
        let has = |(method, path, _): &(&str, &str, &str)| {
            let path = path.replace("10000000-1000-1000-1000-100000000001", "{kid}");
            let names = ["{id}", "{name}"];
            names
                .iter()
                .any(|name| route == format!("{method} {}", path.replace("none", name)))
        };
        assert!(ROUTES.iter().any(has), "{route}");
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
