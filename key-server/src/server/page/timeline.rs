// SPDX-License-Identifier: MPL-2.0
//! The picture of a content's crypto periods: a column for each, in it the tracks' keys, in these a mark for each delivery. Only
//! places are computed here; the template draws, and the style sheet paints.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::time_text::UtcTime;
use crate::deliveries::DeliveryState;
use crate::operations::timeline::{Place, TimelineKey, TimelinePeriod};

/// Width of a column with its gap, of the labels before them, and heights of a column's head and of a key.
const STEP: u64 = 132;
const LABELS: u64 = 96;
const HEAD: u64 = 46;
const ROW: u64 = 52;
/// Columns at most: the last periods.
const COLUMNS: usize = 12;
/// Marks of a key at most; the table has them all.
const MARKS: usize = 6;

/// What the template draws.
pub struct Picture {
    pub width: u64,
    pub height: u64,
    pub step: u64,
    pub columns: Vec<Column>,
    pub labels: Vec<Label>,
    /// Where now is, if it is in a column.
    pub now: Option<u64>,
    /// The periods, the last first, as the table lists them.
    pub periods: Vec<TimelinePeriod>,
}

/// A crypto period.
pub struct Column {
    pub x: u64,
    pub index: u64,
    pub place: &'static str,
    pub begins: String,
    pub cells: Vec<Cell>,
}

/// A track's key.
pub struct Cell {
    pub y: u64,
    pub label: String,
    pub kid: String,
    pub state: &'static str,
    pub marks: Vec<Mark>,
}

/// A delivery.
pub struct Mark {
    pub x: u64,
    pub state: &'static str,
    pub sign: &'static str,
    pub text: String,
}

/// A track.
pub struct Label {
    pub y: u64,
    pub text: String,
}

/// Where a period is, in words.
pub const fn name(place: &Place) -> &'static str {
    match place {
        Place::Past => "past",
        Place::Current => "current",
        Place::Next => "next",
    }
}

impl Picture {
    /// A picture of periods, of which the last ones come first.
    pub fn of(periods: Vec<TimelinePeriod>, now: SystemTime) -> Self {
        let shown = periods.iter().take(COLUMNS);
        let labels: BTreeSet<&str> = shown
            .clone()
            .flat_map(|period| period.keys.iter().map(|key| key.label.as_str()))
            .collect();
        let rows: Vec<&str> = labels.into_iter().collect();
        let order = shown.rev().zip((LABELS..).step_by(132));
        let columns: Vec<_> = order
            .clone()
            .map(|(period, x)| Column::of(period, x, &rows))
            .collect();
        Self {
            width: LABELS + STEP * columns.len() as u64,
            height: HEAD + ROW * rows.len() as u64 + 6,
            step: STEP,
            now: order.clone().find_map(|(period, x)| now_in(period, x, now)),
            labels: rows
                .iter()
                .zip((HEAD..).step_by(52))
                .map(|(label, y)| Label {
                    y: y + 26,
                    text: short(label),
                })
                .collect(),
            columns,
            periods,
        }
    }
}

impl Column {
    fn of(period: &TimelinePeriod, x: u64, rows: &[&str]) -> Self {
        let places = rows.iter().zip((HEAD..).step_by(52));
        let cells = places.filter_map(|(label, y)| {
            let key = period.keys.iter().find(|key| key.label == **label)?;
            Some(Cell::of(key, (x, y)))
        });
        let begins = period.bounds.map(|(begin, _)| UtcTime(begin).to_string());
        Self {
            x,
            index: period.index,
            place: name(&period.place),
            // The time of day: the table has the date.
            begins: begins
                .and_then(|text| text.split_once(' ').map(|(_, time)| time.to_owned()))
                .unwrap_or_default(),
            cells: cells.collect(),
        }
    }
}

impl Cell {
    fn of(key: &TimelineKey, (x, y): (u64, u64)) -> Self {
        let places = key
            .deliveries
            .iter()
            .take(MARKS)
            .zip((x + 23..).step_by(16));
        let marks = places.map(|(delivery, x)| Mark {
            x,
            state: delivery.state.name(),
            sign: match delivery.state {
                DeliveryState::Acknowledged => "✓",
                DeliveryState::Pending => "…",
                DeliveryState::GivenUp => "!",
            },
            text: format!("{}: {}", delivery.target, delivery.state.name()),
        });
        Self {
            y,
            label: key.label.clone(),
            kid: key.info.kid.to_string(),
            state: key.info.state.name(),
            marks: marks.collect(),
        }
    }
}

fn now_in(period: &TimelinePeriod, x: u64, now: SystemTime) -> Option<u64> {
    let (begin, end) = period.bounds?;
    let length = end.duration_since(begin).ok()?.as_millis();
    let gone = now.duration_since(begin).ok()?.as_millis();
    let along = (gone * 126)
        .checked_div(length)
        .filter(|along| *along <= 126)?;
    Some(x + u64::try_from(along).ok()?)
}

fn short(label: &str) -> String {
    match label.chars().count() {
        0..=13 => label.to_owned(),
        _ => label.chars().take(12).chain(['…']).collect(),
    }
}
