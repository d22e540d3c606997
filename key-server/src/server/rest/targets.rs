// SPDX-License-Identifier: MPL-2.0
//! `/targets`: the licence servers that keys are handed to.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use content_key_store::KeyStore;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::{Caller, Look, ManageTargets};
use super::path::Name;
use super::secret::Secret;
use crate::audit;
use crate::delivery::{Credentials, Handoff, Target};
use crate::server::app::App;
use crate::server::problem_details::Problem;
use crate::targets::{self, TargetError, TargetSettings};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, put, remove))
        .routes(routes!(test))
}

/// How a target is reached.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTarget {
    /// Where documents are posted: https, or http where there is a certificate. No user or password in it.
    #[schema(example = "https://license.example.com/keys")]
    url: String,
    /// PEM; keys are encrypted to this RSA certificate. Null: they go in the clear, within TLS.
    #[serde(default)]
    certificate: Option<String>,
    /// PEM certificates that may sign the target's for TLS; null: those of the system.
    #[serde(default)]
    ca: Option<String>,
    /// For each attempt, in seconds.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 300, default = 10)]
    timeout: u64,
    /// What shows the target who posts: lines `bearer TOKEN`, `basic USER:PASSWORD`, `digest USER:PASSWORD` or `header NAME: VALUE`. Null keeps those that
    /// are there, an empty text forgets them.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    credentials: Option<Secret>,
}

/// A target, without its credentials.
#[derive(Serialize, ToSchema)]
#[schema(as = Target)]
struct TargetView {
    /// What contents call it.
    name: String,
    /// Where documents are posted.
    url: String,
    /// PEM; keys are encrypted to this certificate. Null: they go in the clear, within TLS.
    certificate: Option<String>,
    /// PEM certificates that may sign the target's for TLS; null: those of the system.
    ca: Option<String>,
    /// For each attempt, in seconds.
    timeout: u64,
    /// Whether the store has credentials for it.
    has_credentials: bool,
    /// What is to be said of it: weak keys, credentials that cross a network in the clear.
    warnings: Vec<String>,
}

/// What came of asking a target.
#[derive(Serialize, ToSchema)]
struct Tested {
    /// Whether it answered.
    answered: bool,
    /// How long that took, with the handshake, in milliseconds.
    latency_ms: Option<u64>,
    /// Why it did not.
    error: Option<String>,
}

/// List targets
#[utoipa::path(get, path = "/targets", tag = "targets", responses((status = 200, body = Vec<TargetView>)))]
async fn list(caller: Caller<Look>) -> Result<Json<Vec<TargetView>>, Problem> {
    let found = caller.with_store(targets::list).await?;
    Ok(Json(found.into_iter().map(TargetView::from).collect()))
}

/// Show a target
#[utoipa::path(get, path = "/targets/{name}", tag = "targets", params(("name" = String, Path)), responses((status = 200, body = TargetView)))]
async fn show(caller: Caller<Look>, Name(name): Name) -> Result<Json<TargetView>, Problem> {
    let found = caller
        .with_store(move |store| targets::get(store, &name))
        .await?;
    Ok(Json(found.into()))
}

/// Add a target, or change it
///
/// Addresses in this network are refused unless the server was started with --allow-private-targets. Takes the role key-admin or
/// admin.
#[utoipa::path(put, path = "/targets/{name}", tag = "targets", params(("name" = String, Path)), request_body = NewTarget,
    responses((status = 200, body = TargetView)))]
async fn put(
    caller: Caller<ManageTargets>,
    Name(name): Name,
    Body(new): Body<NewTarget>,
) -> Result<Json<TargetView>, Problem> {
    let (settings, credentials) = new.named(name);
    let stored = caller.with_store(move |store| {
        let warnings = check(store, &settings, credentials.as_ref())?;
        let credentials = credentials.as_ref().map(|secret| secret.0.as_str());
        targets::put(store, &settings, credentials)?;
        let mut view = TargetView::from(targets::get(store, &settings.name)?);
        view.warnings = warnings;
        Ok::<_, Problem>(view)
    });
    stored.await.map(Json)
}

/// Remove a target that no content requires
///
/// Takes the role key-admin or admin.
#[utoipa::path(delete, path = "/targets/{name}", tag = "targets", params(("name" = String, Path)), responses((status = 204)))]
async fn remove(caller: Caller<ManageTargets>, Name(name): Name) -> Result<StatusCode, Problem> {
    let removed = caller.with_store(move |store| targets::remove(store, &name));
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

/// Ask a target whether it is there
///
/// Without a key and without credentials; any answer is one. Takes the role key-admin or admin.
#[utoipa::path(post, path = "/targets/{name}/test", tag = "targets", params(("name" = String, Path)), responses((status = 200, body = Tested)))]
async fn test(caller: Caller<ManageTargets>, Name(name): Name) -> Result<Json<Tested>, Problem> {
    let reach = caller.app.settings().reach();
    let tested = caller.with_store(move |store| {
        let settings = targets::get(store, &name)?;
        let answer = Target::from_store(store, &settings)
            .map(|target| Target { reach, ..target })
            .and_then(|target| target.test(store.host()));
        let result = match &answer {
            Ok(_) => "answered".to_owned(),
            Err(error) => error.to_string(),
        };
        audit::record(store, "test target", &name, &result)?;
        Ok::<_, TargetError>(answer)
    });
    let tested = tested.await?;
    let latency = tested.as_ref().ok().map(Duration::as_millis);
    Ok(Json(Tested {
        answered: tested.is_ok(),
        latency_ms: latency.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
        error: tested.err().map(|error| error.to_string()),
    }))
}

const fn ten() -> u64 {
    10
}

/// What is to be said of a target, before it is stored. Nobody is asked.
fn check(
    store: &KeyStore,
    settings: &TargetSettings,
    credentials: Option<&Secret>,
) -> Result<Vec<String>, Problem> {
    let is_known = match targets::get(store, &settings.name) {
        Err(TargetError::NoTarget(_)) => false,
        known => known.map(|known| known.has_credentials)?,
    };
    let kept = TargetSettings {
        has_credentials: is_known && credentials.is_none(),
        ..settings.clone()
    };
    let mut target = Target::from_store(store, &kept)?;
    let given = credentials.filter(|text| !text.0.is_empty());
    if let Some(Secret(text)) = given {
        target.credentials = Some(Credentials::Text(text.clone()));
    }
    Ok(Handoff::new(store, &[target])?.warnings())
}

impl NewTarget {
    fn named(self, name: String) -> (TargetSettings, Option<Secret>) {
        let settings = TargetSettings {
            name,
            url: self.url,
            certificate: self.certificate,
            ca: self.ca,
            timeout: Duration::from_secs(self.timeout),
            has_credentials: false,
        };
        (settings, self.credentials)
    }
}

impl From<TargetSettings> for TargetView {
    fn from(settings: TargetSettings) -> Self {
        Self {
            name: settings.name,
            url: settings.url,
            certificate: settings.certificate,
            ca: settings.ca,
            timeout: settings.timeout.as_secs(),
            has_credentials: settings.has_credentials,
            warnings: Vec::new(),
        }
    }
}
