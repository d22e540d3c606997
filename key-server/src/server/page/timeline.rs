// SPDX-License-Identifier: MPL-2.0
//! The picture of a content's crypto periods: a column for each period, a cell for each track's key, a mark for each delivery. This
//! module computes positions; the template draws them, and the style sheet has the colours.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::time_text::UtcTime;
use crate::deliveries::DeliveryState;
use crate::operations::timeline::{PeriodBounds, PeriodPhase, TimelineKey, TimelinePeriod};

/// The width of a column with its gap, in pixels.
const STEP: u64 = 132;
/// The width of the labels, in pixels.
const LABELS: u64 = 96;
/// The height of a column's head, in pixels.
const HEAD: u64 = 46;
/// The height of a cell, in pixels.
const ROW: u64 = 52;
/// The most columns: those of the last periods.
const COLUMNS: usize = 12;
/// The most marks of a cell; the table lists all deliveries.
const MARKS: usize = 6;

/// The picture that the template draws.
pub struct Picture {
    pub width: u64,
    pub height: u64,
    pub step: u64,
    pub columns: Vec<Column>,
    pub labels: Vec<Label>,
    /// The x position of the current time, if it is in a column.
    pub now: Option<u64>,
    /// The periods for the table, the last first.
    pub periods: Vec<TimelinePeriod>,
}

/// A crypto period.
pub struct Column {
    pub x: u64,
    pub index: u64,
    pub phase: &'static str,
    pub start: String,
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

/// Returns the phase of a period as a word, which is also its class in the style sheet.
pub const fn name(phase: &PeriodPhase) -> &'static str {
    match phase {
        PeriodPhase::Past => "past",
        PeriodPhase::Current => "current",
        PeriodPhase::Next => "next",
    }
}

impl Picture {
    /// Makes the picture of periods, which come with the last first.
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
        Self {
            x,
            index: period.index,
            phase: name(&period.phase),
            // It shows the time of day: the table has the date.
            start: period
                .bounds
                .and_then(|bounds| {
                    UtcTime(bounds.start)
                        .to_string()
                        .split_once(' ')
                        .map(|(_, time)| time.to_owned())
                })
                .unwrap_or_default(),
            cells: rows
                .iter()
                .zip((HEAD..).step_by(52))
                .filter_map(|(label, y)| {
                    let key = period.keys.iter().find(|key| key.label == **label)?;
                    Some(Cell::of(key, x, y))
                })
                .collect(),
        }
    }
}

impl Cell {
    fn of(key: &TimelineKey, x: u64, y: u64) -> Self {
        Self {
            y,
            label: key.label.clone(),
            kid: key.info.kid.to_string(),
            state: key.info.state.name(),
            marks: key
                .deliveries
                .iter()
                .take(MARKS)
                .zip((x + 23..).step_by(16))
                .map(|(delivery, x)| Mark {
                    x,
                    state: delivery.state.name(),
                    sign: match delivery.state {
                        DeliveryState::Acknowledged => "✓",
                        DeliveryState::Pending => "…",
                        DeliveryState::GivenUp => "!",
                    },
                    text: format!("{}: {}", delivery.target, delivery.state.name()),
                })
                .collect(),
        }
    }
}

/// Returns the x position of the current time within the column of a period; None outside of it.
fn now_in(period: &TimelinePeriod, x: u64, now: SystemTime) -> Option<u64> {
    let PeriodBounds { start, end } = period.bounds?;
    let length = end.duration_since(start).ok()?.as_millis();
    let offset = (now.duration_since(start).ok()?.as_millis() * 126)
        .checked_div(length)
        .filter(|offset| *offset <= 126)?;
    Some(x + u64::try_from(offset).ok()?)
}

fn short(label: &str) -> String {
    match label.chars().count() {
        0..=13 => label.to_owned(),
        _ => label.chars().take(12).chain(['…']).collect(),
    }
}
