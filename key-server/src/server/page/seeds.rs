// SPDX-License-Identifier: MPL-2.0
//! Key seeds: added, retired, and never shown.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use content_key_store::{KeyStore, SeedInfo};
use playready_header::KeySeed;

use super::answer::{again, done, screen};
use super::fields::Fields;
use super::form::Form;
use super::frame::{Frame, Section};
use super::settings::wrong;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem::Problem;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/seeds", get(list).post(add))
        .route("/seeds/retire", post(retire))
}

#[derive(Template)]
#[template(path = "seeds.html")]
struct Screen {
    frame: Frame,
    form: Form,
    seeds: Vec<SeedInfo>,
    may_manage: bool,
}

async fn written(
    (app, visitor): (&App, &Visitor),
    (form, query): (Form, &Fields),
) -> Result<Screen, Problem> {
    Ok(Screen {
        frame: Frame::new(visitor, Section::Seeds, query),
        form,
        seeds: app.work(visitor.name(), KeyStore::seeds).await?,
        may_manage: visitor.may(Permission::ManageKeys),
    })
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    screen(&written((&app, &visitor), (Form::default(), &query)).await?)
}

async fn add(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::ManageKeys)?;
    let (name, value) = (fields.text("name").to_owned(), fields.secret("value"));
    let added = app.work(visitor.name(), move |store| {
        let seed = KeySeed::parse(&value);
        let seed = seed.map_err(|error| wrong("value", error.to_string()))?;
        store.put_seed(&name, &seed)?;
        Ok::<_, Problem>(seed.is_public_test_seed())
    });
    match added.await {
        Ok(true) => Ok(done("/seeds", "public-seed")),
        Ok(false) => Ok(done("/seeds", "seed")),
        Err(problem) => {
            let form = Form::refused(fields, problem, "name")?;
            again(&written((&app, &visitor), (form, &Fields::default())).await?)
        }
    }
}

async fn retire(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageKeys)?;
    let name = form.fields.text("name").to_owned();
    let retired = app.work(form.visitor.name(), move |store| store.retire_seed(&name));
    retired.await?;
    Ok(done("/seeds", "retired-seed"))
}
