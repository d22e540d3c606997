// SPDX-License-Identifier: MPL-2.0
//! `/contents`: assets and channels. Conditional requests protect concurrent changes (RFC 9110, 13.1).

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use content_key_store::{Content, ContentSummary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::{Caller, Look, Operate};
use super::list::{List, Paged, Paging};
use super::names::{Name as Word, SchemeName};
use super::path::Name;
use super::settings::Settings;
use crate::operations::content_check;
use crate::operations::finding::{Finding, unless_refused};
use crate::server::app::App;
use crate::server::problem_details::{FieldProblem, Problem};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, put, remove))
}

/// A content in a list.
#[derive(Serialize, ToSchema)]
struct Summary {
    /// Its id.
    id: String,
    /// The protection scheme.
    scheme: SchemeName,
    /// The duration of a crypto period in milliseconds; null if keys do not change.
    crypto_period_ms: Option<u64>,
    /// The number of its keys.
    keys: u64,
}

/// No parameters besides the page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// List contents
///
/// Contents are sorted by id.
#[utoipa::path(get, path = "/contents", tag = "contents", params(Paging), responses((status = 200, body = Vec<Summary>)))]
async fn list(
    caller: Caller<Look>,
    Paged { query, page, list }: Paged<Nothing>,
) -> Result<List<Summary>, Problem> {
    let Nothing {} = query;
    let found = caller
        .with_store(move |store| store.content_list(&page))
        .await?;
    Ok(list.page(found.map(Summary::from)))
}

/// Show a content's settings
#[utoipa::path(get, path = "/contents/{id}", tag = "contents", params(("id" = String, Path)),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "The tag of the settings, for If-Match.")))))]
async fn show(caller: Caller<Look>, Name(id): Name) -> Result<impl IntoResponse, Problem> {
    let settings: Settings = caller
        .with_store(move |store| store.content(&id))
        .await?
        .into();
    Ok(([(header::ETAG, settings.tag())], Json(settings)))
}

/// Add a content, or change its settings
///
/// All settings are replaced. With `If-None-Match: *` only a new content is added; with `If-Match` and the tag of a
/// response, it is changed only if nobody else has changed it since. Its keys stay as they are. Requires the role operator
/// or key-admin.
#[utoipa::path(put, path = "/contents/{id}", tag = "contents", params(("id" = String, Path),
    ("if-match" = Option<String>, Header, description = "Tags of the settings that may be changed, or `*`."),
    ("if-none-match" = Option<String>, Header, description = "`*`: the content must be new.")),
    request_body = Settings, responses(
        (status = 200, description = "Changed", body = Settings, headers(("etag" = String))),
        (status = 201, description = "Added", body = Settings, headers(("etag" = String)))))]
async fn put(
    caller: Caller<Operate>,
    Name(id): Name,
    headers: HeaderMap,
    Body(settings): Body<Settings>,
) -> Result<impl IntoResponse, Problem> {
    let preconditions = Preconditions::of(&headers);
    let (status, stored) = caller
        .with_store(move |store| {
            let content = settings.content(&id);
            let warnings = unless_refused(content_check::check(store, &content)?)?;
            let mut status = StatusCode::CREATED;
            let is_stored = store.put_content_if(&content, |current| {
                if current.is_some() {
                    status = StatusCode::OK;
                }
                preconditions.allows(current.cloned().map(Settings::from).as_ref())
            })?;
            match is_stored {
                true => Ok((status, StoredContent { content, warnings })),
                false => Err(changed()),
            }
        })
        .await?;
    let settings = Settings::from(stored.content);
    let tag = [(header::ETAG, settings.tag())];
    let warnings = stored.warnings.iter().map(FieldProblem::from).collect();
    Ok((status, tag, Json(settings.with_warnings(warnings))))
}

/// Remove a content that has no keys
///
/// Requires the role operator or key-admin.
#[utoipa::path(delete, path = "/contents/{id}", tag = "contents", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(caller: Caller<Operate>, Name(id): Name) -> Result<StatusCode, Problem> {
    caller
        .with_store(move |store| store.remove_content(&id))
        .await
        .map(|()| StatusCode::NO_CONTENT)
}

/// A content that was stored, with the warnings about it.
struct StoredContent {
    content: Content,
    warnings: Vec<Finding>,
}

/// The conditions of a request (RFC 9110, 13.1).
struct Preconditions {
    tags: Option<Vec<String>>,
    not_these: Option<Vec<String>>,
}

impl Preconditions {
    fn of(headers: &HeaderMap) -> Self {
        let tags = |name| {
            headers.contains_key(name).then(|| {
                headers
                    .get_all(name)
                    .into_iter()
                    .filter_map(|value| value.to_str().ok())
                    .flat_map(|text| text.split(','))
                    .map(|tag| tag.trim().to_owned())
                    .collect()
            })
        };
        Self {
            tags: tags(&header::IF_MATCH),
            not_these: tags(&header::IF_NONE_MATCH),
        }
    }

    fn allows(&self, current: Option<&Settings>) -> bool {
        let names = |tags: &Vec<String>| {
            let Some(tag) = current.map(Settings::tag) else {
                return false;
            };
            tags.iter().any(|given| given == "*" || *given == tag)
        };
        self.tags.as_ref().is_none_or(names) && !self.not_these.as_ref().is_some_and(names)
    }
}

fn changed() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "the content does not meet If-Match or If-None-Match: read it again, and repeat the change with its new tag",
    )
}

impl From<ContentSummary> for Summary {
    fn from(summary: ContentSummary) -> Self {
        Self {
            id: summary.id,
            scheme: Word(summary.scheme),
            crypto_period_ms: summary
                .crypto_period
                .map(|period| u64::try_from(period.as_millis()).unwrap_or(u64::MAX)),
            keys: summary.keys,
        }
    }
}
