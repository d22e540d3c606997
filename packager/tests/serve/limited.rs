// SPDX-License-Identifier: MPL-2.0
//! Accounts that are limited to contents, at every route of REST and at SPEKE.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::routes::{ROLES, ROUTES, Reach, Route};
use crate::server::Server;

/// What the store has of a content.
pub struct Stored {
    pub id: &'static str,
    pub kid: String,
}

/// Adds a channel with a key. Its label and its KID are in no other content.
pub fn add(admin: &Client, id: &'static str) -> Stored {
    add_content(admin, id, &json!(86_400_000))
}

/// Adds a content with this crypto period; null for one whose keys do not change, for which the server makes none.
fn add_content(admin: &Client, id: &'static str, crypto_period: &Value) -> Stored {
    let label = id.to_uppercase();
    let tracks = json!([{"selector": "*", "label": label}]);
    let settings = json!({"scheme": "cenc", "crypto_period_ms": crypto_period, "tracks": tracks});
    let path = format!("/v1/contents/{}", id.replace('/', "%2F"));
    admin.put(&path, &settings).json(201);
    let key = json!({"source": "random", "scheme": "cenc", "content": id, "label": label});
    let made = admin.post("/v1/keys", &key).json(201);
    let kid = made["kid"]["uuid"].as_str().unwrap().to_owned();
    Stored { id, kid }
}

/// What others can change of a content and its key; the server itself lets the key drain.
pub fn state(admin: &Client, of: &Stored) -> [Value; 4] {
    let path = format!("/v1/contents/{}", of.id.replace('/', "%2F"));
    let key = admin.get(&format!("/v1/keys/{}", of.kid)).json(200);
    let [retired, compromised, slots] =
        ["retired", "compromised", "slots"].map(|member| key[member].clone());
    [admin.get(&path).json(200), retired, compromised, slots]
}

/// A client of an account that is limited to `news/*`.
fn limited(server: &Server, role: &str) -> Client {
    let settings = json!({"roles": [role], "contents": ["news/*"]});
    let token = server.account_token(&format!("limited-{role}"), &settings);
    server.stranger().with_token(&token)
}

fn call(client: &Client, route: &Route, content: &Stored) -> Answer {
    let path = route.path_for(content.id, &content.kid);
    let asking = client.ask(route.method, &path);
    match route.body.replace("{id}", content.id).replace('\n', "") {
        body if body.is_empty() => asking.send(),
        body => asking.header("content-type", "application/json").body(body),
    }
}

