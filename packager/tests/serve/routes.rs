// SPDX-License-Identifier: MPL-2.0
//! The routes of the server, as the tests of roles and of contents call them.

/// A route.
pub struct Route {
    pub method: &'static str,
    /// As in the OpenAPI document: `{id}` is a content, `{kid}` a KID, and `{name}` another name.
    pub path: &'static str,
    /// The roles that do not get 403.
    pub roles: &'static str,
    pub reach: Reach,
    /// A request that is done, with the same placeholders; empty where none is needed.
    pub body: &'static str,
}

/// What a route is about, for accounts that are limited to contents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One content or key: others are refused.
    Content,
    /// A list, or what is not of contents: it has nothing of other contents.
    Listed,
    /// All contents: it is refused.
    Store,
}
use Reach::{Content, Listed, Store};

const LOOK: &str = "viewer operator key-admin auditor admin";
const OPERATE: &str = "operator key-admin";
pub const ROLES: [&str; 7] = [
    "viewer",
    "operator",
    "key-admin",
    "auditor",
    "license-server",
    "packager",
    "admin",
];

const fn route(
    method: &'static str,
    path: &'static str,
    roles: &'static str,
    reach: Reach,
    body: &'static str,
) -> Route {
    Route {
        method,
        path,
        roles,
        reach,
        body,
    }
}

/// A document with a key in the clear.
const CPIX: &str = r#"{"content":"{id}","document":"<CPIX xmlns='urn:dashif:org:cpix' xmlns:pskc='urn:ietf:params:xml:ns:keyprov:pskc'>
    <ContentKeyList><ContentKey kid='3f000000-0000-4000-8000-000000000001' commonEncryptionScheme='cenc'><Data><pskc:Secret><pskc:PlainValue>
    AAECAwQFBgcICQoLDA0ODw==</pskc:PlainValue></pskc:Secret></Data></ContentKey></ContentKeyList></CPIX>"}"#;

pub const ROUTES: [Route; 37] = [
    route("GET", "/metrics", LOOK, Listed, ""),
    route("GET", "/v1/keys", LOOK, Listed, ""),
    route(
        "POST",
        "/v1/keys",
        OPERATE,
        Content,
        r#"{"source":"random","scheme":"cenc","content":"{id}","label":"X"}"#,
    ),
    route("GET", "/v1/keys/{kid}", LOOK, Content, ""),
    route("GET", "/v1/keys/{kid}/value", "license-server", Content, ""),
    route("POST", "/v1/keys/{kid}/retire", "key-admin", Content, ""),
    route(
        "POST",
        "/v1/keys/{kid}/compromise",
        "key-admin",
        Content,
        "",
    ),
    route(
        "POST",
        "/v1/keys/{kid}/reveal",
        "key-admin",
        Content,
        r#"{"reason":"a test"}"#,
    ),
    route("GET", "/v1/seeds", LOOK, Listed, ""),
    route(
        "POST",
        "/v1/seeds",
        "key-admin",
        Store,
        r#"{"name":"s","seed":"MVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I"}"#,
    ),
    route("POST", "/v1/seeds/{name}/retire", "key-admin", Store, ""),
    route("GET", "/v1/contents", LOOK, Listed, ""),
    route("GET", "/v1/contents/{id}", LOOK, Content, ""),
    route(
        "PUT",
        "/v1/contents/{id}",
        OPERATE,
        Content,
        r#"{"scheme":"cenc","la_url":"https://changed.test"}"#,
    ),
    route("DELETE", "/v1/contents/{id}", OPERATE, Content, ""),
    route("POST", "/v1/contents/{id}/rotate", OPERATE, Content, ""),
    route("GET", "/v1/contents/{id}/periods", LOOK, Content, ""),
    route("GET", "/v1/contents/{id}/preview", LOOK, Content, ""),
    route(
        "POST",
        "/v1/contents/{id}/cpix",
        "key-admin",
        Content,
        r#"{"recipient":{"clear":"a test"}}"#,
    ),
    route("POST", "/v1/cpix", "key-admin", Content, CPIX),
    route("GET", "/v1/targets", LOOK, Listed, ""),
    route("GET", "/v1/targets/{name}", LOOK, Listed, ""),
    route(
        "PUT",
        "/v1/targets/{name}",
        "key-admin admin",
        Store,
        r#"{"url":"https://drm.example.com/"}"#,
    ),
    route("DELETE", "/v1/targets/{name}", "key-admin admin", Store, ""),
    route(
        "POST",
        "/v1/targets/{name}/test",
        "key-admin admin",
        Store,
        "",
    ),
    route("POST", "/v1/clock/accept", "admin", Store, ""),
    route("GET", "/v1/audit", "auditor admin", Store, ""),
    route("GET", "/v1/audit/verify", "auditor admin", Store, ""),
    route("GET", "/v1/accounts", "admin", Store, ""),
    route("GET", "/v1/accounts/{name}", "admin", Store, ""),
    route(
        "PUT",
        "/v1/accounts/{name}",
        "admin",
        Store,
        r#"{"roles":[]}"#,
    ),
    route("POST", "/v1/accounts/{name}/disable", "admin", Store, ""),
    route("POST", "/v1/accounts/{name}/enable", "admin", Store, ""),
    route("GET", "/v1/accounts/{name}/tokens", "admin", Store, ""),
    route(
        "POST",
        "/v1/accounts/{name}/tokens",
        "admin",
        Store,
        r#"{"label":"x"}"#,
    ),
    route("DELETE", "/v1/tokens/{id}", "admin", Store, ""),
    route("GET", "/v1/store", LOOK, Listed, ""),
];

impl Route {
    /// Returns the path for a content and a KID.
    pub fn path_for(&self, content: &str, kid: &str) -> String {
        let id = if self.path.starts_with("/v1/contents") {
            content
        } else {
            "none"
        };
        self.path
            .replace("{id}", &id.replace('/', "%2F"))
            .replace("{kid}", kid)
            .replace("{name}", "none")
    }

    pub fn allows(&self, role: &str) -> bool {
        self.roles.split(' ').any(|allowed| allowed == role)
    }
}
