// SPDX-License-Identifier: MPL-2.0
//! The page that lists contents.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use content_key_store::{ContentSummary, KeyStore, Page};

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::pager::{Pager, requested_page};
use super::response::render;
use crate::server::app::App;
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;

/// The contents that a search reads at a time.
const BATCH: u32 = 1000;

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
    let (page, part) = (requested_page(&query), query.text("q").to_lowercase());
    let mut contents = app
        .with_store(visitor.actor(), move |store| find(store, &part, page))
        .await?;
    render(&ContentListPage {
        layout: Layout::new(&visitor, Section::Contents, &query),
        pager: Pager::cut(&mut contents, "/contents", &query, &["q"]),
        contents,
        form: Form::filled(query),
        may_operate: visitor.may(Permission::Operate),
    })
}

/// Finds the contents whose ids contain a text, in any case.
fn find(
    store: &KeyStore,
    part: &str,
    page: Page,
) -> Result<Vec<ContentSummary>, content_key_store::Error> {
    if part.is_empty() {
        return store.content_list(page);
    }
    let (mut found, mut skipped, mut offset) = (Vec::new(), 0, 0);
    loop {
        let batch = store.content_list(Page {
            offset,
            limit: BATCH,
        })?;
        offset += batch.len() as u64;
        let is_last = batch.len() < BATCH as usize;
        for content in batch {
            if !content.id.to_lowercase().contains(part) {
                continue;
            }
            skipped += 1;
            if skipped > page.offset {
                found.push(content);
            }
        }
        if is_last || found.len() >= page.limit as usize {
            found.truncate(page.limit as usize);
            return Ok(found);
        }
    }
}