#[test]
fn no_route_shows_or_changes_another_content() {
    let server = Server::start("limited");
    let admin = server.admin();
    let (news, sport) = (add(&admin, "news/1"), add(&admin, "sport/1"));
    let nothing = Stored {
        id: "sport/none",
        kid: "10000000-1000-1000-1000-100000000001".to_owned(),
    };
    let before = state(&admin, &sport);
    let roles = ROLES
        .iter()
        .filter(|role| !["auditor", "admin"].contains(role));
    for role in roles {
        let client = limited(&server, role);
        for route in &ROUTES {
            let name = format!("{role}: {} {}", route.method, route.path);
            let may = route.allows(role);
            let is_for_it = may && route.reach != Reach::Store;
            let inside = call(&client, route, &news);
            assert_eq!(inside.status != 403, is_for_it, "{name}: {}", inside.text);
            assert!(inside.status < 500, "{name}: {}", inside.text);
            for text in ["sport", "SPORT", &sport.kid] {
                assert!(!inside.text.contains(text), "{name}: {}", inside.text);
            }
            let outside = call(&client, route, &sport);
            let refused = route.reach != Reach::Listed || !may;
            assert_eq!(outside.status == 403, refused, "{name}: {}", outside.text);
            // What is not there is refused in the same words.
            let absent = call(&client, route, &nothing);
            let plain = |answer: &Answer, of: &Stored| {
                answer.text.replace(of.id, "ID").replace(&of.kid, "KID")
            };
            if refused {
                assert_eq!(plain(&absent, &nothing), plain(&outside, &sport), "{name}");
            }
        }
    }
    assert_eq!(before, state(&admin, &sport));
    assert_eq!(
        admin
            .get("/v1/contents")
            .json(200)
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn lists_and_numbers_are_of_the_accounts_contents() {
    let server = Server::start("limited-lists");
    let admin = server.admin();
    let [news, sport, _] =
        ["news/1", "sport/1", "sport/2"].map(|id| add_content(&admin, id, &Value::Null));
    let viewer = limited(&server, "viewer");
    let listed = viewer.get("/v1/contents?limit=1");
    assert_eq!(listed.json(200).as_array().unwrap().len(), 1);
    assert_eq!(listed.header("link"), None);
    let keys = viewer.get("/v1/keys?limit=1");
    assert_eq!(keys.json(200)[0]["kid"]["uuid"], news.kid);
    assert_eq!(keys.header("link"), None);
    let by_kid = format!("/v1/keys?kid={}", sport.kid);
    assert_eq!(viewer.get(&by_kid).json(200), json!([]));
    assert_eq!(viewer.get("/v1/keys?label=SPORT/1").json(200), json!([]));
    viewer.get("/v1/keys?content=sport/1").problem(403);
    let figures = viewer.get("/v1/store").json(200);
    assert_eq!(figures["keys"][0], json!({"state": "planned", "count": 1}));
    assert_eq!(figures["audit_rows"], Value::Null);
    let metrics = viewer.get("/metrics").text;
    assert!(
        metrics.contains("playready_packager_keys{state=\"planned\"} 1"),
        "{metrics}"
    );
}

/// A request of SPEKE 2.0 for one key.
fn speke(client: &Client, content: &str, label: &str) -> Answer {
    let kid = "11111111-1111-4111-8111-111111111111";
    let document = format!(
        "<cpix:CPIX contentId=\"{content}\" version=\"2.3\" xmlns:cpix=\"urn:dashif:org:cpix\"><cpix:ContentKeyList>\
        <cpix:ContentKey kid=\"{kid}\" commonEncryptionScheme=\"cenc\"/></cpix:ContentKeyList><cpix:DRMSystemList><cpix:DRMSystem \
        systemId=\"9a04f079-9840-4286-ab92-e65be0885f95\" kid=\"{kid}\"><cpix:PSSH/></cpix:DRMSystem></cpix:DRMSystemList>\
        <cpix:ContentKeyUsageRuleList><cpix:ContentKeyUsageRule kid=\"{kid}\" intendedTrackType=\"{label}\"><cpix:AudioFilter/>\
        </cpix:ContentKeyUsageRule></cpix:ContentKeyUsageRuleList></cpix:CPIX>"
    );
    client
        .ask("POST", "/speke")
        .header("content-type", "application/xml")
        .header("x-speke-version", "2.0")
        .body(document)
}

#[test]
fn packagers_get_keys_of_their_contents_only() {
    let server = Server::start("limited-speke");
    let admin = server.admin();
    add(&admin, "news/1");
    add(&admin, "sport/1");
    let packager = limited(&server, "packager");
    let given = speke(&packager, "news/1", "NEWS/1");
    assert_eq!(given.status, 200, "{}", given.text);
    // A new content within the pattern is made, and none outside.
    assert_eq!(speke(&packager, "news/new", "AUDIO").status, 200);
    for content in ["sport/1", "sport/new", "news", "News/1", "news/../sport/1"] {
        let label = content.to_uppercase();
        let answer = speke(&packager, content, &label);
        let is_inside = content.starts_with("news/");
        assert_eq!(
            answer.status == 403,
            !is_inside,
            "{content}: {}",
            answer.text
        );
        assert!(is_inside || answer.text.contains("is limited to contents news/*"));
    }
    let refused = admin.get("/v1/audit?action=refused&actor=limited-packager");
    let rows = refused.json(200);
    assert_eq!(rows[0]["object"], "POST /speke", "{rows}");
    assert!(
        rows[0]["result"]
            .as_str()
            .unwrap()
            .contains("content 'sport/1' is not one of them")
    );
    admin.get("/v1/contents/sport%2Fnew").problem(404);
}

#[test]
fn account_cannot_lift_its_own_limit() {
    let server = Server::start("limited-lift");
    let admin = server.admin();
    let roles = [
        "viewer",
        "operator",
        "key-admin",
        "license-server",
        "packager",
    ];
    let mine = json!({"roles": roles, "contents": ["news/*"]});
    let token = server.account_token("lim", &mine);
    let client = server.stranger().with_token(&token);
    client
        .put("/v1/accounts/lim", &json!({"roles": roles, "contents": []}))
        .problem(403);
    client
        .put("/v1/targets/t", &json!({"url": "https://drm.example.com/"}))
        .problem(403);
    for role in ["admin", "auditor"] {
        let settings = json!({"roles": [role], "contents": ["news/*"]});
        let refused = admin.put("/v1/accounts/lim", &settings).problem(422);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("cannot be limited"), "{detail}");
        admin
            .put("/v1/accounts/lim", &json!({"roles": [role]}))
            .problem(422);
    }
    for pattern in ["*/news", "news/**", "", "a\nb"] {
        let settings = json!({"roles": roles, "contents": [pattern]});
        admin.put("/v1/accounts/lim", &settings).problem(422);
    }
    let many: Vec<_> = (0..51).map(|index| format!("{index}/*")).collect();
    admin
        .put(
            "/v1/accounts/lim",
            &json!({"roles": roles, "contents": many}),
        )
        .problem(422);
    // Without the member the patterns stay; with none of them the limit ends.
    let kept = admin
        .put("/v1/accounts/lim", &json!({"roles": roles}))
        .json(200);
    assert_eq!(kept["contents"], json!(["news/*"]));
    client.get("/v1/contents/sport").problem(403);
    let lifted = admin.put("/v1/accounts/lim", &json!({"roles": roles, "contents": []}));
    assert_eq!(lifted.json(200)["contents"], json!([]));
    client.get("/v1/contents/sport").problem(404);
}

#[test]
fn a_repeated_request_of_another_content_is_refused() {
    let server = Server::start("limited-once");
    let admin = server.admin();
    add(&admin, "sport/1");
    let token = server.account_token("op", &json!({"roles": ["operator"]}));
    let client = server.stranger().with_token(&token);
    let rotate = || {
        client
            .ask("POST", "/v1/contents/sport%2F1/rotate")
            .header("idempotency-key", "once")
            .send()
    };
    rotate().json(200);
    let limited = json!({"roles": ["operator"], "contents": ["news/*"]});
    admin.put("/v1/accounts/op", &limited).json(200);
    rotate().problem(422);
}
