// SPDX-License-Identifier: MPL-2.0
//! `/audit`: the actions with their actors and objects, and a check that the record is whole.

use axum::Json;
use content_key_store::Error;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, ReadAudit};
use super::list::{List, Paged, Paging};
use super::time::Time;
use crate::audit::{self, AuditEntry, AuditFilter};
use crate::fingerprints::hex;
use crate::server::app::App;
use crate::server::problem_details::Problem;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(verify))
}

/// The rows to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// Rows of this account.
    actor: Option<String>,
    /// Rows with this action.
    action: Option<String>,
    /// Rows whose object contains this text.
    object: Option<String>,
    /// Rows of this time and later.
    #[param(inline)]
    since: Option<Time>,
    /// Rows before this time.
    #[param(inline)]
    until: Option<Time>,
}

/// A row of the audit.
#[derive(Serialize, ToSchema)]
struct Entry {
    /// Its number, from 1.
    seq: u64,
    /// The time of the action.
    time: Time,
    /// The account that acted.
    actor: String,
    /// The action.
    action: String,
    /// The object of the action.
    object: String,
    /// The result.
    result: String,
}

/// The result of a check of the audit.
#[derive(Serialize, ToSchema)]
struct Verified {
    /// True if no row was changed, moved or removed.
    whole: bool,
    /// The number of rows, if it is whole.
    rows: Option<u64>,
    /// The MAC of the last row, in hexadecimal digits. Kept elsewhere, it shows a database that was put back to an earlier state.
    mac: Option<String>,
    /// The first row that does not fit.
    fault: Option<String>,
}

/// List the audit
///
/// The newest rows come first. Requires the role auditor or admin.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Paging, Filter), responses((status = 200, body = Vec<Entry>)))]
async fn list(
    caller: Caller<ReadAudit>,
    Paged { query, page, list }: Paged<Filter>,
) -> Result<List<Entry>, Problem> {
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        object: query.object,
        since: query.since.map(|Time(since)| since),
        until: query.until.map(|Time(until)| until),
    };
    let rows = caller
        .with_store(move |store| audit::list(store, &filter, &page))
        .await?;
    Ok(list.page(rows.map(Entry::from)))
}

/// Check the audit from its first row to its last
///
/// Requires the role auditor or admin.
#[utoipa::path(get, path = "/audit/verify", tag = "audit", responses((status = 200, body = Verified)))]
async fn verify(caller: Caller<ReadAudit>) -> Result<Json<Verified>, Problem> {
    let checked = caller
        .with_store(|store| match store.verify_audit() {
            Ok(head) => Ok(Ok(head)),
            Err(fault @ Error::AuditBroken { .. }) => Ok(Err(fault.to_string())),
            Err(error) => Err(error),
        })
        .await?;
    Ok(Json(match checked {
        Ok(head) => Verified {
            whole: true,
            rows: Some(head.rows),
            mac: Some(hex(&head.mac)),
            fault: None,
        },
        Err(fault) => Verified {
            whole: false,
            rows: None,
            mac: None,
            fault: Some(fault),
        },
    }))
}

impl From<AuditEntry> for Entry {
    fn from(entry: AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            time: Time(entry.time),
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            result: entry.result,
        }
    }
}
