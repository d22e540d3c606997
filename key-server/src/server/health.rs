// SPDX-License-Identifier: MPL-2.0
//! Health checks for operators, and the metrics for Prometheus.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::app::App;
use super::auth::{Client, Permission};
use super::problem_details::Problem;
use super::readiness::NotReady;
use crate::store_health;

/// Returns the routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Reports whether the server can do its work, as the last check found. It reads no store.
async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    match app.not_ready() {
        None => Ok("ready\n"),
        Some(NotReady { text, retry_after }) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, text).retry_after(retry_after))
        }
    }
}

async fn metrics(State(app): State<App>, client: Client) -> Result<Response, Problem> {
    client.needs(Permission::Look)?;
    let health = app.with_store(client.actor(), store_health::look).await?;
    let circuits = app.circuits().all(app.key_store().host().clock.monotonic());
    app.metrics().ready(app.not_ready().is_none());
    Ok((
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        app.metrics().text(&health, &circuits, app.now()),
    )
        .into_response())
}
