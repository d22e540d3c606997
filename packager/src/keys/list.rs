// SPDX-License-Identifier: MPL-2.0
//! `keys list`: lists keys, the latest first, or the crypto periods of a content.

use std::io::{self, Write};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use content_key_store::{KeyFilter, KeyState, Page};
use host_access::Host;
use key_server::operations::kid::KeyIdForms;
use key_server::operations::timeline::{PeriodPhase, TimelineKey, TimelinePeriod, timeline};
use serde::{Serialize, Serializer};

use super::CommandResult;
use super::error::{EXIT_CODES, Error};
use super::report::{HEADINGS, KeyReport, now, utc, write_table};
use crate::store::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys list sqlite:///var/lib/packager/keys.db --kek-file keys.kek --content film
  playready-packager keys list STORE --kek-file keys.kek --state planned --json
  playready-packager keys list STORE --kek-file keys.kek --content news --periods";

/// List keys, the latest first, without their values
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct ListArgs {
    #[command(flatten)]
    store: StoreOptions,
    /// List only the keys of a content
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// List only the keys in this state
    #[arg(long, value_parser = state_parser(), conflicts_with = "periods")]
    state: Option<KeyState>,
    /// List the crypto periods of the content with their keys, the latest first
    #[arg(long, requires = "content")]
    periods: bool,
    /// The largest number of keys to list
    #[arg(long, value_name = "NUMBER", default_value = "100")]
    limit: u32,
    /// The number of keys to skip at the start
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    offset: u64,
    /// Write one JSON array
    #[arg(long)]
    pub json: bool,
}

/// The listed keys or crypto periods.
#[derive(Serialize)]
#[serde(untagged)]
pub enum KeyList {
    Keys(Vec<KeyReport>),
    Periods(Vec<PeriodReport>),
}

#[derive(Serialize)]
pub struct PeriodReport {
    index: u64,
    /// The start in UTC, if keys change by the clock.
    start: Option<String>,
    end: Option<String>,
    place: &'static str,
    keys: Vec<ListedPeriodKey>,
}

#[derive(Serialize)]
struct ListedPeriodKey {
    label: String,
    #[serde(flatten)]
    kid: KeyIdForms,
    state: &'static str,
    deliveries: Vec<PeriodDelivery>,
}

/// The delivery of a key to a target.
struct PeriodDelivery {
    target: String,
    state: &'static str,
}

impl Serialize for PeriodDelivery {
    /// Serializes the delivery as an array of target and state.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.target, self.state).serialize(serializer)
    }
}

fn state_parser() -> impl TypedValueParser<Value = KeyState> {
    PossibleValuesParser::new(KeyState::ALL.map(KeyState::name)).try_map(|name| {
        KeyState::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or("no state of a key")
    })
}

impl ListArgs {
    /// Reads the list from the store.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Operation`].
    pub fn run(&self, host: &Host) -> Result<KeyList, Error> {
        let store = self.store.open(host)?;
        let page = Page {
            offset: self.offset,
            limit: self.limit,
        };
        if let (Some(content), true) = (&self.content, self.periods) {
            let periods = timeline(&store, content, now(host), page)?;
            return Ok(KeyList::Periods(
                periods.into_iter().map(PeriodReport::from).collect(),
            ));
        }
        let filter = KeyFilter {
            content_id: self.content.clone(),
            state: self.state,
            ..KeyFilter::default()
        };
        store
            .keys(&filter, page)?
            .iter()
            .map(|key| KeyReport::load(&store, key))
            .collect::<Result<_, _>>()
            .map(KeyList::Keys)
    }
}

impl From<TimelinePeriod> for PeriodReport {
    fn from(period: TimelinePeriod) -> Self {
        Self {
            index: period.index,
            start: period.bounds.map(|bounds| utc(bounds.start)),
            end: period.bounds.map(|bounds| utc(bounds.end)),
            place: match period.phase {
                PeriodPhase::Past => "past",
                PeriodPhase::Current => "current",
                PeriodPhase::Next => "next",
            },
            keys: period.keys.into_iter().map(ListedPeriodKey::from).collect(),
        }
    }
}

impl From<TimelineKey> for ListedPeriodKey {
    fn from(key: TimelineKey) -> Self {
        Self {
            label: key.label,
            kid: key.info.kid.into(),
            state: key.info.state.name(),
            deliveries: key
                .deliveries
                .into_iter()
                .map(|delivery| PeriodDelivery {
                    target: delivery.target,
                    state: delivery.state.name(),
                })
                .collect(),
        }
    }
}

impl PeriodReport {
    /// Returns the cells of a table row for each key.
    fn rows(&self) -> impl Iterator<Item = [String; 6]> {
        self.keys.iter().map(|key| {
            [
                self.index.to_string(),
                self.place.to_owned(),
                self.start.clone().unwrap_or_else(|| "-".to_owned()),
                key.label.clone(),
                key.kid.uuid.clone(),
                key.state_text(),
            ]
        })
    }
}

impl ListedPeriodKey {
    /// Returns the state of the key and of its deliveries.
    fn state_text(&self) -> String {
        let mut text = self.state.to_owned();
        for delivery in &self.deliveries {
            text += &format!(", {} {}", delivery.target, delivery.state);
        }
        text
    }
}

impl CommandResult for KeyList {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Keys(keys) => {
                let rows: Vec<_> = keys.iter().map(KeyReport::row).collect();
                write_table(out, HEADINGS, &rows)
            }
            Self::Periods(periods) => {
                let headings = ["PERIOD", "", "START", "LABEL", "KID", "STATE"];
                let rows: Vec<_> = periods.iter().flat_map(PeriodReport::rows).collect();
                write_table(out, headings, &rows)
            }
        }
    }
}
