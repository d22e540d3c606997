// SPDX-License-Identifier: MPL-2.0
//! A content's settings: new ones, changed ones, and the end of a content.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use cenc_types::{KeyId, Scheme};
use content_key_store::{Content, KeyStore};
use content_keys::Selector;
use playready_header::header::HeaderKeyId;
use protection_policy::duration;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{redirect, render, render_refused};
use super::time_text::exact;
use crate::operations::preview::preview;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::{FieldProblem, Problem};
use crate::{operations, targets};

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
    /// An empty text for a new content.
    id: String,
    form: Form,
    seeds: Vec<String>,
    targets: Vec<String>,
    may_operate: bool,
}

/// The seeds and targets that there are to choose from.
fn choices(store: &KeyStore) -> Result<(Vec<String>, Vec<String>), content_key_store::Error> {
    let seeds = store.seeds()?.into_iter();
    let seeds = seeds.filter(|seed| seed.retired.is_none());
    let targets = targets::list(store)?.into_iter().map(|target| target.name);
    Ok((seeds.map(|seed| seed.name).collect(), targets.collect()))
}

async fn settings_page(
    (app, visitor): (&App, &Visitor),
    id: &str,
    (form, query): (Form, &Fields),
) -> Result<ContentSettingsPage, Problem> {
    let (seeds, targets) = app.with_store(visitor.name(), choices).await?;
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
    let none = Fields::default();
    render(&settings_page((&app, &visitor), "", (form, &none)).await?)
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let asked = id.clone();
    let content = app.with_store(visitor.name(), move |store| store.content(&asked));
    let form = Form::filled(fields_of(&content.await?));
    render(&settings_page((&app, &visitor), &id, (form, &query)).await?)
}

async fn add(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let id = form.fields.text("id").to_owned();
    save_content(&app, form, (id, true)).await
}

async fn save(
    State(app): State<App>,
    Path(id): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    save_content(&app, form, (id, false)).await
}

async fn save_content(
    app: &App,
    form: SafeForm<Fields>,
    (id, is_new): (String, bool),
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::Operate)?;
    let saved = match content_of(&id, &fields) {
        Ok(content) => {
            app.with_store(visitor.name(), move |store| {
                store_content(store, &content, is_new)
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    let Err(problem) = saved else {
        return Ok(redirect(&super::content::path(&id), "content"));
    };
    let form = Form::refused(fields, problem, "")?;
    let id = if is_new { "" } else { &id };
    render_refused(&settings_page((app, &visitor), id, (form, &Fields::default())).await?)
}

fn store_content(store: &KeyStore, content: &Content, is_new: bool) -> Result<(), Problem> {
    let known = store.content(&content.id);
    if known.is_ok() && is_new {
        let text = format!(
            "content '{}' is there already: choose another id",
            content.id
        );
        return Err(wrong("id", text));
    }
    if !is_new {
        known?;
    }
    Ok(store.put_content(content)?)
}

async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::Operate)?;
    let name = form.visitor.name();
    app.with_store(name, move |store| store.remove_content(&id))
        .await?;
    Ok(redirect("/contents", "removed-content"))
}

fn fields_of(content: &Content) -> Fields {
    let tracks = content.tracks.iter();
    let tracks = tracks.map(|(selector, label)| format!("{selector} = {label}\n"));
    let mut fields = Fields::default()
        .with("scheme", content.scheme.to_string())
        .with("tracks", tracks.collect::<String>())
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
    let targets = content.targets.iter();
    targets.fold(fields, |fields, target| fields.with("target", target))
}

/// The content that a form describes, if its settings go together.
fn content_of(id: &str, fields: &Fields) -> Result<Content, Problem> {
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
    problems.extend(header_problem(&content));
    match problems.is_empty() {
        true => Ok(content),
        false => Err(all_wrong(problems)),
    }
}

/// Lines of `selector = label`.
fn tracks(text: &str) -> Result<Vec<(String, String)>, String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let pairs = lines.map(|line| {
        let (selector, label) = line
            .split_once('=')
            .ok_or_else(|| format!("'{line}' has no label: write selector = label"))?;
        let (selector, label) = (selector.trim(), label.trim());
        match selector.parse::<Selector>() {
            Ok(_) => Ok((selector.to_owned(), label.to_owned())),
            Err(error) => Err(format!("'{selector}': {error}")),
        }
    });
    pairs.collect()
}

/// What a header of these settings would be refused for. Its KID is made up, since there may be none yet.
fn header_problem(content: &Content) -> Option<FieldProblem> {
    let kid = HeaderKeyId {
        kid: KeyId::from_bytes([1; 16]),
        checksum: None,
    };
    let error = preview(content, &[kid], "").err()?;
    let field = match &error {
        operations::Error::Setting { setting, .. } => match *setting {
            "LA_URL" => "la_url",
            "LUI_URL" => "lui_url",
            "DS_ID" => "ds_id",
            "CUSTOMATTRIBUTES" => "custom_attributes",
            _ => "header_version",
        },
        _ => "header_version",
    };
    Some(field_problem(field, error.to_string()))
}

/// A field's problem.
pub fn field_problem(field: &str, detail: impl Into<String>) -> FieldProblem {
    FieldProblem {
        field: field.to_owned(),
        detail: detail.into(),
    }
}

/// A form with one wrong field.
pub fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    all_wrong(vec![field_problem(field, detail)])
}

/// A form with wrong fields.
pub fn all_wrong(fields: Vec<FieldProblem>) -> Problem {
    let detail = "some fields are wrong: mend them";
    let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    problem.fields = fields;
    problem
}
