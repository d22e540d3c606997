// SPDX-License-Identifier: MPL-2.0
//! The static files of the pages. They are in the binary, so that browsers load nothing from another site.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::server::app::App;

/// Browsers use the files of a newer binary after this time at the latest.
const KEEP: &str = "public, max-age=300";

pub fn routes() -> Router<App> {
    Router::new()
        .route(
            "/static/style.css",
            get(async || asset("text/css", include_bytes!("../../../static/style.css"))),
        )
        .route(
            "/static/page.js",
            get(async || asset("text/javascript", include_bytes!("../../../static/page.js"))),
        )
        .route(
            "/static/htmx.min.js",
            get(async || {
                asset(
                    "text/javascript",
                    include_bytes!("../../../static/htmx.min.js"),
                )
            }),
        )
        .route(
            "/static/icon.svg",
            get(async || asset("image/svg+xml", include_bytes!("../../../static/icon.svg"))),
        )
}

fn asset(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEEP)];
    (headers, bytes).into_response()
}
