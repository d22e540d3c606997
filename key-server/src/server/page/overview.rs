// SPDX-License-Identifier: MPL-2.0
//! The first screen: what needs somebody, and what comes next.

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
use crate::operations::timeline;
use crate::server::app::App;
use crate::server::auth::{Permission, Visitor};
use crate::server::problem_details::Problem;
use crate::store_health::{self, StoreHealth};

/// Rows of a table at most.
const ROWS: usize = 50;
/// Contents that are asked for at a time.
const BATCH: u32 = 1000;

pub fn routes() -> Router<App> {
    Router::new().route("/", get(show))
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
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
    let found = app
        .with_store(visitor.name(), |store| overview_page(store, layout))
        .await?;
    render(&found)
}

fn overview_page(store: &KeyStore, layout: Layout) -> Result<OverviewPage, Problem> {
    let health = store_health::look(store)?;
    let page = Page {
        offset: 0,
        limit: 20,
    };
    let mut changing = rotating_contents(store)?;
    let is_cut = changing.len() > ROWS;
    changing.sort_by_key(|(_, boundary, _)| *boundary);
    changing.truncate(ROWS);
    let channels = changing.into_iter().map(|found| channel(store, found));
    Ok(OverviewPage {
        layout,
        given_up: deliveries::given_up(store, page)?,
        oldest: health.oldest_pending.map(UtcTime),
        channels: channels.collect::<Result<_, _>>()?,
        is_cut,
        health,
    })
}

/// A content, when its next period begins, and the current one's index.
type Changing = (ContentSummary, SystemTime, u64);

fn rotating_contents(store: &KeyStore) -> Result<Vec<Changing>, Problem> {
    let now = store.host().clock.system_time();
    let mut found = Vec::new();
    let mut offset = 0;
    loop {
        let page = Page {
            offset,
            limit: BATCH,
        };
        let contents = store.content_list(page)?;
        offset += contents.len() as u64;
        let is_last = contents.len() < BATCH as usize;
        found.extend(contents.into_iter().filter_map(|content| {
            let length = content.crypto_period?;
            let (index, (_, end)) = timeline::period(length, now)?;
            Some((content, end, index))
        }));
        if is_last {
            return Ok(found);
        }
    }
}

fn channel(store: &KeyStore, (content, boundary, index): Changing) -> Result<Channel, Problem> {
    let keys = store.periods(&content.id, index..index.saturating_add(2))?;
    let states = |period: u64| {
        let of = keys.iter().filter(|key| key.slot.period == period);
        of.map(|key| key.info.state.name()).collect()
    };
    Ok(Channel {
        length: content.crypto_period.map(exact).unwrap_or_default(),
        boundary: UtcTime(boundary),
        current: states(index),
        next: states(index + 1),
        scheme: content.scheme,
        id: content.id,
    })
}
