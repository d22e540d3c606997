// SPDX-License-Identifier: MPL-2.0
//! Health checks for operators, and the metrics for Prometheus.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

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

/// Reports whether the server can do its work, as the last check found, and what may lose acknowledged keys all the same: as text, or
/// as JSON for those who accept it. It reads no store.
async fn ready(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(NotReady { text, retry_after }) = app.not_ready() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, text).retry_after(retry_after));
    }
    let warnings: Vec<_> = app.risks().iter().map(ToString::to_string).collect();
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|accepted| accepted.to_str().ok())
        .is_some_and(|accepted| accepted.contains("json"));
    Ok(match wants_json {
        true => Json(json!({"ready": true, "warnings": warnings})).into_response(),
        false => warnings
            .iter()
            .fold("ready\n".to_owned(), |text, warning| {
                format!("{text}warning: {warning}\n")
            })
            .into_response(),
    })
}

async fn metrics(State(app): State<App>, client: Client) -> Result<Response, Problem> {
    client.needs(Permission::Look)?;
    let health = app.with_store(client.actor(), store_health::look).await?;
    let circuits = app.circuits().all(app.key_store().host().clock.monotonic());
    app.metrics().ready(app.not_ready().is_none());
    app.metrics().risks(app.risks().len());
    app.metrics().steps(app.key_store().steps());
    Ok((
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        app.metrics().text(&health, &circuits, app.now()),
    )
        .into_response())
}
