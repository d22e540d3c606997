// SPDX-License-Identifier: MPL-2.0
//! Health checks for operators, and the metrics for Prometheus.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::app::{App, SERVER};
use super::auth::{Client, Permission};
use super::problem_details::Problem;
use crate::store_health;

/// Returns the routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Reports that the server is ready if the store answers.
async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    app.with_store(SERVER, store_health::look)
        .await
        .map(|_| "ready\n")
        .map_err(|_| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the key store does not answer: try again later",
            )
            .retry_after(5)
        })
}

async fn metrics(State(app): State<App>, client: Client) -> Result<Response, Problem> {
    client.needs(Permission::Look)?;
    let health = app.with_store(client.name(), store_health::look).await?;
    Ok((
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        app.metrics().text(&health, app.now()),
    )
        .into_response())
}
