// SPDX-License-Identifier: MPL-2.0
//! The page of key seeds, which are never shown.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use content_key_store::{KeyStore, SeedInfo};
use playready_header::KeySeed;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{redirect, render, render_refused};
use super::settings::field_error;
use crate::operations::seed_check;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/seeds", get(list).post(add))
        .route("/seeds/retire", post(retire))
}

#[derive(Template)]
#[template(path = "seeds.html")]
struct SeedsPage {
    layout: Layout,
    form: Form,
    seeds: Vec<SeedInfo>,
    may_manage: bool,
}

async fn seeds_page(
    app: &App,
    visitor: &Visitor,
    form: Form,
    query: &Fields,
) -> Result<SeedsPage, Problem> {
    Ok(SeedsPage {
        layout: Layout::new(visitor, Section::Seeds, query),
        form,
        seeds: app.with_store(visitor.actor(), KeyStore::seeds).await?,
        may_manage: visitor.may(Permission::ManageSeeds),
    })
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    render(&seeds_page(&app, &visitor, Form::default(), &query).await?)
}

async fn add(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::ManageSeeds)?;
    let (name, value) = (fields.text("name").to_owned(), fields.secret("value"));
    match app
        .with_store(visitor.actor(), move |store| {
            let seed =
                KeySeed::parse(&value).map_err(|error| field_error("value", error.to_string()))?;
            store.put_seed(&name, &seed)?;
            Ok::<_, Problem>(!seed_check::check(&seed).is_empty())
        })
        .await
    {
        Ok(true) => Ok(redirect("/seeds", "public-seed")),
        Ok(false) => Ok(redirect("/seeds", "seed")),
        Err(problem) => {
            let refused = Form::refused(fields, problem, "name")?;
            render_refused(&seeds_page(&app, &visitor, refused, &Fields::default()).await?)
        }
    }
}

async fn retire(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageSeeds)?;
    let name = form.fields.text("name").to_owned();
    app.with_store(form.visitor.actor(), move |store| store.retire_seed(&name))
        .await?;
    Ok(redirect("/seeds", "retired-seed"))
}
