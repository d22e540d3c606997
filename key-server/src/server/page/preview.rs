// SPDX-License-Identifier: MPL-2.0
//! The page that previews the signaling of a content's files and manifests.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;

use super::fields::Fields;
use super::layout::{Layout, Section};
use super::response::render;
use crate::operations::Error;
use crate::operations::preview::{Preview, of_stored};
use crate::server::app::App;
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new().route("/contents/{id}/preview", get(show))
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    layout: Layout,
    id: String,
    preview: Result<Preview, String>,
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let (content_id, source) = (id.clone(), app.settings().packager_keys());
    let preview = app
        .with_store(visitor.actor(), move |store| {
            match of_stored(store, &content_id, &source) {
                Ok(preview) => Ok(Ok(preview)),
                Err(Error::Store(error)) => Err(Problem::from(error)),
                Err(error) => Ok(Err(error.to_string())),
            }
        })
        .await?;
    render(&PreviewPage {
        layout: Layout::new(&visitor, Section::Contents, &query),
        preview,
        id,
    })
}
