// SPDX-License-Identifier: MPL-2.0
//! A new key: random, entered, or derived from a seed; with what there is to say of it while it is typed.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use cenc_types::KeyId;
use content_key_store::{Content, Error as StoreError, KeyStore};

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::preview::key_uri;
use super::response::{redirect, render, render_refused};
use super::settings::wrong;
use crate::operations::new_key::{
    Draft, Field, Finding, Severity, Source, check, create, header_key_id,
};
use crate::operations::preview::{Preview, preview};
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/new-key", get(show_form).post(submit_form))
        .route("/new-key/check", post(check_form))
}

#[derive(Template)]
#[template(path = "new_key.html")]
struct NewKeyPage {
    layout: Layout,
    form: Form,
    seeds: Vec<String>,
    may_enter: bool,
    findings: Vec<Finding>,
    checked: Option<Result<Preview, String>>,
}

/// How much a finding matters, in a word that the style sheet knows too.
pub const fn severity(severity: &Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

async fn new_key_page((app, visitor): (&App, &Visitor), form: Form) -> Result<NewKeyPage, Problem> {
    let seeds = app
        .with_store(visitor.name(), KeyStore::seeds)
        .await?
        .into_iter();
    let seeds = seeds.filter(|seed| seed.retired.is_none());
    Ok(NewKeyPage {
        layout: Layout::new(visitor, Section::Keys, &Fields::default()),
        form,
        seeds: seeds.map(|seed| seed.name).collect(),
        may_enter: visitor.may(Permission::ManageKeys),
        findings: Vec::new(),
        checked: None,
    })
}

async fn show_form(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Operate)?;
    let content = query.text("content").to_owned();
    let id = content.clone();
    let scheme = app.with_store(visitor.name(), move |store| match store.content(&id) {
        Err(StoreError::NoContent(_)) => Ok("cenc"),
        found => found.map(|content| content.scheme.name()),
    });
    let fields = Fields::default()
        .with("source", "random")
        .with("scheme", scheme.await?)
        .with("content", content)
        .with("label", "ALL")
        .with("period", "0");
    render(&new_key_page((&app, &visitor), Form::filled(fields)).await?)
}

/// The same form filled in, for the buttons that add no key.
async fn check_form(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    let draft = draft(&visitor, &fields);
    let mut shown = new_key_page((&app, &visitor), Form::filled(fields)).await?;
    match draft {
        Ok(draft) => {
            let uri = key_uri(&app);
            let found = app.with_store(visitor.name(), move |store| examine(store, &draft, &uri));
            (shown.findings, shown.checked) = found.await?;
        }
        Err(problem) if problem.status() == StatusCode::FORBIDDEN => return Err(problem),
        Err(problem) => shown.checked = Some(Err(problem.detail)),
    }
    render(&shown)
}

async fn submit_form(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    if form.fields.has("do", "generate") {
        return generate(&app, form).await;
    }
    if form.fields.has("do", "check") {
        return check_form(State(app), form).await;
    }
    let (visitor, fields) = (form.visitor, form.fields);
    let created = match draft(&visitor, &fields) {
        Ok(draft) => {
            let created = app.with_store(visitor.name(), move |store| {
                create(store, &draft).map_err(Problem::from)
            });
            created.await
        }
        Err(problem) => Err(problem),
    };
    match created {
        Ok(created) => {
            let is_old = created
                .warnings
                .iter()
                .any(|finding| finding.field == Field::Kid && finding.severity == Severity::Note);
            let what = if is_old { "was-there" } else { "key" };
            Ok(redirect(&format!("/keys/{}", created.info.kid), what))
        }
        Err(problem) => {
            let form = Form::refused(fields, problem, "")?;
            render_refused(&new_key_page((&app, &visitor), form).await?)
        }
    }
}

async fn generate(app: &App, form: SafeForm<Fields>) -> Result<Response, Problem> {
    form.visitor.needs(Permission::Operate)?;
    let kid = KeyId::generate(&*app.key_store().host().random).map_err(|_| {
        let detail = "the operating system has no random numbers: try again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    let fields = form.fields.without(&["kid"]).with("kid", kid.to_string());
    render(&new_key_page((app, &form.visitor), Form::filled(fields)).await?)
}

fn draft(visitor: &Visitor, fields: &Fields) -> Result<Draft, Problem> {
    visitor.needs(Permission::Operate)?;
    let source = match fields.text("source") {
        "entered" => {
            visitor.needs(Permission::ManageKeys)?;
            Source::Entered(fields.secret("key"))
        }
        "seed" => Source::Seed(fields.text("seed").to_owned()),
        _ => Source::Random,
    };
    let scheme = fields.text("scheme").parse();
    let period = fields.given("period").map_or(Ok(0), |text| text.parse());
    let label = fields.given("label");
    Ok(Draft {
        kid: fields.given("kid"),
        source,
        scheme: scheme.map_err(|error: cenc_types::Error| wrong("scheme", error.to_string()))?,
        content: fields.given("content"),
        label: label.unwrap_or_else(|| "ALL".to_owned()),
        period: period.map_err(|_| wrong("period", "the crypto period is a number: 0, 1, 2, …"))?,
    })
}

type Examined = (Vec<Finding>, Option<Result<Preview, String>>);

fn examine(store: &KeyStore, draft: &Draft, uri: &str) -> Result<Examined, Problem> {
    let findings = check(store, draft)?;
    let Some(key) = header_key_id(store, draft)? else {
        return Ok((findings, None));
    };
    let id = draft.content.as_deref().unwrap_or("content");
    let mut content = match store.content(id) {
        Err(StoreError::NoContent(_)) => Content::new(id, draft.scheme),
        found => found?,
    };
    content.scheme = draft.scheme;
    let made = preview(&content, &[key], uri);
    Ok((findings, Some(made.map_err(|error| error.to_string()))))
}
