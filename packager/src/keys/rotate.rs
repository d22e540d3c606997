// SPDX-License-Identifier: MPL-2.0
//! `keys rotate`: the keys of the next crypto period, or of all that come soon.

use std::io::{self, Write};
use std::time::SystemTime;

use clap::Args;
use content_key_store::{KeyInfo, KeyStore};
use key_server::operations::rotation::{prepare, rotate_now, turn};
use serde::Serialize;

use super::Answer;
use super::error::{EXIT_CODES, Error};
use super::report::{HEADINGS, Key, table};
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys rotate sqlite:///var/lib/packager/keys.db film --kek-file keys.kek
  playready-packager keys rotate STORE news --kek-file keys.kek --ahead 2";

/// Make the keys of a content's next crypto period at once, or by the clock those of the ones to come
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct RotateArgs {
    #[command(flatten)]
    store: Store,
    /// The content
    #[arg(value_name = "CONTENT")]
    content: String,
    /// Of a content with a crypto period, whose packagers count periods by UTC: make what is missing of the current period and
    /// this many behind it, and let keys begin and end by the clock
    #[arg(long, value_name = "PERIODS")]
    ahead: Option<u8>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What became of keys.
#[derive(Default, Serialize)]
pub struct Rotated {
    /// Keys of the periods to come.
    keys: Vec<Key>,
    /// KIDs that are in use now.
    activated: Vec<String>,
    /// KIDs whose time is over.
    retired: Vec<String>,
    /// KIDs that should be in use, but a target has not acknowledged them.
    waiting: Vec<String>,
}

impl RotateArgs {
    pub fn run(&self) -> Result<Rotated, Error> {
        let store = self.store.open()?;
        let Some(ahead) = self.ahead else {
            let keys = keys(&store, &rotate_now(&store, &self.content)?)?;
            return Ok(Rotated {
                keys,
                ..Rotated::default()
            });
        };
        let now = SystemTime::now();
        let made = prepare(&store, &self.content, (now, ahead))?;
        let turned = turn(&store, &self.content, now)?;
        let texts = |kids: &[_]| kids.iter().map(ToString::to_string).collect();
        Ok(Rotated {
            keys: keys(&store, &made)?,
            activated: texts(&turned.activated),
            retired: texts(&turned.retired),
            waiting: texts(&turned.waiting),
        })
    }
}

fn keys(store: &KeyStore, infos: &[KeyInfo]) -> Result<Vec<Key>, Error> {
    let keys = infos.iter();
    keys.map(|info| Ok(Key::new(info, store.slots_of(&info.kid)?)))
        .collect()
}

impl Answer for Rotated {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows: Vec<_> = self.keys.iter().map(Key::row).collect();
        table(out, HEADINGS, &rows)?;
        for (what, kids) in [("active", &self.activated), ("retired", &self.retired)] {
            kids.iter()
                .try_for_each(|kid| writeln!(out, "{kid} is {what} now"))?;
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        let waiting = self.waiting.iter();
        waiting
            .map(|kid| format!("KID {kid} should be in use, but not all targets have it"))
            .collect()
    }
}
