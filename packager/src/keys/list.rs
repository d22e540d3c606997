// SPDX-License-Identifier: MPL-2.0
//! `keys list`: keys, the last made first, or the crypto periods of a content.

use std::io::{self, Write};
use std::time::SystemTime;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use content_key_store::{KeyFilter, KeyState, Page};
use key_server::operations::kid::KeyIdForms;
use key_server::operations::timeline::{Place, TimelinePeriod, timeline};
use serde::Serialize;

use super::Answer;
use super::error::{EXIT_CODES, Error};
use super::report::{HEADINGS, Key, table, utc};
use crate::store::Store;

const STATES: [KeyState; 4] = [
    KeyState::Planned,
    KeyState::Delivered,
    KeyState::Active,
    KeyState::Retired,
];

const EXAMPLES: &str = "\
Examples:
  playready-packager keys list sqlite:///var/lib/packager/keys.db --kek-file keys.kek --content film
  playready-packager keys list STORE --kek-file keys.kek --state planned --json
  playready-packager keys list STORE --kek-file keys.kek --content news --periods";

/// List keys, the last made first, without the keys themselves
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct ListArgs {
    #[command(flatten)]
    store: Store,
    /// Only those of a content
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Only those that are as far as this
    #[arg(long, value_parser = state(), conflicts_with = "periods")]
    state: Option<KeyState>,
    /// The content's crypto periods with their keys, the last ones first
    #[arg(long, requires = "content")]
    periods: bool,
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value = "100")]
    limit: u32,
    /// How many to leave out before them
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    offset: u64,
    /// Write one JSON array
    #[arg(long)]
    pub json: bool,
}

/// One of the lists.
#[derive(Serialize)]
#[serde(untagged)]
pub enum List {
    Keys(Vec<Key>),
    Periods(Vec<Period>),
}

#[derive(Serialize)]
pub struct Period {
    index: u64,
    /// In UTC, where keys change by the clock.
    start: Option<String>,
    end: Option<String>,
    place: &'static str,
    keys: Vec<PeriodKey>,
}

#[derive(Serialize)]
struct PeriodKey {
    label: String,
    #[serde(flatten)]
    kid: KeyIdForms,
    state: &'static str,
    /// Targets, and how far each delivery is.
    deliveries: Vec<(String, &'static str)>,
}

fn state() -> impl TypedValueParser<Value = KeyState> {
    let named = |name: String| STATES.into_iter().find(|state| state.name() == name);
    PossibleValuesParser::new(STATES.map(KeyState::name))
        .try_map(move |name| named(name).ok_or("no state of a key"))
}

impl ListArgs {
    pub fn run(&self) -> Result<List, Error> {
        let store = self.store.open()?;
        let page = Page {
            offset: self.offset,
            limit: self.limit,
        };
        if let (Some(content), true) = (&self.content, self.periods) {
            let periods = timeline(&store, content, (SystemTime::now(), page))?;
            return Ok(List::Periods(
                periods.into_iter().map(Period::new).collect(),
            ));
        }
        let filter = KeyFilter {
            content_id: self.content.clone(),
            state: self.state,
            ..KeyFilter::default()
        };
        let keys = store.keys(&filter, page)?.into_iter();
        let keys = keys.map(|info| Ok(Key::new(&info, store.slots_of(&info.kid)?)));
        Ok(List::Keys(keys.collect::<Result<_, Error>>()?))
    }
}

impl Period {
    fn new(of: TimelinePeriod) -> Self {
        let keys = of.keys.into_iter().map(|key| PeriodKey {
            label: key.label,
            kid: key.info.kid.into(),
            state: key.info.state.name(),
            deliveries: key
                .deliveries
                .into_iter()
                .map(|delivery| (delivery.target, delivery.state.name()))
                .collect(),
        });
        Self {
            index: of.index,
            start: of.bounds.map(|(start, _)| utc(start)),
            end: of.bounds.map(|(_, end)| utc(end)),
            place: match of.place {
                Place::Past => "past",
                Place::Current => "current",
                Place::Next => "next",
            },
            keys: keys.collect(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = [String; 6]> {
        self.keys.iter().map(|key| {
            let deliveries = key.deliveries.iter();
            let deliveries: Vec<_> = deliveries
                .map(|(target, state)| format!("{target} {state}"))
                .collect();
            [
                self.index.to_string(),
                self.place.to_owned(),
                self.start.clone().unwrap_or_else(|| "-".to_owned()),
                key.label.clone(),
                key.kid.uuid.clone(),
                [vec![key.state.to_owned()], deliveries].concat().join(", "),
            ]
        })
    }
}

impl Answer for List {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Keys(keys) => {
                let rows: Vec<_> = keys.iter().map(Key::row).collect();
                table(out, HEADINGS, &rows)
            }
            Self::Periods(periods) => {
                let headings = ["PERIOD", "", "START", "LABEL", "KID", "STATE"];
                let rows: Vec<_> = periods.iter().flat_map(Period::rows).collect();
                table(out, headings, &rows)
            }
        }
    }
}
