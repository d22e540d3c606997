// SPDX-License-Identifier: MPL-2.0
//! `/keys`: makes and lists keys, and shows one in the clear to callers who may see it and give a reason.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use content_key_store::{Error as StoreError, KeyFilter, KeyInfo, KeySlot, KeyStore};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::body::{self, Body, bad};
use super::caller::{Caller, Look, Operate, SeeClearKeys};
use super::list::{List, Paged, Paging};
use super::names::{CipherName, DeliveryStateName, KeyStateName, Name, OriginName, SchemeName};
use super::path::Kid;
use super::secret::{Confidential, Secret};
use super::settings::LARGEST;
use super::time::Time;
use crate::deliveries::{self, Delivery, DeliveryState};
use crate::operations::kid::KeyIdForms;
use crate::operations::new_key::{Draft, DraftKeySource};
use crate::operations::{kid, new_key};
use crate::server::app::App;
use crate::server::auth::Permission;
use crate::server::problem_details::{FieldProblem, Problem};
use crate::server::service_errors::unprocessable;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .routes(routes!(reveal))
}

/// The keys to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// The KID: a UUID, 32 hexadecimal digits, or base64 in PlayReady order.
    #[param(
        pattern = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{11}[1-9a-f]$",
        example = "10000000-1000-1000-1000-100000000001"
    )]
    kid: Option<String>,
    /// Keys of this content, by its id.
    content: Option<String>,
    /// Keys of tracks with this label.
    label: Option<String>,
    /// Keys that were derived from the key seed of this name.
    seed: Option<String>,
    /// Keys in this state.
    #[param(inline)]
    state: Option<KeyStateName>,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// The KID: a UUID, 32 hexadecimal digits, or base64 in PlayReady order; a random one if none is given.
    #[schema(example = "10000000-1000-1000-1000-100000000001")]
    kid: Option<String>,
    /// The source of the key.
    source: KeySource,
    /// The scheme that uses the key. Keys of CTR (`cenc`, `cens`) and of CBC (`cbc1`, `cbcs`) are never the same.
    scheme: SchemeName,
    /// The id of its content; an unknown content is added.
    content: Option<String>,
    /// The label of its track.
    #[serde(default = "all_tracks")]
    #[schema(default = "ALL", min_length = 1, max_length = 255)]
    label: String,
    /// The index of its crypto period; 0 if keys do not change.
    #[serde(default)]
    #[schema(maximum = 9007199254740991u64)]
    period: u64,
}

/// The source of a new key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum KeySource {
    /// The operating system's generator.
    Random,
    /// This key, 32 hexadecimal digits or base64. Requires the role key-admin.
    Entered(Secret),
    /// The key seed of this name.
    Seed(String),
}

/// A key, without the key.
#[derive(Serialize, ToSchema)]
pub struct Key {
    /// The KID.
    kid: KeyIdForms,
    /// The cipher mode of the key.
    cipher: CipherName,
    /// The origin of the key.
    origin: OriginName,
    /// The name of the seed, if it was derived from one.
    seed: Option<String>,
    /// Its state.
    state: KeyStateName,
    /// The time when it was made.
    created: Time,
    /// The time when the last target acknowledged it.
    delivered: Option<Time>,
    /// The time when it became active.
    activated: Option<Time>,
    /// The time when its crypto period had ended.
    draining: Option<Time>,
    /// The time when it was retired.
    retired: Option<Time>,
    /// The time when it was reported as compromised.
    compromised: Option<Time>,
}

/// A key with its slots and deliveries.
#[derive(Serialize, ToSchema)]
pub struct KeyDetail {
    #[serde(flatten)]
    key: Key,
    /// The tracks and crypto periods that use it.
    slots: Vec<Slot>,
    /// The deliveries to its targets.
    deliveries: Vec<DeliveryView>,
    /// Warnings about a key that was just made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<FieldProblem>,
}

/// A track of a content in a crypto period.
#[derive(Serialize, ToSchema)]
struct Slot {
    /// The content's id.
    content: String,
    /// The track's label.
    label: String,
    /// The crypto period's index.
    period: u64,
}

/// The delivery of a key to a target.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// The target's name.
    target: String,
    /// Its state.
    state: DeliveryStateName,
    /// The number of attempts.
    attempts: u64,
    /// The time of the next attempt, while it is pending.
    next_try: Option<Time>,
    /// The time when the target acknowledged it.
    acknowledged: Option<Time>,
    /// The error of the last attempt.
    error: Option<String>,
}

/// The reason for showing a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// For the audit; no secret.
    #[schema(min_length = 1, max_length = 200, example = "ticket 4711: player test")]
    reason: String,
}

/// A key in clear.
#[derive(Serialize, ToSchema)]
struct ClearKey {
    /// The KID.
    kid: KeyIdForms,
    /// The key, 32 hexadecimal digits.
    #[schema(value_type = String)]
    hex: Secret,
    /// The key in base64.
    #[schema(value_type = String)]
    base64: Secret,
}

/// List keys
///
/// The newest keys come first. The response does not contain the keys themselves. Requires a role that may read.
#[utoipa::path(get, path = "/keys", tag = "keys", params(Paging, Filter), responses((status = 200, body = Vec<Key>)))]
async fn list(
    caller: Caller<Look>,
    Paged { query, page, list }: Paged<Filter>,
) -> Result<List<Key>, Problem> {
    let filter = KeyFilter {
        kid: query
            .kid
            .as_deref()
            .map(kid::read)
            .transpose()
            .map_err(|error| bad(error.to_string()))?,
        content_id: query.content,
        label: query.label,
        seed: query.seed,
        state: query.state.map(|Name(state)| state),
    };
    let keys = caller
        .with_store(move |store| store.keys(&filter, &page))
        .await?;
    Ok(list.page(keys.map(Key::from)))
}

