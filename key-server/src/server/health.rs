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

/// Reports that the server is ready if the store answers, and makes keys.
async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    let not_ready =
        |detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(5);
    let server = app.key_store().acting_for(SERVER)?.actor().clone();
    app.with_store(&server, |store| {
        store_health::look(store)?;
        Ok::<_, content_key_store::Error>(store.doubt())
    })
    .await
    .map_err(|_| not_ready("the key store does not answer: try again later".to_owned()))?
    .map_or(Ok("ready\n"), |doubt| {
        Err(not_ready(
            content_key_store::Error::Restored(doubt).to_string(),
        ))
    })
}

async fn metrics(State(app): State<App>, client: Client) -> Result<Response, Problem> {
    client.needs(Permission::Look)?;
    let health = app.with_store(client.actor(), store_health::look).await?;
    Ok((
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        app.metrics().text(&health, app.now()),
    )
        .into_response())
}
