// SPDX-License-Identifier: MPL-2.0
//! The pages of delivery targets: adding, changing, testing and removing them.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use content_key_store::KeyStore;
use protection_policy::duration;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::form::{Form, Submitted, warnings};
use super::layout::{Layout, Section};
use super::response::{redirect, render, render_refused};
use super::settings::field_error;
use super::time_text::exact;
use crate::audit;
use crate::delivery::{CircuitState, CircuitStatus, Reach, Target};
use crate::operations::finding::unless_refused;
use crate::operations::target_check;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;
use crate::targets::{self, TargetSettings};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/targets", get(list))
        .route("/new-target", get(show_new).post(add))
        .route("/targets/{name}", get(show).post(save))
        .route("/targets/{name}/test", post(test))
        .route("/targets/{name}/remove", post(remove))
}

#[derive(Template)]
#[template(path = "targets.html")]
struct TargetListPage {
    layout: Layout,
    targets: Vec<ListedTarget>,
    may_manage: bool,
}

/// A target, and the circuit by which its keys are delivered or wait.
struct ListedTarget {
    settings: TargetSettings,
    circuit: CircuitStatus,
}

#[derive(Template)]
#[template(path = "target_form.html")]
struct TargetPage {
    layout: Layout,
    /// Empty for a new target.
    name: String,
    form: Form,
    has_credentials: bool,
}

#[derive(Template)]
#[template(path = "tested.html")]
struct TargetTestPage {
    layout: Layout,
    target: String,
    result: Result<String, String>,
}

fn target_layout(visitor: &Visitor, query: &Fields) -> Layout {
    Layout::new(visitor, Section::Targets, query)
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let targets = app.with_store(visitor.actor(), targets::list).await?;
    render(&TargetListPage {
        layout: target_layout(&visitor, &query),
        targets: targets
            .into_iter()
            .map(|settings| ListedTarget {
                circuit: app.circuit(&settings.name),
                settings,
            })
            .collect(),
        may_manage: visitor.may(Permission::ManageTargets),
    })
}

async fn show_new(visitor: Visitor) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageTargets)?;
    render(&TargetPage {
        layout: target_layout(&visitor, &Fields::default()),
        name: String::new(),
        form: Form::filled(Fields::default().with("timeout", "10s")),
        has_credentials: false,
    })
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageTargets)?;
    let target = app
        .with_store(visitor.actor(), move |store| targets::get(store, &name))
        .await?;
    let fields = Fields::default()
        .with("url", target.url)
        .with("timeout", exact(target.timeout))
        .with("certificate", target.certificate.unwrap_or_default())
        .with("ca", target.ca.unwrap_or_default());
    render(&TargetPage {
        layout: target_layout(&visitor, &query),
        name: target.name,
        form: Form::filled(fields),
        has_credentials: target.has_credentials,
    })
}

async fn add(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let name = form.fields.text("name").to_owned();
    save_target(&app, form, name, true).await
}

async fn save(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    save_target(&app, form, name, false).await
}

async fn save_target(
    app: &App,
    form: SafeForm<Fields>,
    name: String,
    is_new: bool,
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::ManageTargets)?;
    let saved = match parse_settings(&name, &fields) {
        Ok(settings) => {
            let form = TargetForm {
                settings,
                credentials: Some(fields.secret("credentials"))
                    .filter(|text| !text.is_empty() || fields.has("forget", "yes")),
                is_new,
                accepted: Form::accepts(&fields),
            };
            let reach = app.settings().reach();
            app.with_store(visitor.actor(), move |store| form.store(store, reach))
                .await
        }
        Err(problem) => Err(problem),
    };
    let form = match saved {
        Ok(Submitted::Done(())) => return Ok(redirect("/targets", "target")),
        Ok(Submitted::Warned(warnings)) => Form::warned(fields, warnings),
        Err(problem) => Form::refused(fields, problem, "url")?,
    };
    render_refused(&TargetPage {
        layout: target_layout(&visitor, &Fields::default()),
        name: if is_new { String::new() } else { name },
        has_credentials: !is_new,
        form,
    })
}

/// A target that somebody wants to add or change.
struct TargetForm {
    settings: TargetSettings,
    /// None keeps the stored ones.
    credentials: Option<Zeroizing<String>>,
    is_new: bool,
    accepted: bool,
}

impl TargetForm {
    /// Stores the target unless something is wrong, or there are warnings that the operator has not accepted.
    fn store(self, store: &KeyStore, reach: Reach) -> Result<Submitted<()>, Problem> {
        let name = &self.settings.name;
        if self.is_new && targets::get(store, name).is_ok() {
            return Err(field_error(
                "name",
                format!("target '{name}' exists already: choose another name"),
            ));
        }
        let credentials = self.credentials.as_ref();
        let found = target_check::check(store, &self.settings, credentials, reach)?;
        let warnings = warnings(&unless_refused(found)?);
        if !self.accepted && !warnings.is_empty() {
            return Ok(Submitted::Warned(warnings));
        }
        targets::put(store, &self.settings, credentials.map(|text| text.as_str()))?;
        Ok(Submitted::Done(()))
    }
}

fn parse_settings(name: &str, fields: &Fields) -> Result<TargetSettings, Problem> {
    Ok(TargetSettings {
        name: name.to_owned(),
        url: fields.text("url").to_owned(),
        certificate: fields.given("certificate"),
        ca: fields.given("ca"),
        timeout: fields
            .given("timeout")
            .map_or(Ok(Duration::from_secs(10)), |text| duration::parse(&text))
            .map_err(|error| field_error("timeout", error.to_string()))?,
        has_credentials: false,
    })
}

/// Tests a target. This changes nothing, so that the response needs no redirect.
async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let visitor = form.visitor;
    visitor.needs(Permission::ManageTargets)?;
    let (target, reach) = (name.clone(), app.settings().reach());
    render(&TargetTestPage {
        layout: target_layout(&visitor, &Fields::default()),
        result: app
            .with_store(visitor.actor(), move |store| {
                test_target(store, &target, reach)
            })
            .await?,
        target: name,
    })
}

fn test_target(
    store: &KeyStore,
    name: &str,
    reach: Reach,
) -> Result<Result<String, String>, Problem> {
    let result = Target::from_store(store, &targets::get(store, name)?)
        .and_then(|target| Target { reach, ..target }.test(store.host()))
        .map(|took| format!("after {} ms", took.as_millis()))
        .map_err(|error| error.to_string());
    let text = result.as_ref().unwrap_or_else(|error| error);
    audit::record(store, "test target", name, text)?;
    Ok(result)
}

async fn remove(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageTargets)?;
    app.with_store(form.visitor.actor(), move |store| {
        targets::remove(store, &name)
    })
    .await?;
    Ok(redirect("/targets", "removed-target"))
}
