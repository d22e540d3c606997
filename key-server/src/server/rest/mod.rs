// SPDX-License-Identifier: MPL-2.0
//! The REST interface, which does for programs what the pages do for people. Each resource has a file; `/openapi.json` describes it.
//!
//! Errors are problems of RFC 9457. Lists come in pages, with the next one in the header `Link` (RFC 8288). A POST with the header
//! `Idempotency-Key` may be sent again without being done twice.

mod accounts;
mod audit;
mod body;
mod caller;
mod clock;
mod contents;
mod cpix;
mod document;
mod idempotency;
mod key_states;
mod keys;
mod list;
mod names;
mod path;
mod rotation;
mod secret;
mod seeds;
mod settings;
mod store;
mod targets;
mod time;
mod tokens;
mod value;

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use idempotency::UnderWay;
use utoipa_axum::router::OpenApiRouter;

use super::app::App;

/// Returns all routes below `/v1`, and the route of their description.
pub fn routes(app: &App) -> Router<App> {
    let resources = OpenApiRouter::new()
        .merge(keys::routes())
        .merge(key_states::routes())
        .merge(seeds::routes())
        .merge(contents::routes())
        .merge(rotation::routes())
        .merge(cpix::routes())
        .merge(targets::routes())
        .merge(audit::routes())
        .merge(accounts::routes())
        .merge(tokens::routes())
        .merge(store::routes())
        .merge(clock::routes())
        .merge(value::routes());
    let (routes, description) = OpenApiRouter::with_openapi(document::begin(app))
        .nest("/v1", resources)
        .split_for_parts();
    let text = document::finish(description);
    routes
        .layer(from_fn_with_state(
            (app.clone(), UnderWay::default()),
            idempotency::answer_once,
        ))
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], text)),
        )
}
