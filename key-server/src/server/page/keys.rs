// SPDX-License-Identifier: MPL-2.0
//! The page that lists keys. It shows no key in clear.

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
use super::pager::{ListAddress, Pager, ROWS, requested_page};
use super::response::render;
use super::settings::field_error;
use crate::operations::kid;
use crate::server::app::App;
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;

/// The fields of the filter.
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

/// Returns the name of a cipher mode in the standards.
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
    let page = requested_page(&query, ROWS)?;
    let mut problem = None;
    let mut pager = Pager::default();
    let keys = match parse_filter(&query) {
        Ok(filter) => {
            let listed = app
                .with_store(visitor.actor(), move |store| store.keys(&filter, &page))
                .await?;
            let address = ListAddress {
                path: "/keys",
                query: &query,
                names: &NAMES,
            };
            pager = Pager::new(&listed, &address);
            listed.entries
        }
        Err(refused) => {
            problem = Some(refused);
            Vec::new()
        }
    };
    let layout = Layout::new(&visitor, Section::Keys, &query);
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

fn parse_filter(query: &Fields) -> Result<KeyFilter, Problem> {
    Ok(KeyFilter {
        kid: query
            .given("kid")
            .map(|text| kid::read(&text))
            .transpose()
            .map_err(|error| field_error("kid", error.to_string()))?,
        content_id: query.given("content"),
        label: query.given("label"),
        seed: query.given("seed"),
        state: KeyState::ALL
            .into_iter()
            .find(|state| state.name() == query.text("state")),
    })
}
