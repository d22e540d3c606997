// SPDX-License-Identifier: MPL-2.0
//! `keys retire`: keys that are to protect nothing new.

use std::io::{self, Write};

use clap::Args;
use content_key_store::KeyState;
use serde::Serialize;

use super::Answer;
use super::error::{EXIT_CODES, Error, read_kid};
use super::report::Key;
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys retire sqlite:///var/lib/packager/keys.db 339c45b5-fb6d-4bd9-994c-eabd9d41c95b --kek-file keys.kek";

/// Retire keys: they protect nothing new, and stay for what they have protected
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct RetireArgs {
    #[command(flatten)]
    store: Store,
    /// UUIDs, 32 hex digits, or base64 in PlayReady order
    #[arg(value_name = "KID", required = true)]
    kids: Vec<String>,
    /// Write one JSON array
    #[arg(long)]
    pub json: bool,
}

/// The keys.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Retired(Vec<Key>);

impl RetireArgs {
    pub fn run(&self) -> Result<Retired, Error> {
        let kids = self.kids.iter().map(|kid| read_kid(kid));
        let kids = kids.collect::<Result<Vec<_>, _>>()?;
        let store = self.store.open()?;
        let retired = kids.iter().map(|kid| {
            store.set_state(kid, KeyState::Retired)?;
            Ok(Key::new(&store.info(kid)?, store.slots_of(kid)?))
        });
        Ok(Retired(retired.collect::<Result<_, Error>>()?))
    }
}

impl Answer for Retired {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut keys = self.0.iter();
        keys.try_for_each(|key| writeln!(out, "{} is retired", key.kid.uuid))
    }
}
