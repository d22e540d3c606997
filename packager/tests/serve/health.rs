// SPDX-License-Identifier: MPL-2.0
//! Health and readiness, also when the database becomes unavailable, and the server with PostgreSQL.

use crate::server::Server;

#[test]
fn server_is_alive_and_ready() {
    let server = Server::start("ready");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.stranger().get(path).status, 200);
    }
    server.stranger().get("/metrics").problem(401);
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::fs;
    use std::os::unix::fs::OpenOptionsExt;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use serde_json::json;

    use crate::receiver::wait_until;
    use crate::server::{Server, folder};
    use test_support::postgres_server::PostgresServer;

    #[test]
    fn server_is_not_ready_while_its_database_is_away() {
        let Some(database) = PostgresServer::shared("serve::health::postgres") else {
            return;
        };
        let folder = folder("postgres");
        let kek = folder.join("kek");
        let mut options = fs::File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&kek)
            .unwrap();
        std::io::Write::write_all(&mut file, "0f".repeat(32).as_bytes()).unwrap();
        let uri = format!("{}?kek-file={}", database.new_database(), kek.display());
        let server = Server::start_with(&folder, &["--database", &uri]);
        let admin = server.admin();
        let new = json!({"source": "random", "scheme": "cenc", "content": "film"});
        let asking = admin.ask("POST", "/v1/keys").header("idempotency-key", "1");
        let made = asking.json(&new).json(201);
        let asking = admin.ask("POST", "/v1/keys").header("idempotency-key", "1");
        assert_eq!(asking.json(&new).json(201), made);
        admin
            .put(
                "/v1/contents/film",
                &json!({"scheme": "cenc", "la_url": "\u{0}"}),
            )
            .problem(422);
        assert_eq!(admin.get("/v1/audit/verify").json(200)["whole"], true);
        assert_eq!(admin.get("/readyz").status, 200);
        drop(database);
        wait_until("the server is still ready", || {
            admin.get("/readyz").status == 503
        });
        let away = admin.get("/readyz");
        away.problem(503);
        assert!(away.header("retry-after").is_some());
        let refused = admin.get("/v1/keys");
        refused.problem(503);
        // Only the log contains the database's address.
        assert!(!refused.text.contains("postgres"), "{}", refused.text);
        assert_eq!(admin.get("/healthz").status, 200);
        let until = Instant::now() + Duration::from_secs(10);
        while !server.said().contains("keys cannot be rotated") {
            assert!(Instant::now() < until, "{}", server.said());
            sleep(Duration::from_millis(50));
        }
        server.stop();
    }
}
