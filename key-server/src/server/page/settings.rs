// SPDX-License-Identifier: MPL-2.0
//! The pages of a content's settings: adding, changing and removing contents.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use cenc_types::Scheme;
use content_key_store::{Content, KeyStore, TrackLabel};
use content_keys::Selector;
use protection_policy::duration;

use super::fields::Fields;
use super::form::{Form, Submitted, warnings};
use super::layout::{Layout, Section};
use super::response::{redirect, render, render_refused};
use super::time_text::exact;
use crate::operations::content_check;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::{FieldProblem, Problem};
use crate::targets;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/new-content", get(show_new).post(add))
        .route("/contents/{id}/settings", get(show).post(save))
        .route("/contents/{id}/remove", post(remove))
}

#[derive(Template)]
#[template(path = "content_form.html")]
struct ContentSettingsPage {
    layout: Layout,
    /// Empty for a new content.
    id: String,
    form: Form,
    seeds: Vec<String>,
    targets: Vec<String>,
    may_operate: bool,
}

/// Returns the seeds and targets that a content can use.
fn choices(store: &KeyStore) -> Result<Choices, content_key_store::Error> {
    Ok(Choices {
        seeds: store
            .seeds()?
            .into_iter()
            .filter(|seed| seed.retired.is_none())
            .map(|seed| seed.name)
            .collect(),
        targets: targets::list(store)?
            .into_iter()
            .map(|target| target.name)
            .collect(),
    })
}

/// The names of seeds and targets.
struct Choices {
    seeds: Vec<String>,
    targets: Vec<String>,
}

async fn settings_page(
    app: &App,
    visitor: &Visitor,
    id: &str,
    form: Form,
    query: &Fields,
) -> Result<ContentSettingsPage, Problem> {
    let Choices { seeds, targets } = app.with_store(visitor.actor(), choices).await?;
    Ok(ContentSettingsPage {
        layout: Layout::new(visitor, Section::Contents, query),
        id: id.to_owned(),
        form,
        seeds,
        targets,
        may_operate: visitor.may(Permission::Operate),
    })
}

async fn show_new(State(app): State<App>, visitor: Visitor) -> Result<Response, Problem> {
    visitor.needs(Permission::Operate)?;
    let form = Form::filled(Fields::default().with("scheme", "cenc"));
    render(&settings_page(&app, &visitor, "", form, &Fields::default()).await?)
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let content_id = id.clone();
    let content = app
        .with_store(visitor.actor(), move |store| store.content(&content_id))
        .await?;
    let form = Form::filled(fields_of(&content));
    render(&settings_page(&app, &visitor, &id, form, &query).await?)
}

async fn add(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let id = form.fields.text("id").to_owned();
    save_content(&app, form, id, true).await
}

async fn save(
    State(app): State<App>,
    Path(id): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    save_content(&app, form, id, false).await
}

async fn save_content(
    app: &App,
    form: SafeForm<Fields>,
    id: String,
    is_new: bool,
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::Operate)?;
    let (form, accepted) = (parse_content(&id, &fields), Form::accepts(&fields));
    let saved = app
        .with_store(visitor.actor(), move |store| {
            store_content(store, form, is_new, accepted)
        })
        .await;
    let form = match saved {
        Ok(Submitted::Done(())) => return Ok(redirect(&super::content::path(&id), "content")),
        Ok(Submitted::Warned(warnings)) => Form::warned(fields, warnings),
        Err(problem) => Form::refused(fields, problem, "")?,
    };
    let id = if is_new { "" } else { &id };
    render_refused(&settings_page(app, &visitor, id, form, &Fields::default()).await?)
}

/// Stores a content unless something is wrong, or there are warnings that the operator has not accepted.
fn store_content(
    store: &KeyStore,
    ParsedContent {
        content,
        mut problems,
    }: ParsedContent,
    is_new: bool,
    accepted: bool,
) -> Result<Submitted<()>, Problem> {
    match store.content(&content.id) {
        Ok(_) if is_new => problems.push(field_problem(
            "id",
            format!("content '{}' exists already: choose another id", content.id),
        )),
        Err(error) if !is_new => return Err(error.into()),
        _ => (),
    }
    let findings = content_check::check(store, &content)?;
    problems.extend(
        findings
            .iter()
            .filter(|finding| finding.is_error())
            .map(FieldProblem::from),
    );
    if !problems.is_empty() {
        return Err(fields_error(problems));
    }
    let warnings = warnings(&findings);
    if !accepted && !warnings.is_empty() {
        return Ok(Submitted::Warned(warnings));
    }
    store.put_content(&content)?;
    Ok(Submitted::Done(()))
}

