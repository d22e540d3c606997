// SPDX-License-Identifier: MPL-2.0
//! The page for operators: written by the server, with forms that need no JavaScript. Scripts only show findings and previews while
//! somebody types, and keep tables fresh.
//!
//! Each form is posted with the session's own token; the answer is a way to the screen that shows the result. Only what is shown
//! once, such as a new token or a clear key, is the answer itself, since between two requests the server would have to keep it.

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
use axum::middleware::from_fn_with_state;

use crate::server::app::App;

/// All screens, with what they are made of.
pub fn routes(app: &App) -> Router<App> {
    let screens = [
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
    ];
    let screens = screens.into_iter().fold(Router::new(), Router::merge);
    screens
        .layer(from_fn_with_state(app.clone(), response::problems_as_pages))
        .merge(assets::routes())
}
