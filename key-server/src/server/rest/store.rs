// SPDX-License-Identifier: MPL-2.0
//! `/store`: the figures of the key store.

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

/// The figures of the key store. An account that is limited to contents gets those of its keys.
#[derive(Serialize, ToSchema)]
struct Health {
    /// The number of keys in each state.
    keys: Vec<Count>,
    /// The number of deliveries that wait for an attempt.
    deliveries_pending: u64,
    /// The time when the oldest key with a pending delivery was made.
    oldest_pending: Option<Time>,
    /// The number of deliveries that were given up.
    deliveries_given_up: u64,
    /// The key-encryption keys, without the keys.
    key_encryption_keys: Vec<Kek>,
    /// The number of rows of the audit; null for an account that is limited to contents.
    audit_rows: Option<u64>,
}

/// The number of keys in a state.
#[derive(Serialize, ToSchema)]
struct Count {
    /// The state.
    state: KeyStateName,
    /// The number of keys.
    count: u64,
}

/// A key-encryption key.
#[derive(Serialize, ToSchema)]
struct Kek {
    /// Its id.
    id: String,
    /// Its state.
    state: KekStateName,
    /// The time when it came into use.
    created: Time,
}

/// Show the figures of the key store
#[utoipa::path(get, path = "/store", tag = "store", responses((status = 200, body = Health)))]
async fn show(caller: Caller<Look>) -> Result<Json<Health>, Problem> {
    Ok(Json(caller.with_store(store_health::look).await?.into()))
}

impl From<StoreHealth> for Health {
    fn from(health: StoreHealth) -> Self {
        Self {
            keys: health
                .keys
                .into_iter()
                .map(|of| Count {
                    state: Name(of.state),
                    count: of.count,
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
