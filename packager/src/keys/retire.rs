// SPDX-License-Identifier: MPL-2.0
//! `keys retire`: marks keys as retired or compromised, so that they protect no new content.

use std::io::{self, Write};

use clap::Args;
use content_key_store::KeyState;
use host_access::Host;
use serde::Serialize;

use super::CommandResult;
use super::error::{EXIT_CODES, Error, read_kid};
use super::report::KeyReport;
use crate::store::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys retire sqlite:///var/lib/packager/keys.db 339c45b5-fb6d-4bd9-994c-eabd9d41c95b --kek-file keys.kek";

/// Retire keys: they protect no new content, and are kept for the content that they have protected
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct RetireArgs {
    #[command(flatten)]
    store: StoreOptions,
    /// KIDs, each as a UUID, 32 hex digits, or base64 in PlayReady byte order
    #[arg(value_name = "KID", required = true)]
    kids: Vec<String>,
    /// Others know the keys: licence servers do not get them any more either
    #[arg(long)]
    compromised: bool,
    /// Write one JSON array
    #[arg(long)]
    pub json: bool,
}

/// The retired keys.
#[derive(Serialize)]
#[serde(transparent)]
pub struct RetiredKeys(Vec<KeyReport>);

impl RetireArgs {
    /// Retires the keys.
    ///
    /// # Errors
    /// [`Error::Kid`], [`Error::Store`].
    pub fn run(&self, host: &Host) -> Result<RetiredKeys, Error> {
        // All KIDs are checked before the first key is retired.
        let kids: Vec<_> = self
            .kids
            .iter()
            .map(|kid| read_kid(kid))
            .collect::<Result<_, _>>()?;
        let state = match self.compromised {
            true => KeyState::Compromised,
            false => KeyState::Retired,
        };
        let store = self.store.open(host)?;
        kids.iter()
            .map(|kid| {
                store.set_state(kid, state)?;
                KeyReport::load(&store, &store.info(kid)?)
            })
            .collect::<Result<_, Error>>()
            .map(RetiredKeys)
    }
}

impl CommandResult for RetiredKeys {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0
            .iter()
            .try_for_each(|key| writeln!(out, "{} is {}", key.kid.uuid, key.state))
    }
}
