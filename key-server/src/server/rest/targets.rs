// SPDX-License-Identifier: MPL-2.0
//! `/targets`: the licence servers that receive keys.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::{Caller, Look, ManageTargets};
use super::path::Name;
use super::secret::Secret;
use crate::audit;
use crate::delivery::{CircuitStatus, Target};
use crate::operations::finding::unless_refused;
use crate::operations::target_check;
use crate::server::app::App;
use crate::server::problem_details::Problem;
use crate::targets::{self, TargetError, TargetSettings};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, put, remove))
        .routes(routes!(test))
}

/// The settings of a target.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTarget {
    /// The URL for documents, without user and password: https, or http if there is a certificate.
    #[schema(example = "https://license.example.com/keys")]
    url: String,
    /// The RSA certificate in PEM to which keys are encrypted; null to send them in the clear within TLS.
    #[serde(default)]
    certificate: Option<String>,
    /// The trusted certificates for TLS in PEM; null for those of the system.
    #[serde(default)]
    ca: Option<String>,
    /// The timeout of an attempt, in seconds.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 300, default = 10)]
    timeout: u64,
    /// The credentials, as lines `bearer TOKEN`, `basic USER:PASSWORD`, `digest USER:PASSWORD` or `header NAME: VALUE`. Null keeps the
    /// stored ones if `url` and `ca` stay the same, an empty text removes them.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    credentials: Option<Secret>,
}

/// A target, without its credentials.
#[derive(Serialize, ToSchema)]
#[schema(as = Target)]
struct TargetView {
    /// Its name, by which contents refer to it.
    name: String,
    /// The URL for documents.
    url: String,
    /// The RSA certificate in PEM to which keys are encrypted; null if they go in the clear within TLS.
    certificate: Option<String>,
    /// The trusted certificates for TLS in PEM; null for those of the system.
    ca: Option<String>,
    /// The timeout of an attempt, in seconds.
    timeout: u64,
    /// True if the store has credentials for it.
    has_credentials: bool,
    /// Its circuit, by which keys wait while it fails repeatedly.
    circuit: CircuitView,
    /// Warnings about weak keys, credentials that cross a network in the clear, and addresses to which nothing is delivered.
    warnings: Vec<String>,
}

/// The circuit of a target.
#[derive(Serialize, ToSchema)]
#[schema(as = Circuit)]
struct CircuitView {
    /// `closed`: keys are delivered; `open`: they wait; `half-open`: the next one tries the target.
    #[schema(example = "closed")]
    state: &'static str,
    /// The number of failures since the last success.
    failures: u32,
    /// The time to the next attempt, in milliseconds.
    retry_in_ms: u64,
    /// The error of the last failure; null after a success.
    error: Option<String>,
}

/// The result of a test.
#[derive(Serialize, ToSchema)]
struct Tested {
    /// True if the target answered.
    answered: bool,
    /// The time to its answer with the handshake, in milliseconds.
    latency_ms: Option<u64>,
    /// The error, if it did not answer.
    error: Option<String>,
}

/// List targets
#[utoipa::path(get, path = "/targets", tag = "targets", responses((status = 200, body = Vec<TargetView>)))]
async fn list(caller: Caller<Look>) -> Result<Json<Vec<TargetView>>, Problem> {
    let found = caller.with_store(targets::list).await?;
    let view = |settings| TargetView::new(&caller.app, settings);
    Ok(Json(found.into_iter().map(view).collect()))
}

/// Show a target
#[utoipa::path(get, path = "/targets/{name}", tag = "targets", params(("name" = String, Path)), responses((status = 200, body = TargetView)))]
async fn show(caller: Caller<Look>, Name(name): Name) -> Result<Json<TargetView>, Problem> {
    let found = caller
        .with_store(move |store| targets::get(store, &name))
        .await?;
    Ok(Json(TargetView::new(&caller.app, found)))
}

/// Add a target, or change it
///
/// Private addresses are refused unless the server was started with --allow-private-targets. Requires the role key-admin or
/// admin.
#[utoipa::path(put, path = "/targets/{name}", tag = "targets", params(("name" = String, Path)), request_body = NewTarget,
    responses((status = 200, body = TargetView)))]
async fn put(
    caller: Caller<ManageTargets>,
    Name(name): Name,
    Body(new): Body<NewTarget>,
) -> Result<Json<TargetView>, Problem> {
    let settings = new.settings(name);
    let reach = caller.app.settings().reach();
    let saved = caller
        .with_store(move |store| {
            let credentials = new.credentials.as_ref().map(|secret| &secret.0);
            let found = target_check::check(store, &settings, credentials, reach)?;
            let warnings = unless_refused(found)?;
            targets::put(store, &settings, credentials.map(|text| text.as_str()))?;
            Ok::<_, Problem>(SavedTarget {
                warnings: warnings.into_iter().map(|finding| finding.text).collect(),
                settings: targets::get(store, &settings.name)?,
            })
        })
        .await?;
    Ok(Json(TargetView {
        warnings: saved.warnings,
        ..TargetView::new(&caller.app, saved.settings)
    }))
}

/// Remove a target that no content requires
///
/// Requires the role key-admin or admin.
#[utoipa::path(delete, path = "/targets/{name}", tag = "targets", params(("name" = String, Path)), responses((status = 204)))]
async fn remove(caller: Caller<ManageTargets>, Name(name): Name) -> Result<StatusCode, Problem> {
    caller
        .with_store(move |store| targets::remove(store, &name))
        .await
        .map(|()| StatusCode::NO_CONTENT)
}

/// A target as it was saved.
struct SavedTarget {
    settings: TargetSettings,
    warnings: Vec<String>,
}

/// Test if a target answers
///
/// The test sends no key and no credentials, and any answer counts. Requires the role key-admin or admin.
#[utoipa::path(post, path = "/targets/{name}/test", tag = "targets", params(("name" = String, Path)), responses((status = 200, body = Tested)))]
async fn test(caller: Caller<ManageTargets>, Name(name): Name) -> Result<Json<Tested>, Problem> {
    let reach = caller.app.settings().reach();
    let tested = caller
        .with_store(move |store| {
            let answer = Target::from_store(store, &targets::get(store, &name)?)
                .map(|target| Target { reach, ..target })
                .and_then(|target| target.test(store.host()));
            let result = match &answer {
                Ok(_) => "answered".to_owned(),
                Err(error) => error.to_string(),
            };
            audit::record(store, "test target", &name, &result)?;
            Ok::<_, TargetError>(answer)
        })
        .await?;
    Ok(Json(match tested {
        Ok(latency) => Tested {
            answered: true,
            latency_ms: Some(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            error: None,
        },
        Err(error) => Tested {
            answered: false,
            latency_ms: None,
            error: Some(error.to_string()),
        },
    }))
}

const fn ten() -> u64 {
    10
}

impl NewTarget {
    fn settings(&self, name: String) -> TargetSettings {
        TargetSettings {
            name,
            url: self.url.clone(),
            certificate: self.certificate.clone(),
            ca: self.ca.clone(),
            timeout: Duration::from_secs(self.timeout),
            has_credentials: false,
        }
    }
}

impl TargetView {
    fn new(app: &App, settings: TargetSettings) -> Self {
        Self {
            circuit: app.circuit(&settings.name).into(),
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

impl From<CircuitStatus> for CircuitView {
    fn from(status: CircuitStatus) -> Self {
        Self {
            state: status.state.name(),
            failures: status.failures,
            retry_in_ms: u64::try_from(status.wait.as_millis()).unwrap_or(u64::MAX),
            error: status.error,
        }
    }
}
