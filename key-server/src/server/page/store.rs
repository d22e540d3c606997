// SPDX-License-Identifier: MPL-2.0
//! The store's state, and the server's.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use super::answer::screen;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::moment::Moment;
use crate::server::app::{App, Settings};
use crate::server::auth::{Permission, Visitor};
use crate::server::problem::Problem;
use crate::store_health::{self, KekInfo, StoreHealth};

pub fn routes() -> Router<App> {
    Router::new().route("/store", get(show))
}

#[derive(Template)]
#[template(path = "store.html")]
struct Screen<'a> {
    frame: Frame,
    health: StoreHealth,
    keks: Vec<(KekInfo, Moment)>,
    settings: &'a Settings,
    version: &'static str,
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let health = app.work(visitor.name(), store_health::look).await?;
    let keks = health.keks.iter().cloned();
    screen(&Screen {
        frame: Frame::new(&visitor, Section::Store, &query),
        keks: keks.map(|kek| (kek.clone(), Moment(kek.created))).collect(),
        health,
        settings: app.settings(),
        version: env!("CARGO_PKG_VERSION"),
    })
}
