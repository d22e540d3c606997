// SPDX-License-Identifier: MPL-2.0
//! Health and readiness.

use crate::server::Server;

#[test]
fn server_is_alive_and_ready() {
    let server = Server::start("ready");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.stranger().get(path).status, 200);
    }
    server.stranger().get("/metrics").problem(401);
}
