// SPDX-License-Identifier: MPL-2.0
//! The list of keys, without the keys.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use cenc_types::CipherMode;
use content_key_store::{KeyFilter, KeyInfo, KeyState};

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::pager::{Pager, asked};
use super::response::render;
use super::settings::wrong;
use crate::operations::kid;
use crate::server::app::App;
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;

/// The fields by which the list is narrowed.
const NAMES: [&str; 5] = ["kid", "content", "label", "state", "seed"];

pub fn routes() -> Router<App> {
    Router::new().route("/keys", get(list))
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeyListPage {
    layout: Layout,
    form: Form,
    keys: Vec<KeyInfo>,
    pager: Pager,
    may_operate: bool,
    may_enter: bool,
}

/// A cipher mode in the words of the standard.
pub const fn mode(mode: &CipherMode) -> &'static str {
    match mode {
        CipherMode::Ctr => "AES-CTR",
        CipherMode::Cbc => "AES-CBC",
    }
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let (page, filter) = (asked(&query), filter(&query));
    let (mut keys, problem) = match filter {
        Ok(filter) => {
            let found = app.with_store(visitor.name(), move |store| store.keys(&filter, page));
            (found.await?, None)
        }
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let layout = Layout::new(&visitor, Section::Keys, &query);
    let pager = Pager::cut(&mut keys, "/keys", (&query, &NAMES));
    let values = query.without(&["done"]);
    render(&KeyListPage {
        layout,
        pager,
        keys,
        form: match problem {
            Some(problem) => Form::refused(values, problem, "kid")?,
            None => Form::filled(values),
        },
        may_operate: visitor.may(Permission::Operate),
        may_enter: visitor.may(Permission::ManageKeys),
    })
}

fn filter(query: &Fields) -> Result<KeyFilter, Problem> {
    let kid = query.given("kid").map(|text| kid::read(&text));
    let kid = kid.transpose();
    let mut states = [
        KeyState::Planned,
        KeyState::Delivered,
        KeyState::Active,
        KeyState::Retired,
    ]
    .into_iter();
    Ok(KeyFilter {
        kid: kid.map_err(|error| wrong("kid", error.to_string()))?,
        content_id: query.given("content"),
        label: query.given("label"),
        seed: query.given("seed"),
        state: states.find(|state| state.name() == query.text("state")),
    })
}
