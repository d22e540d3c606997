// SPDX-License-Identifier: MPL-2.0
//! The page of a new key: random, entered or derived from a seed. It shows findings while somebody types.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use cenc_types::KeyId;
use content_key_store::{Content, Error as StoreError, KeyStore};

use super::fields::Fields;
use super::form::{Form, Submitted, warnings};
use super::layout::{Layout, Section};
use super::response::{redirect, render, render_refused};
use super::settings::field_error;
use crate::operations::finding::{Finding, Severity, unless_refused};
use crate::operations::new_key::{CreatedKey, Draft, DraftKeySource, check, create, header_key_id};
use crate::operations::preview::{PackagerKeys, Preview, preview};
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
    preview: Option<Result<Preview, String>>,
}

async fn new_key_page(app: &App, visitor: &Visitor, form: Form) -> Result<NewKeyPage, Problem> {
    Ok(NewKeyPage {
        layout: Layout::new(visitor, Section::Keys, &Fields::default()),
        form,
        seeds: app
            .with_store(visitor.actor(), KeyStore::seeds)
            .await?
            .into_iter()
            .filter(|seed| seed.retired.is_none())
            .map(|seed| seed.name)
            .collect(),
        may_enter: visitor.may(Permission::ManageKeys),
        findings: Vec::new(),
        preview: None,
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
    let scheme = app
        .with_store(visitor.actor(), move |store| {
            let content = known(store, Some(&id).filter(|id| !id.is_empty()))?;
            Ok::<_, StoreError>(content.map_or("cenc", |content| content.scheme.name()))
        })
        .await?;
    let fields = Fields::default()
        .with("source", "random")
        .with("scheme", scheme)
        .with("content", content)
        .with("label", "ALL")
        .with("period", "0");
    render(&new_key_page(&app, &visitor, Form::filled(fields)).await?)
}

/// Shows the form with its findings. It adds no key.
async fn check_form(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    let draft = parse_draft(&visitor, &fields);
    let mut page = new_key_page(&app, &visitor, Form::filled(fields)).await?;
    match draft {
        Ok(draft) => {
            let source = app.settings().packager_keys();
            (page.findings, page.preview) = app
                .with_store(visitor.actor(), move |store| {
                    Ok::<_, Problem>((
                        check(store, &draft)?,
                        preview_draft(store, &draft, &source)?,
                    ))
                })
                .await?;
        }
        Err(problem) if problem.status() == StatusCode::FORBIDDEN => return Err(problem),
        Err(problem) => page.preview = Some(Err(problem.detail)),
    }
    render(&page)
}

async fn submit_form(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    if form.fields.has("do", "generate") {
        return generate_kid(&app, form).await;
    }
    if form.fields.has("do", "check") {
        return check_form(State(app), form).await;
    }
    let (visitor, fields) = (form.visitor, form.fields);
    let created = match parse_draft(&visitor, &fields) {
        Ok(draft) => {
            let accepted = Form::accepts(&fields);
            app.with_store(visitor.actor(), move |store| {
                create_accepted(store, &draft, accepted)
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    match created {
        Ok(Submitted::Warned(warnings)) => {
            let form = Form::warned(fields, warnings);
            render_refused(&new_key_page(&app, &visitor, form).await?)
        }
        Ok(Submitted::Done(created)) => {
            let was_there = created
                .warnings
                .iter()
                .any(|finding| finding.field == "kid" && finding.severity == Severity::Note);
            Ok(redirect(
                &format!("/keys/{}", created.info.kid),
                if was_there { "was-there" } else { "key" },
            ))
        }
        Err(problem) => render_refused(
            &new_key_page(&app, &visitor, Form::refused(fields, problem, "")?).await?,
        ),
    }
}

/// Makes the key unless there are warnings that the operator has not accepted.
fn create_accepted(
    store: &KeyStore,
    draft: &Draft,
    accepted: bool,
) -> Result<Submitted<CreatedKey>, Problem> {
    let warnings = warnings(&unless_refused(check(store, draft)?)?);
    match accepted || warnings.is_empty() {
        true => Ok(Submitted::Done(create(store, draft)?)),
        false => Ok(Submitted::Warned(warnings)),
    }
}

async fn generate_kid(app: &App, form: SafeForm<Fields>) -> Result<Response, Problem> {
    form.visitor.needs(Permission::Operate)?;
    let kid = KeyId::generate(&*app.key_store().host().random).map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the operating system gives no random numbers: try again later",
        )
    })?;
    let fields = form.fields.without(&["kid"]).with("kid", kid.to_string());
    render(&new_key_page(app, &form.visitor, Form::filled(fields)).await?)
}

fn parse_draft(visitor: &Visitor, fields: &Fields) -> Result<Draft, Problem> {
    visitor.needs(Permission::Operate)?;
    let source = match fields.text("source") {
        "entered" => {
            visitor.needs(Permission::ManageKeys)?;
            DraftKeySource::Entered(fields.secret("key"))
        }
        "seed" => DraftKeySource::Seed(fields.text("seed").to_owned()),
        _ => DraftKeySource::Random,
    };
    Ok(Draft {
        kid: fields.given("kid"),
        source,
        scheme: fields
            .text("scheme")
            .parse()
            .map_err(|error: cenc_types::Error| field_error("scheme", error.to_string()))?,
        content: fields.given("content"),
        label: fields.given("label").unwrap_or_else(|| "ALL".to_owned()),
        period: fields
            .given("period")
            .map_or(Ok(0), |text| text.parse())
            .map_err(|_| field_error("period", "the crypto period is a number: 0, 1, 2, …"))?,
    })
}

/// Returns a content if a form names it and the store has it.
fn known(store: &KeyStore, id: Option<&String>) -> Result<Option<Content>, StoreError> {
    match id.map(|id| store.content(id)) {
        None | Some(Err(StoreError::NoContent(_))) => Ok(None),
        Some(found) => found.map(Some),
    }
}

/// Previews the signaling of a draft; None while its KID is unknown. The inner error is a text for the operator.
fn preview_draft(
    store: &KeyStore,
    draft: &Draft,
    source: &PackagerKeys,
) -> Result<Option<Result<Preview, String>>, Problem> {
    let Some(key) = header_key_id(store, draft)? else {
        return Ok(None);
    };
    let id = draft.content.as_deref().unwrap_or("content");
    let content = Content {
        scheme: draft.scheme,
        ..known(store, draft.content.as_ref())?.unwrap_or_else(|| Content::new(id, draft.scheme))
    };
    Ok(Some(
        preview(&content, &[key], source).map_err(|error| error.to_string()),
    ))
}
