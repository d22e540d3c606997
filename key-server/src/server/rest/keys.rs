// SPDX-License-Identifier: MPL-2.0
//! `/keys`: made, entered, listed, retired, and shown in clear to who may and says why.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use content_key_store::{Error as StoreError, KeyFilter, KeyInfo, KeySlot, KeyState, KeyStore};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::body::{self, Body, bad};
use super::caller::{Caller, Look, ManageKeys, Operate, SeeClearKeys};
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
        .routes(routes!(retire))
        .routes(routes!(reveal))
}

/// Which keys.
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
    /// The id of the content that they are for.
    content: Option<String>,
    /// The label of the track that they are for.
    label: Option<String>,
    /// The name of the key seed that they came from.
    seed: Option<String>,
    /// How far they are.
    #[param(inline)]
    state: Option<KeyStateName>,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// The KID: a UUID, 32 hexadecimal digits, or base64 in PlayReady order; a new one where none is given.
    #[schema(example = "10000000-1000-1000-1000-100000000001")]
    kid: Option<String>,
    /// Where the key comes from.
    source: KeySource,
    /// What it is to protect with. Keys of CTR (`cenc`, `cens`) and of CBC (`cbc1`, `cbcs`) are never the same.
    scheme: SchemeName,
    /// The id of the content that it is for; one that is not known is added.
    content: Option<String>,
    /// The label of the track that it is for.
    #[serde(default = "all_tracks")]
    #[schema(default = "ALL", min_length = 1, max_length = 255)]
    label: String,
    /// The crypto period that it is for; 0 where keys do not change.
    #[serde(default)]
    #[schema(maximum = 9007199254740991u64)]
    period: u64,
}

/// Where a new key comes from.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum KeySource {
    /// The operating system's generator.
    Random,
    /// This key, 32 hexadecimal digits or base64. It takes the role key-admin.
    Entered(Secret),
    /// The key seed of this name.
    Seed(String),
}

/// A key, without the key.
#[derive(Serialize, ToSchema)]
pub struct Key {
    /// The KID.
    kid: KeyIdForms,
    /// What the key is used for.
    cipher: CipherName,
    /// Where it came from.
    origin: OriginName,
    /// The seed's name, where it came from one.
    seed: Option<String>,
    /// How far it is.
    state: KeyStateName,
    /// When it was made.
    created: Time,
    /// When all targets had it.
    delivered: Option<Time>,
    /// When its crypto period began.
    activated: Option<Time>,
    /// When it was retired.
    retired: Option<Time>,
}

/// A key with what it is for and where it is on its way.
#[derive(Serialize, ToSchema)]
pub struct KeyDetail {
    #[serde(flatten)]
    key: Key,
    /// What it is for.
    slots: Vec<Slot>,
    /// Who is to have it, and who has it.
    deliveries: Vec<DeliveryView>,
    /// What else there is to say of a key that was just made.
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

/// A key on its way to a target.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// The target's name.
    target: String,
    /// How far it is.
    state: DeliveryStateName,
    /// How often it was tried.
    attempts: u64,
    /// When it is tried next, while it is pending.
    next_try: Option<Time>,
    /// When the target acknowledged it.
    acknowledged: Option<Time>,
    /// What went wrong the last time.
    error: Option<String>,
}

/// Why a key is to be seen.
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
/// The last made first. Without the keys themselves. Takes one of the roles that may look.
#[utoipa::path(get, path = "/keys", tag = "keys", params(Paging, Filter), responses((status = 200, body = Vec<Key>)))]
async fn list(caller: Caller<Look>, page: Paged<Filter>) -> Result<List<Key>, Problem> {
    let Filter {
        kid,
        content,
        label,
        seed,
        state,
    } = &page.query;
    let kid = kid.as_deref().map(kid::read).transpose();
    let filter = KeyFilter {
        kid: kid.map_err(|error| bad(error.to_string()))?,
        content_id: content.clone(),
        label: label.clone(),
        seed: seed.clone(),
        state: state.map(|Name(state)| state),
    };
    let fetch = page.to_fetch();
    let found = caller
        .with_store(move |store| store.keys(&filter, fetch))
        .await?;
    Ok(page.list(found.into_iter().map(Key::from).collect()))
}

