// SPDX-License-Identifier: MPL-2.0
//! `/store`: how the key store is doing.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Look};
use super::names::{KekStateName, KeyStateName, Name};
use super::time::Time;
use crate::server::app::App;
use crate::server::problem_details::Problem;
use crate::store_health::{self, KekInfo, StoreHealth};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// The store in numbers.
#[derive(Serialize, ToSchema)]
struct Health {
    /// How many keys are how far.
    keys: Vec<Count>,
    /// Deliveries that are to be tried, or tried again.
    deliveries_pending: u64,
    /// When the oldest key that waits for a delivery was made.
    oldest_pending: Option<Time>,
    /// Deliveries that are not tried again.
    deliveries_given_up: u64,
    /// The keys that wrap all others, without the keys.
    key_encryption_keys: Vec<Kek>,
    /// Rows of the audit.
    audit_rows: u64,
}

/// How many keys are as far as this.
#[derive(Serialize, ToSchema)]
struct Count {
    /// How far.
    state: KeyStateName,
    /// How many.
    count: u64,
}

/// A key that wraps others.
#[derive(Serialize, ToSchema)]
struct Kek {
    /// Its id.
    id: String,
    /// What it is used for.
    state: KekStateName,
    /// When it came into use.
    created: Time,
}

/// Show how the key store is doing
#[utoipa::path(get, path = "/store", tag = "store", responses((status = 200, body = Health)))]
async fn show(caller: Caller<Look>) -> Result<Json<Health>, Problem> {
    let health = caller.with_store(store_health::look).await?;
    Ok(Json(health.into()))
}

impl From<StoreHealth> for Health {
    fn from(health: StoreHealth) -> Self {
        let counts = health.keys.into_iter();
        Self {
            keys: counts
                .map(|(state, count)| Count {
                    state: Name(state),
                    count,
                })
                .collect(),
            deliveries_pending: health.pending,
            oldest_pending: health.oldest_pending.map(Time),
            deliveries_given_up: health.given_up,
            key_encryption_keys: health.keks.into_iter().map(Kek::from).collect(),
            audit_rows: health.audit_rows,
        }
    }
}

impl From<KekInfo> for Kek {
    fn from(info: KekInfo) -> Self {
        Self {
            id: info.id,
            state: Name(info.state),
            created: Time(info.created),
        }
    }
}
