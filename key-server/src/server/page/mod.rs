// SPDX-License-Identifier: MPL-2.0
//! The pages for operators: HTML from the server, with forms that need no JavaScript. Scripts only show findings and previews while
//! somebody types, and refresh tables.
//!
//! Each form carries the session's token, and its response redirects to the page that shows the result. Only a secret that is shown
//! once, such as a new token or a clear key, is in the response itself, so that the server need not keep it between two requests.

mod accounts;
mod assets;
mod audit;
mod content;
mod contents;
mod export;
mod fields;
mod form;
mod import;
mod key;
mod keys;
mod layout;
mod login;
mod new_key;
mod overview;
mod pager;
mod preview;
mod response;
mod seeds;
mod settings;
mod store;
mod targets;
mod time_text;
mod timeline;
mod token;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::server::app::App;
use crate::server::failures;

/// Returns the routes of all pages and their static files.
pub fn routes(app: &App) -> Router<App> {
    [
        login::routes(),
        overview::routes(),
        contents::routes(),
        content::routes(),
        settings::routes(),
        preview::routes(),
        export::routes(),
        keys::routes(),
        key::routes(),
        new_key::routes(),
        import::routes(),
        seeds::routes(),
        targets::routes(),
        audit::routes(),
        accounts::routes(),
        token::routes(),
        store::routes(),
    ]
    .into_iter()
    .fold(Router::new(), Router::merge)
    .layer(from_fn(failures::name_request))
    .layer(from_fn_with_state(app.clone(), response::problems_as_pages))
    .merge(assets::routes())
}
