// SPDX-License-Identifier: MPL-2.0
//! `keys rotate`: creates the keys of the next crypto period, or of all periods that start soon.

use std::io::{self, Write};

use clap::Args;
use content_key_store::{KeyInfo, KeyStore};
use host_access::Host;
use key_server::operations::rotation::{prepare, rotate_now, turn};
use serde::Serialize;

use super::CommandResult;
use super::error::{EXIT_CODES, Error};
use super::report::{HEADINGS, KeyReport, now, write_table};
use crate::store::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys rotate sqlite:///var/lib/packager/keys.db news --kek-file keys.kek
  playready-packager keys rotate STORE news --kek-file keys.kek --ahead 2";

/// Create the keys of a content's next crypto period now or, with --ahead, those of the periods that start soon; the content must have
/// a crypto period
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct RotateArgs {
    #[command(flatten)]
    store: StoreOptions,
    /// The content
    #[arg(value_name = "CONTENT")]
    content: String,
    /// Create the missing keys of the current crypto period and of this many periods after it, and activate keys and let them drain
    /// by the clock; for a content whose packagers number crypto periods by UTC
    #[arg(long, value_name = "PERIODS")]
    ahead: Option<u8>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The keys that were created and those whose state has changed.
#[derive(Default, Serialize)]
pub struct RotatedKeys {
    /// The keys of the coming periods.
    keys: Vec<KeyReport>,
    /// KIDs that became active.
    activated: Vec<String>,
    /// KIDs that drain from now on.
    draining: Vec<String>,
    /// KIDs that should be active, but have not been acknowledged by a delivery target.
    waiting: Vec<String>,
}

impl RotateArgs {
    /// Creates the keys and changes their states.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Operation`].
    pub fn run(&self, host: &Host) -> Result<RotatedKeys, Error> {
        let store = self.store.open(host)?;
        let Some(ahead) = self.ahead else {
            return Ok(RotatedKeys {
                keys: load_reports(&store, &rotate_now(&store, &self.content)?)?,
                ..RotatedKeys::default()
            });
        };
        let now = now(host);
        let created = prepare(&store, &self.content, now, ahead)?;
        let turned = turn(&store, &self.content, now)?;
        let texts = |kids: &[_]| kids.iter().map(ToString::to_string).collect();
        Ok(RotatedKeys {
            keys: load_reports(&store, &created)?,
            activated: texts(&turned.activated),
            draining: texts(&turned.draining),
            waiting: texts(&turned.waiting),
        })
    }
}

fn load_reports(store: &KeyStore, keys: &[KeyInfo]) -> Result<Vec<KeyReport>, Error> {
    keys.iter().map(|key| KeyReport::load(store, key)).collect()
}

impl CommandResult for RotatedKeys {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows: Vec<_> = self.keys.iter().map(KeyReport::row).collect();
        write_table(out, HEADINGS, &rows)?;
        for kid in &self.activated {
            writeln!(out, "{kid} is now active")?;
        }
        for kid in &self.draining {
            writeln!(out, "{kid} is now draining")?;
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        self.waiting
            .iter()
            .map(|kid| {
                format!("KID {kid} should be active, but not all targets have acknowledged it")
            })
            .collect()
    }
}
