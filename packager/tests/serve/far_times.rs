// SPDX-License-Identifier: MPL-2.0
//! Times that no calendar contains: they are refused, or shown as the end of the year 9999.

use serde_json::json;

use crate::server::Server;

#[test]
fn times_beyond_the_calendar_break_no_page() {
    let server = Server::start("far-times");
    let admin = server.admin();
    // The last one is a day more than the longest allowed length.
    for length in [1 << 53, u64::MAX, 367 * 86_400_000] {
        let content = json!({"scheme": "cenc", "crypto_period_ms": length});
        admin.put("/v1/contents/news", &content).problem(422);
    }
    let content = json!({"scheme": "cenc", "crypto_period_ms": 60_000});
    admin.put("/v1/contents/news", &content).json(201);
    for period in [13_000_000_000_u64, (1 << 63) - 1, 1 << 63, u64::MAX] {
        let key = json!({"source": "random", "scheme": "cenc", "content": "news", "label": "ALL", "period": period});
        admin.post("/v1/keys", &key).problem(422);
    }
    // A numbered period of a content whose keys do not change by the clock has no time.
    let far = json!({"source": "random", "scheme": "cenc", "content": "film", "label": "ALL", "period": 13_000_000_000_u64});
    admin.post("/v1/keys", &far).json(201);
    let late = json!({"label": "late", "expires": "9999-12-31T23:59:59-01:00"});
    admin.post("/v1/accounts/admin/tokens", &late).json(201);
    let year = json!({"scheme": "cenc", "crypto_period_ms": 366_u64 * 86_400_000});
    admin.put("/v1/contents/film", &year).json(200);
    for path in [
        "/v1/contents",
        "/v1/contents/film/periods",
        "/v1/contents/news/periods",
        "/v1/accounts/admin/tokens",
        "/v1/keys",
        "/metrics",
    ] {
        assert_eq!(admin.get(path).status, 200, "{path}");
    }
    let said = server.said();
    assert!(!said.contains("panicked"), "{said}");
}
