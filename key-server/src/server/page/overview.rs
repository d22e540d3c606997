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
use content_key_store::{KeyStore, RotatingContent};

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
/// The most deliveries in a table.
const GIVEN_UP: u32 = 20;

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
    let mut next = next_to_rotate(store, layout.now)?;
    let is_cut = next.len() > ROWS;
    next.truncate(ROWS);
    Ok(OverviewPage {
        layout,
        alarm,
        given_up: deliveries::given_up(store, GIVEN_UP)?,
        oldest: health.oldest_pending.map(UtcTime),
        channels: next
            .into_iter()
            .map(|next| channel(store, next))
            .collect::<Result<_, _>>()?,
        is_cut,
        health,
    })
}

/// A content and the crypto period in which it is.
struct CurrentPeriod {
    content: RotatingContent,
    /// The index of the period.
    period: u64,
    /// The time when the next period starts.
    boundary: SystemTime,
}

/// Returns the contents whose next periods start first, in this order: one more than a table has, if there are more. Contents with crypto
/// periods of one length start them at the same time.
fn next_to_rotate(store: &KeyStore, now: SystemTime) -> Result<Vec<CurrentPeriod>, Problem> {
    let mut lengths: Vec<_> = store
        .crypto_periods()?
        .into_iter()
        .filter_map(|length| {
            let period = period_at(length, now);
            Some((PeriodBounds::of(length, period)?.end, period, length))
        })
        .collect();
    lengths.sort();
    let mut next = Vec::new();
    for (boundary, period, length) in lengths {
        let left = (ROWS + 1).saturating_sub(next.len());
        if left == 0 {
            break;
        }
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        next.extend(
            store
                .rotating_every(length, left)?
                .into_iter()
                .map(|content| CurrentPeriod {
                    content,
                    period,
                    boundary,
                }),
        );
    }
    Ok(next)
}

fn channel(store: &KeyStore, current: CurrentPeriod) -> Result<Channel, Problem> {
    let CurrentPeriod {
        content,
        period,
        boundary,
    } = current;
    let keys = store.periods(&content.id, period..period.saturating_add(2))?;
    let states = |period: u64| {
        keys.iter()
            .filter(|key| key.slot.period == period)
            .map(|key| key.info.state.name())
            .collect()
    };
    Ok(Channel {
        length: exact(content.crypto_period),
        boundary: UtcTime(boundary),
        current: states(period),
        next: states(period.saturating_add(1)),
        scheme: content.scheme,
        id: content.id,
    })
}
