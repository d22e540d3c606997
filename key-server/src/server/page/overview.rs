// SPDX-License-Identifier: MPL-2.0
//! The first page: what needs an operator's attention, and what comes next.

use std::collections::BTreeSet;
use std::time::SystemTime;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use cenc_types::Scheme;
use content_key_store::{ContentSummary, KeyStore, Page};

use super::fields::Fields;
use super::layout::{Layout, Section};
use super::response::render;
use super::time_text::{UtcTime, exact};
use crate::deliveries::{self, Delivery};
use crate::operations::rotation::period_at;
use crate::operations::timeline::PeriodBounds;
use crate::server::app::App;
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;
use crate::store_health::{self, StoreHealth};

/// The most rows of a table.
const ROWS: usize = 50;
/// The number of contents that are read at a time.
const BATCH: u32 = 1000;

pub fn routes() -> Router<App> {
    Router::new().route("/", get(show))
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
    /// The reason why the server is not ready.
    alarm: Option<String>,
    health: StoreHealth,
    oldest: Option<UtcTime>,
    given_up: Vec<Delivery>,
    channels: Vec<Channel>,
    is_cut: bool,
}

/// A content whose keys change by the clock.
struct Channel {
    id: String,
    scheme: Scheme,
    length: String,
    boundary: UtcTime,
    /// The states of the keys that its tracks have.
    current: BTreeSet<&'static str>,
    next: BTreeSet<&'static str>,
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let layout = Layout::new(&visitor, Section::Overview, &query);
    let alarm = app.not_ready().map(|reason| reason.text);
    render(
        &app.with_store(visitor.actor(), |store| overview_page(store, layout, alarm))
            .await?,
    )
}

fn overview_page(
    store: &KeyStore,
    layout: Layout,
    alarm: Option<String>,
) -> Result<OverviewPage, Problem> {
    let health = store_health::look(store)?;
    let first_rows = Page {
        offset: 0,
        limit: 20,
    };
    let mut rotating = rotating_contents(store, layout.now)?;
    let is_cut = rotating.len() > ROWS;
    rotating.sort_by_key(|rotating| rotating.boundary);
    rotating.truncate(ROWS);
    Ok(OverviewPage {
        layout,
        alarm,
        given_up: deliveries::given_up(store, first_rows)?,
        oldest: health.oldest_pending.map(UtcTime),
        channels: rotating
            .into_iter()
            .map(|rotating| channel(store, rotating))
            .collect::<Result<_, _>>()?,
        is_cut,
        health,
    })
}

/// A content with a crypto period.
struct RotatingContent {
    content: ContentSummary,
    /// The index of the current period.
    period: u64,
    /// The time when the next period starts.
    boundary: SystemTime,
}

fn rotating_contents(store: &KeyStore, now: SystemTime) -> Result<Vec<RotatingContent>, Problem> {
    let mut rotating = Vec::new();
    let mut offset = 0;
    loop {
        let contents = store.content_list(Page {
            offset,
            limit: BATCH,
        })?;
        offset += contents.len() as u64;
        let is_last = contents.len() < BATCH as usize;
        rotating.extend(contents.into_iter().filter_map(|content| {
            let length = content.crypto_period?;
            let period = period_at(length, now);
            Some(RotatingContent {
                content,
                period,
                boundary: PeriodBounds::of(length, period)?.end,
            })
        }));
        if is_last {
            return Ok(rotating);
        }
    }
}

fn channel(store: &KeyStore, rotating: RotatingContent) -> Result<Channel, Problem> {
    let RotatingContent {
        content,
        period,
        boundary,
    } = rotating;
    let keys = store.periods(&content.id, period..period.saturating_add(2))?;
    let states = |period: u64| {
        keys.iter()
            .filter(|key| key.slot.period == period)
            .map(|key| key.info.state.name())
            .collect()
    };
    Ok(Channel {
        length: content.crypto_period.map(exact).unwrap_or_default(),
        boundary: UtcTime(boundary),
        current: states(period),
        next: states(period.saturating_add(1)),
        scheme: content.scheme,
        id: content.id,
    })
}
