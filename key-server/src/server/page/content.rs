// SPDX-License-Identifier: MPL-2.0
//! The page of a content: its crypto periods with their keys, and rotation.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use content_key_store::Content;

use super::fields::Fields;
use super::layout::{Layout, Section};
use super::pager::{ListAddress, Pager, requested_page};
use super::response::{path_segment, redirect, render};
use super::time_text::exact;
use super::timeline::Picture;
use crate::operations::rotation::rotate_now;
use crate::operations::timeline::timeline;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/contents/{id}", get(show))
        .route("/contents/{id}/rotate", post(rotate))
}

/// The slots that a page shows.
const SLOTS: u32 = 60;

/// Returns the path of a content's page.
pub fn path(id: &str) -> String {
    format!("/contents/{}", path_segment(id))
}

#[derive(Template)]
#[template(path = "content.html")]
struct ContentPage {
    layout: Layout,
    content: Content,
    length: String,
    picture: Picture,
    pager: Pager,
    may_operate: bool,
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let (now, address) = (app.now(), path(&id));
    let page = requested_page(&query, SLOTS)?;
    let (content, timeline) = app
        .with_store(visitor.actor(), move |store| {
            Ok::<_, Problem>((store.content(&id)?, timeline(store, &id, now, &page)?))
        })
        .await?;
    let address = ListAddress {
        path: &address,
        query: &query,
        names: &[],
    };
    render(&ContentPage {
        layout: Layout::new(&visitor, Section::Contents, &query),
        length: match content.crypto_period {
            Some(length) => exact(length),
            None => "none: keys do not change".to_owned(),
        },
        content,
        pager: Pager::between(timeline.previous.as_ref(), timeline.next.as_ref(), &address),
        picture: Picture::of(timeline.periods, now),
        may_operate: visitor.may(Permission::Operate),
    })
}

async fn rotate(
    State(app): State<App>,
    Path(id): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::Operate)?;
    let address = path(&id);
    app.with_store(form.visitor.actor(), move |store| rotate_now(store, &id))
        .await?;
    Ok(redirect(&address, "rotated"))
}
