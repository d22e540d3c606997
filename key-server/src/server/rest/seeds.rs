// SPDX-License-Identifier: MPL-2.0
//! `/seeds`: key seeds, of which responses show only fingerprints.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use content_key_store::{Error, SeedInfo};
use playready_header::KeySeed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::{Caller, Look, ManageSeeds};
use super::path::Name;
use super::secret::Secret;
use super::time::Time;
use crate::operations::seed_check;
use crate::server::app::App;
use crate::server::problem_details::{FieldProblem, Problem};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(retire))
}

/// A new key seed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSeed {
    /// Its name.
    #[schema(min_length = 1, max_length = 255, example = "test server")]
    name: String,
    /// The seed, in hexadecimal digits or base64: at least 30 bytes, of which the first 30 are used. The example is the one that Microsoft's test
    /// server uses and publishes.
    #[schema(value_type = String, example = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I")]
    seed: Secret,
}

/// A key seed, without the seed.
#[derive(Serialize, ToSchema)]
struct Seed {
    /// Its name.
    name: String,
    /// Identifies the seed in this store and reveals nothing of it.
    fingerprint: String,
    /// The time when it was added.
    created: Time,
    /// The time since which no more keys are derived from it.
    retired: Option<Time>,
    /// Warnings about a seed that was just added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<FieldProblem>,
}

/// List key seeds
#[utoipa::path(get, path = "/seeds", tag = "seeds", responses((status = 200, body = Vec<Seed>)))]
async fn list(caller: Caller<Look>) -> Result<Json<Vec<Seed>>, Problem> {
    let seeds = caller.with_store(|store| store.seeds()).await?;
    Ok(Json(seeds.into_iter().map(Seed::from).collect()))
}

/// Add a key seed
///
/// No response shows it again. Requires the role key-admin.
#[utoipa::path(post, path = "/seeds", tag = "seeds", request_body = NewSeed, responses((status = 201, body = Seed)))]
async fn add(
    caller: Caller<ManageSeeds>,
    Body(new): Body<NewSeed>,
) -> Result<impl IntoResponse, Problem> {
    let added = caller
        .with_store(move |store| {
            let seed = KeySeed::parse(&new.seed.0)?;
            Ok::<_, Error>(Seed {
                warnings: seed_check::check(&seed)
                    .iter()
                    .map(FieldProblem::from)
                    .collect(),
                ..store.put_seed(&new.name, &seed)?.into()
            })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Retire a key seed
///
/// No more keys are derived from it; keys that were derived stay. Repeating the request changes nothing. Requires the role key-admin.
#[utoipa::path(post, path = "/seeds/{name}/retire", tag = "seeds", params(("name" = String, Path)), responses((status = 200, body = Seed)))]
async fn retire(caller: Caller<ManageSeeds>, Name(name): Name) -> Result<Json<Seed>, Problem> {
    caller
        .with_store(move |store| {
            let find = || {
                store
                    .seeds()?
                    .into_iter()
                    .find(|seed| seed.name == name)
                    .ok_or_else(|| Error::NoSeed(name.clone()))
            };
            if find()?.retired.is_none() {
                store.retire_seed(&name)?;
            }
            find()
        })
        .await
        .map(Seed::from)
        .map(Json)
}

impl From<SeedInfo> for Seed {
    fn from(info: SeedInfo) -> Self {
        Self {
            name: info.name,
            fingerprint: info.fingerprint,
            created: Time(info.created),
            retired: info.retired.map(Time),
            warnings: Vec::new(),
        }
    }
}
