// SPDX-License-Identifier: MPL-2.0
//! Tokens of accounts: made, shown once, and revoked.

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
use super::settings::wrong;
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
    let made = match end(&fields, app.now()) {
        Ok(end) => {
            let (name, label) = (name.clone(), fields.text("label").to_owned());
            let made = app.with_store(visitor.name(), move |store| {
                tokens::issue(store, &name, &label, end)
            });
            made.await
        }
        Err(problem) => Err(problem),
    };
    match made {
        Ok((_, token)) => {
            let mut shown = account_page((&app, &visitor), &name, (None, &none)).await?;
            shown.token = Some(token);
            render(&shown)
        }
        Err(problem) => {
            let form = Form::refused(fields, problem, "label")?;
            render_refused(&account_page((&app, &visitor), &name, (Some(form), &none)).await?)
        }
    }
}

fn end(fields: &Fields, now: SystemTime) -> Result<Option<SystemTime>, Problem> {
    let Some(text) = fields.given("lifetime") else {
        return Ok(None);
    };
    let length = duration::parse(&text);
    let length = length.map_err(|error| wrong("lifetime", error.to_string()))?;
    let end = now.checked_add(length);
    end.map(Some)
        .ok_or_else(|| wrong("lifetime", "this is too long: leave it empty"))
}

async fn revoke(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageAccounts)?;
    let id = form.fields.text("id").to_owned();
    let revoked = app.with_store(form.visitor.name(), move |store| tokens::revoke(store, &id));
    revoked.await?;
    app.forget_accounts();
    Ok(redirect(&path(&name), "revoked"))
}
