// SPDX-License-Identifier: MPL-2.0
//! Delivery targets: set up, tested, removed.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use content_key_store::KeyStore;
use protection_policy::duration;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{redirect, render, render_refused};
use super::settings::wrong;
use super::time_text::exact;
use crate::audit;
use crate::delivery::{Reach, Target};
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
    targets: Vec<TargetSettings>,
    may_manage: bool,
}

#[derive(Template)]
#[template(path = "target_form.html")]
struct TargetPage {
    layout: Layout,
    /// An empty text for a new target.
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
    render(&TargetListPage {
        layout: target_layout(&visitor, &query),
        targets: app.with_store(visitor.name(), targets::list).await?,
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
    let target = app.with_store(visitor.name(), move |store| targets::get(store, &name));
    let target = target.await?;
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
    save_target(&app, form, (name, true)).await
}

async fn save(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    save_target(&app, form, (name, false)).await
}

async fn save_target(
    app: &App,
    form: SafeForm<Fields>,
    (name, is_new): (String, bool),
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::ManageTargets)?;
    let saved = match settings(&name, &fields) {
        Ok(target) => {
            let credentials = fields.secret("credentials");
            let forget = fields.has("forget", "yes");
            let given = match (credentials.is_empty(), forget) {
                (true, false) => None,
                (_, _) => Some(credentials),
            };
            let saved = app.with_store(visitor.name(), move |store| {
                if is_new && targets::get(store, &target.name).is_ok() {
                    let text = format!(
                        "target '{}' is there already: choose another name",
                        target.name
                    );
                    return Err(wrong("name", text));
                }
                Ok(targets::put(
                    store,
                    &target,
                    given.as_ref().map(|text| text.as_str()),
                )?)
            });
            saved.await
        }
        Err(problem) => Err(problem),
    };
    match saved {
        Ok(()) => Ok(redirect("/targets", "target")),
        Err(problem) => render_refused(&TargetPage {
            layout: target_layout(&visitor, &Fields::default()),
            name: if is_new { String::new() } else { name },
            has_credentials: !is_new,
            form: Form::refused(fields, problem, "url")?,
        }),
    }
}

fn settings(name: &str, fields: &Fields) -> Result<TargetSettings, Problem> {
    let timeout = fields.given("timeout").map(|text| duration::parse(&text));
    let timeout = timeout.unwrap_or(Ok(Duration::from_secs(10)));
    Ok(TargetSettings {
        name: name.to_owned(),
        url: fields.text("url").to_owned(),
        certificate: fields.given("certificate"),
        ca: fields.given("ca"),
        timeout: timeout.map_err(|error| wrong("timeout", error.to_string()))?,
        has_credentials: false,
    })
}

/// It changes nothing, so that its answer needs no other address.
async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let visitor = form.visitor;
    visitor.needs(Permission::ManageTargets)?;
    let (asked, private) = (name.clone(), app.settings().allow_private_targets);
    let result = app.with_store(visitor.name(), move |store| try_out(store, &asked, private));
    render(&TargetTestPage {
        layout: target_layout(&visitor, &Fields::default()),
        result: result.await?,
        target: name,
    })
}

fn try_out(
    store: &KeyStore,
    name: &str,
    allow_private: bool,
) -> Result<Result<String, String>, Problem> {
    let settings = targets::get(store, name)?;
    let target = Target::from_store(store, &settings).and_then(|mut target| {
        if allow_private {
            target.reach = Reach::Anywhere;
        }
        target.test(store.host())
    });
    let result = match target {
        Ok(took) => Ok(format!("after {} ms", took.as_millis())),
        Err(error) => Err(error.to_string()),
    };
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
    let removed = app.with_store(form.visitor.name(), move |store| {
        targets::remove(store, &name)
    });
    removed.await?;
    Ok(redirect("/targets", "removed-target"))
}