/// Make or enter a key
///
/// It is on its way to the content's targets when this answers. A key that is entered takes the role key-admin, others operator or
/// key-admin. The same KID with the same key again changes nothing.
#[utoipa::path(post, path = "/keys", tag = "keys", request_body = NewKey,
    responses((status = 201, body = KeyDetail, headers(("location" = String, description = "Where the key is.")))))]
async fn create(
    caller: Caller<Operate>,
    Body(new): Body<NewKey>,
) -> Result<impl IntoResponse, Problem> {
    if matches!(new.source, KeySource::Entered(_)) {
        caller.needs(Permission::ManageKeys)?;
    }
    if new.period > LARGEST {
        return Err(unprocessable("a crypto period's index is below 2^53"));
    }
    let draft = Draft::from(new);
    let made = caller.with_store(move |store| {
        let made = new_key::create(store, &draft)?;
        let mut detail = detail(store, made.info)?;
        detail.warnings = made.warnings.iter().map(FieldProblem::from).collect();
        Ok::<_, crate::operations::Error>(detail)
    });
    let made = made.await?;
    let location = [(header::LOCATION, format!("/v1/keys/{}", made.key.kid.uuid))];
    Ok((StatusCode::CREATED, location, Json(made)))
}

/// Show a key
///
/// Without the key itself.
#[utoipa::path(get, path = "/keys/{kid}", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    responses((status = 200, body = KeyDetail)))]
async fn show(caller: Caller<Look>, Kid(kid): Kid) -> Result<Json<KeyDetail>, Problem> {
    let found = caller.with_store(move |store| detail(store, store.info(&kid)?));
    found.await.map(Json)
}

/// Retire a key
///
/// It protects nothing more; licence servers keep it. Once more changes nothing.
#[utoipa::path(post, path = "/keys/{kid}/retire", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    responses((status = 200, body = KeyDetail)))]
async fn retire(caller: Caller<ManageKeys>, Kid(kid): Kid) -> Result<Json<KeyDetail>, Problem> {
    let retired = caller.with_store(move |store| {
        if store.info(&kid)?.state != KeyState::Retired {
            store.set_state(&kid, KeyState::Retired)?;
        }
        detail(store, store.info(&kid)?)
    });
    retired.await.map(Json)
}

/// See a key in clear
///
/// The audit says who saw it and why. Takes the role key-admin.
#[utoipa::path(post, path = "/keys/{kid}/reveal", tag = "keys", params(("kid" = String, Path, description = "In any notation; `/` as `%2F`.")),
    request_body = Reason, responses((status = 200, body = ClearKey)))]
async fn reveal(
    caller: Caller<SeeClearKeys>,
    Kid(kid): Kid,
    Body(Reason { reason }): Body<Reason>,
) -> Result<impl IntoResponse, Problem> {
    let reason = format!("shown: {}", body::reason(&reason)?);
    let shown = caller.with_store(move |store| store.key_for(&kid, &reason));
    let shown = shown.await?;
    let bytes = shown.key.as_bytes();
    let hex = bytes
        .iter()
        .fold(String::with_capacity(32), |mut hex, byte| {
            hex.push_str(&format!("{byte:02x}"));
            hex
        });
    Ok(Confidential::json(ClearKey {
        kid: kid.into(),
        hex: Secret(Zeroizing::new(hex)),
        base64: Secret(Zeroizing::new(STANDARD.encode(bytes))),
    }))
}

fn all_tracks() -> String {
    "ALL".to_owned()
}

/// All that is known of a key but the key.
///
/// # Errors
/// When the store cannot be asked.
pub fn detail(store: &KeyStore, info: KeyInfo) -> Result<KeyDetail, StoreError> {
    let slots = store.slots_of(&info.kid)?;
    let deliveries = deliveries::of_key(store, &info.kid)?;
    Ok(KeyDetail {
        key: info.into(),
        slots: slots.into_iter().map(Slot::from).collect(),
        deliveries: deliveries.into_iter().map(DeliveryView::from).collect(),
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
            retired: info.retired.map(Time),
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
