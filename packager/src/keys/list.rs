// SPDX-License-Identifier: MPL-2.0
//! `keys list`: lists keys, the latest first, or the crypto periods of a content.

use std::io::{self, Write};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use content_key_store::{Cursor, KeyFilter, KeyState, Page, PageStart};
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
    /// List what comes after this place, which the list before has named
    #[arg(long, value_name = "PLACE", value_parser = parse_cursor, conflicts_with_all = ["before", "last"])]
    after: Option<Cursor>,
    /// List what comes before this place, which the list after has named
    #[arg(long, value_name = "PLACE", value_parser = parse_cursor, conflicts_with = "last")]
    before: Option<Cursor>,
    /// List the end
    #[arg(long)]
    last: bool,
    /// Write one JSON array
    #[arg(long)]
    pub json: bool,
}

/// A page of keys or crypto periods.
pub struct KeyList {
    entries: KeyEntries,
    next: Option<PageStart>,
    previous: Option<PageStart>,
}

/// The listed keys or crypto periods.
#[derive(Serialize)]
#[serde(untagged)]
enum KeyEntries {
    Keys(Vec<KeyReport>),
    Periods(Vec<PeriodReport>),
}

impl Serialize for KeyList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
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
        let page = self.page();
        if let (Some(content), true) = (&self.content, self.periods) {
            let timeline = timeline(&store, content, now(host), &page)?;
            return Ok(KeyList {
                entries: KeyEntries::Periods(
                    timeline
                        .periods
                        .into_iter()
                        .map(PeriodReport::from)
                        .collect(),
                ),
                next: timeline.next,
                previous: timeline.previous,
            });
        }
        let filter = KeyFilter {
            content_id: self.content.clone(),
            state: self.state,
            ..KeyFilter::default()
        };
        let listed = store.keys(&filter, &page)?;
        Ok(KeyList {
            entries: KeyEntries::Keys(
                listed
                    .entries
                    .iter()
                    .map(|key| KeyReport::load(&store, key))
                    .collect::<Result<_, _>>()?,
            ),
            next: listed.next,
            previous: listed.previous,
        })
    }

    fn page(&self) -> Page {
        let start = match (&self.after, &self.before) {
            (Some(after), _) => PageStart::After(after.clone()),
            (None, Some(before)) => PageStart::Before(before.clone()),
            (None, None) if self.last => PageStart::Last,
            (None, None) => PageStart::First,
        };
        Page {
            limit: self.limit,
            start,
        }
    }
}

fn parse_cursor(text: &str) -> Result<Cursor, String> {
    Cursor::parse(text).map_err(|error| error.to_string())
}

impl KeyList {
    /// Says on standard error how the list goes on.
    pub fn hint(&self) {
        for (start, what) in [(&self.next, "next"), (&self.previous, "previous")] {
            match start {
                Some(PageStart::After(place)) => eprintln!("{what} page: --after '{place}'"),
                Some(PageStart::Before(place)) => eprintln!("{what} page: --before '{place}'"),
                Some(PageStart::Last) => eprintln!("{what} page: --last"),
                Some(PageStart::First) | None => (),
            }
        }
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
        match &self.entries {
            KeyEntries::Keys(keys) => {
                let rows: Vec<_> = keys.iter().map(KeyReport::row).collect();
                write_table(out, HEADINGS, &rows)
            }
            KeyEntries::Periods(periods) => {
                let headings = ["PERIOD", "", "START", "LABEL", "KID", "STATE"];
                let rows: Vec<_> = periods.iter().flat_map(PeriodReport::rows).collect();
                write_table(out, headings, &rows)
            }
        }
    }
}
