// SPDX-License-Identifier: MPL-2.0
//! Making and revoking tokens of accounts. A new token is shown once.

use std::time::SystemTime;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;
use protection_policy::duration;

use super::accounts::{account_page, path};
use super::fields::Fields;
use super::form::Form;
use super::response::{redirect, render, render_refused};
use super::settings::field_error;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm};
use crate::server::problem_details::Problem;
use crate::tokens;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/accounts/{name}/token", post(make))
        .route("/accounts/{name}/revoke", post(revoke))
}

async fn make(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::ManageAccounts)?;
    let none = Fields::default();
    let issued = match parse_end(&fields, app.now()) {
        Ok(end) => {
            let (name, label) = (name.clone(), fields.text("label").to_owned());
            app.with_store(visitor.actor(), move |store| {
                tokens::issue(store, &name, &label, end)
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    match issued {
        Ok(issued) => {
            let mut page = account_page(&app, &visitor, &name, None, &none).await?;
            page.token = Some(issued.token);
            render(&page)
        }
        Err(problem) => {
            let refused = Some(Form::refused(fields, problem, "label")?);
            render_refused(&account_page(&app, &visitor, &name, refused, &none).await?)
        }
    }
}

fn parse_end(fields: &Fields, now: SystemTime) -> Result<Option<SystemTime>, Problem> {
    let Some(text) = fields.given("lifetime") else {
        return Ok(None);
    };
    let lifetime =
        duration::parse(&text).map_err(|error| field_error("lifetime", error.to_string()))?;
    now.checked_add(lifetime).map(Some).ok_or_else(|| {
        field_error(
            "lifetime",
            "the lifetime is too long: leave it empty for a token without end",
        )
    })
}

async fn revoke(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageAccounts)?;
    let id = form.fields.text("id").to_owned();
    app.with_store(form.visitor.actor(), move |store| {
        tokens::revoke(store, &id)
    })
    .await?;
    app.forget_accounts();
    Ok(redirect(&path(&name), "revoked"))
}