async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::Operate)?;
    app.with_store(form.visitor.actor(), move |store| store.remove_content(&id))
        .await?;
    Ok(redirect("/contents", "removed-content"))
}

fn fields_of(content: &Content) -> Fields {
    let mut fields = Fields::default()
        .with("scheme", content.scheme.to_string())
        .with(
            "tracks",
            content
                .tracks
                .iter()
                .map(|TrackLabel { selector, label }| format!("{selector} = {label}\n"))
                .collect::<String>(),
        )
        .with(
            "crypto_period",
            content.crypto_period.map(exact).unwrap_or_default(),
        );
    for (name, value) in [
        ("seed", &content.seed),
        ("header_version", &content.header_version),
        ("la_url", &content.la_url),
        ("lui_url", &content.lui_url),
        ("ds_id", &content.ds_id),
        ("custom_attributes", &content.custom_attributes),
    ] {
        fields = fields.with(name, value.clone().unwrap_or_default());
    }
    content
        .targets
        .iter()
        .fold(fields, |fields, target| fields.with("target", target))
}

/// The content of a form, as far as its fields can be read.
struct ParsedContent {
    content: Content,
    problems: Vec<FieldProblem>,
}

/// Reads the content of a form.
fn parse_content(id: &str, fields: &Fields) -> ParsedContent {
    let mut problems = Vec::new();
    let scheme = fields.text("scheme").parse::<Scheme>();
    let length = fields
        .given("crypto_period")
        .map(|text| duration::parse(&text));
    let tracks = tracks(fields.text("tracks"));
    for (field, problem) in [
        ("scheme", scheme.as_ref().err().map(ToString::to_string)),
        ("tracks", tracks.as_ref().err().cloned()),
        (
            "crypto_period",
            length
                .as_ref()
                .and_then(|length| length.as_ref().err().map(ToString::to_string)),
        ),
        (
            "id",
            id.is_empty().then(|| "give the content an id".to_owned()),
        ),
    ] {
        problems.extend(problem.map(|detail| field_problem(field, detail)));
    }
    let mut content = Content::new(id, scheme.unwrap_or(Scheme::Cenc));
    content.crypto_period = length.and_then(Result::ok);
    content.tracks = tracks.unwrap_or_default();
    content.targets = fields.all("target").map(str::to_owned).collect();
    for (name, place) in [
        ("seed", &mut content.seed),
        ("header_version", &mut content.header_version),
        ("la_url", &mut content.la_url),
        ("lui_url", &mut content.lui_url),
        ("ds_id", &mut content.ds_id),
        ("custom_attributes", &mut content.custom_attributes),
    ] {
        *place = fields.given(name);
    }
    ParsedContent { content, problems }
}

/// Reads the lines `selector = label`.
fn tracks(text: &str) -> Result<Vec<TrackLabel>, String> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (selector, label) = line
                .split_once('=')
                .ok_or_else(|| format!("'{line}' has no label: write selector = label"))?;
            let (selector, label) = (selector.trim(), label.trim());
            match selector.parse::<Selector>() {
                Ok(_) => Ok(TrackLabel {
                    selector: selector.to_owned(),
                    label: label.to_owned(),
                }),
                Err(error) => Err(format!("'{selector}': {error}")),
            }
        })
        .collect()
}

/// Makes the problem of a field.
fn field_problem(field: &str, detail: impl Into<String>) -> FieldProblem {
    FieldProblem {
        field: field.to_owned(),
        detail: detail.into(),
    }
}

/// Makes the problem of a form with one wrong field.
pub fn field_error(field: &str, detail: impl Into<String>) -> Problem {
    fields_error(vec![field_problem(field, detail)])
}

/// Makes the problem of a form with wrong fields.
fn fields_error(fields: Vec<FieldProblem>) -> Problem {
    let detail = "some fields are wrong: correct them";
    let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    problem.fields = fields;
    problem
}
