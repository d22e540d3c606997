// SPDX-License-Identifier: MPL-2.0
//! The page of the state of the store and the server.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use super::fields::Fields;
use super::layout::{Layout, Section};
use super::response::render;
use crate::server::app::{App, AppSettings};
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;
use crate::store_health::{self, KekInfo, StoreHealth};

pub fn routes() -> Router<App> {
    Router::new().route("/store", get(show))
}

#[derive(Template)]
#[template(path = "store.html")]
struct StorePage<'a> {
    layout: Layout,
    health: StoreHealth,
    keks: Vec<KekInfo>,
    settings: &'a AppSettings,
    version: &'static str,
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let health = app.with_store(visitor.actor(), store_health::look).await?;
    render(&StorePage {
        layout: Layout::new(&visitor, Section::Store, &query),
        keks: health.keks.clone(),
        health,
        settings: &app.settings(),
        version: env!("CARGO_PKG_VERSION"),
    })
}
