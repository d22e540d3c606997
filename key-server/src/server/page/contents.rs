// SPDX-License-Identifier: MPL-2.0
//! The page that lists contents.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use content_key_store::ContentSummary;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::pager::{ListAddress, Pager, ROWS, requested_page};
use super::response::render;
use crate::server::app::App;
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new().route("/contents", get(list))
}

#[derive(Template)]
#[template(path = "contents.html")]
struct ContentListPage {
    layout: Layout,
    form: Form,
    contents: Vec<ContentSummary>,
    pager: Pager,
    may_operate: bool,
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let (page, text) = (requested_page(&query, ROWS)?, query.text("q").to_owned());
    let listed = app
        .with_store(visitor.actor(), move |store| {
            store.find_contents(&text, &page)
        })
        .await?;
    let address = ListAddress {
        path: "/contents",
        query: &query,
        names: &["q"],
    };
    render(&ContentListPage {
        layout: Layout::new(&visitor, Section::Contents, &query),
        pager: Pager::new(&listed, &address),
        contents: listed.entries,
        form: Form::filled(query),
        may_operate: visitor.may(Permission::Operate),
    })
}
