// SPDX-License-Identifier: MPL-2.0
//! `/contents/{id}/rotate`, `/periods` and `/preview`: key rotation, and the signaling of keys in files and manifests.

use axum::Json;
use content_key_store::{KeyInfo, Listed};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Look, Operate};
use super::contents::Nothing;
use super::keys::{DeliveryView, Key};
use super::list::{List, Paged, Paging};
use super::names::{Name as Word, PeriodPhaseName};
use super::path::Name;
use super::time::Time;
use crate::operations::preview::Preview;
use crate::operations::timeline::{TimelineKey, TimelinePeriod, timeline};
use crate::operations::{preview, rotation};
use crate::server::app::App;
use crate::server::problem_details::Problem;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(rotate))
        .routes(routes!(periods))
        .routes(routes!(show_preview))
}

/// A crypto period.
#[derive(Serialize, ToSchema)]
#[schema(as = Period)]
struct PeriodView {
    /// Its index.
    index: u64,
    /// Its start; null if keys do not change by the clock.
    start: Option<Time>,
    /// Its end; null if keys do not change by the clock.
    end: Option<Time>,
    /// Its position relative to the current time.
    place: PeriodPhaseName,
    /// The keys of its tracks.
    keys: Vec<PeriodKey>,
}

/// The key of a track in a crypto period.
#[derive(Serialize, ToSchema)]
struct PeriodKey {
    /// The track's label.
    label: String,
    #[serde(flatten)]
    key: Key,
    /// The deliveries to its targets.
    deliveries: Vec<DeliveryView>,
}

/// Make the next crypto period's keys now
///
/// It is the period after the current one. The keys are enqueued for the content's targets before the response. A content without
/// a crypto period is refused (409), since its packagers would never request the new keys. Requires the role operator or key-admin.
#[utoipa::path(post, path = "/contents/{id}/rotate", tag = "contents", params(("id" = String, Path)), responses((status = 200, body = Vec<Key>)))]
async fn rotate(caller: Caller<Operate>, Name(id): Name) -> Result<Json<Vec<Key>>, Problem> {
    let made: Vec<KeyInfo> = caller
        .with_store(move |store| rotation::rotate_now(store, &id))
        .await?;
    Ok(Json(made.into_iter().map(Key::from).collect()))
}

/// List a content's crypto periods
///
/// The last ones come first, each with its keys and their deliveries. The limit counts keys, so a period may continue on the next page.
#[utoipa::path(get, path = "/contents/{id}/periods", tag = "contents", params(("id" = String, Path), Paging),
    responses((status = 200, body = Vec<PeriodView>)))]
async fn periods(
    caller: Caller<Look>,
    Name(id): Name,
    Paged { query, page, list }: Paged<Nothing>,
) -> Result<List<PeriodView>, Problem> {
    let Nothing {} = query;
    let now = caller.app.now();
    let timeline = caller
        .with_store(move |store| timeline(store, &id, now, &page))
        .await?;
    Ok(list.page(Listed {
        entries: timeline.periods.into_iter().map(PeriodView::from).collect(),
        next: timeline.next,
        previous: timeline.previous,
    }))
}

/// Show the signaling in files and manifests
///
/// The PlayReady Header, the `pssh` box and the lines of manifests for the keys of the last crypto period, and a command that
/// protects a file.
#[utoipa::path(get, path = "/contents/{id}/preview", tag = "contents", params(("id" = String, Path)), responses((status = 200, body = Preview)))]
async fn show_preview(caller: Caller<Look>, Name(id): Name) -> Result<Json<Preview>, Problem> {
    let source = caller.app.settings().packager_keys();
    caller
        .with_store(move |store| preview::of_stored(store, &id, &source))
        .await
        .map(Json)
}

impl From<TimelinePeriod> for PeriodView {
    fn from(period: TimelinePeriod) -> Self {
        Self {
            index: period.index,
            start: period.bounds.map(|bounds| Time(bounds.start)),
            end: period.bounds.map(|bounds| Time(bounds.end)),
            place: Word(period.phase),
            keys: period.keys.into_iter().map(PeriodKey::from).collect(),
        }
    }
}

impl From<TimelineKey> for PeriodKey {
    fn from(key: TimelineKey) -> Self {
        Self {
            label: key.label,
            key: key.info.into(),
            deliveries: key.deliveries.into_iter().map(DeliveryView::from).collect(),
        }
    }
}