/// Make or enter a key
///
/// The key is enqueued for the content's targets before the response. Entering a key requires the role key-admin, and making
/// one requires operator or key-admin. Repeating the request with the same KID and key changes nothing.
#[utoipa::path(post, path = "/keys", tag = "keys", request_body = NewKey,
    responses((status = 201, body = KeyDetail, headers(("location" = String, description = "The URL of the key.")))))]
async fn create(
    caller: Caller<Operate>,
    Body(new): Body<NewKey>,
) -> Result<impl IntoResponse, Problem> {
    if matches!(new.source, KeySource::Entered(_)) {
        caller.needs(Permission::ManageKeys)?;
    }
    if new.period > LARGEST {
        return Err(unprocessable(
            "a crypto period's index is below 2^53: give a smaller one",
        ));
    }
    let draft = Draft::from(new);
    let detail = caller
        .with_store(move |store| {
            let created = new_key::create(store, &draft)?;
            Ok::<_, crate::operations::Error>(KeyDetail {
                warnings: created.warnings.iter().map(FieldProblem::from).collect(),
                ..detail(store, created.info)?
            })
        })
        .await?;
    let location = [(
        header::LOCATION,
        format!("/v1/keys/{}", detail.key.kid.uuid),
    )];
    Ok((StatusCode::CREATED, location, Json(detail)))
}

/// Show a key
///
/// The response does not contain the key itself.
#[utoipa::path(get, path = "/keys/{kid}", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    responses((status = 200, body = KeyDetail)))]
async fn show(caller: Caller<Look>, Kid(kid): Kid) -> Result<Json<KeyDetail>, Problem> {
    caller
        .with_store(move |store| detail(store, store.info(&kid)?))
        .await
        .map(Json)
}

/// Show a key in the clear
///
/// The audit records the caller and the reason. Requires the role key-admin.
#[utoipa::path(post, path = "/keys/{kid}/reveal", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    request_body = Reason, responses((status = 200, body = ClearKey)))]
async fn reveal(
    caller: Caller<SeeClearKeys>,
    Kid(kid): Kid,
    Body(Reason { reason }): Body<Reason>,
) -> Result<impl IntoResponse, Problem> {
    let reason = format!("shown: {}", body::reason(&reason)?);
    let stored = caller
        .with_store(move |store| store.key_for(&kid, &reason))
        .await?;
    let bytes = stored.key.as_bytes();
    // With the capacity for all digits, no copy of them remains.
    let mut hex = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        hex.extend(
            [byte >> 4, byte & 15]
                .map(|digit| char::from_digit(digit.into(), 16))
                .into_iter()
                .flatten(),
        );
    }
    let mut base64 = Zeroizing::new(String::with_capacity(24));
    STANDARD.encode_string(bytes, &mut base64);
    let clear = ClearKey {
        kid: kid.into(),
        hex: Secret(hex),
        base64: Secret(base64),
    };
    Ok(Confidential::json(clear, 512))
}

fn all_tracks() -> String {
    "ALL".to_owned()
}

/// Returns all that the store knows of a key, without the key.
///
/// # Errors
/// If the store fails.
pub fn detail(store: &KeyStore, info: KeyInfo) -> Result<KeyDetail, StoreError> {
    Ok(KeyDetail {
        slots: store
            .slots_of(&info.kid)?
            .into_iter()
            .map(Slot::from)
            .collect(),
        deliveries: deliveries::of_key(store, &info.kid)?
            .into_iter()
            .map(DeliveryView::from)
            .collect(),
        key: info.into(),
        warnings: Vec::new(),
    })
}

impl From<NewKey> for Draft {
    fn from(new: NewKey) -> Self {
        Self {
            kid: new.kid,
            source: match new.source {
                KeySource::Random => DraftKeySource::Random,
                KeySource::Entered(Secret(key)) => DraftKeySource::Entered(key),
                KeySource::Seed(name) => DraftKeySource::Seed(name),
            },
            scheme: new.scheme.0,
            content: new.content,
            label: new.label,
            period: new.period,
        }
    }
}

impl From<KeyInfo> for Key {
    fn from(info: KeyInfo) -> Self {
        Self {
            kid: info.kid.into(),
            cipher: Name(info.mode),
            origin: Name(info.origin),
            seed: info.seed,
            state: Name(info.state),
            created: Time(info.created),
            delivered: info.delivered.map(Time),
            activated: info.activated.map(Time),
            draining: info.draining.map(Time),
            retired: info.retired.map(Time),
            compromised: info.compromised.map(Time),
        }
    }
}

impl From<KeySlot> for Slot {
    fn from(slot: KeySlot) -> Self {
        Self {
            content: slot.content_id,
            label: slot.label,
            period: slot.period,
        }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let is_pending = delivery.state == DeliveryState::Pending;
        Self {
            target: delivery.target,
            state: Name(delivery.state),
            attempts: delivery.attempts,
            next_try: is_pending.then_some(Time(delivery.next_try)),
            acknowledged: delivery.acknowledged.map(Time),
            error: delivery.error,
        }
    }
}
