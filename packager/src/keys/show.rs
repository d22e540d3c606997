// SPDX-License-Identifier: MPL-2.0
//! `keys show`: shows a key, its value only with a reason, or the signaling of a content's keys in files and manifests.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::KeyId;
use clap::{ArgGroup, Args};
use content_key_store::KeyStore;
use host_access::Host;
use key_server::deliveries;
use key_server::operations::preview::{self, PackagerKeys, Preview};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::CommandResult;
use super::error::{EXIT_CODES, Error, read_kid};
use super::report::{KeyReport, utc};
use crate::store::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys show sqlite:///var/lib/packager/keys.db 339c45b5-fb6d-4bd9-994c-eabd9d41c95b --kek-file keys.kek
  playready-packager keys show STORE tUWcM237uU2ZTOq9nUHJWw== --kek-file keys.kek --clear-key --reason 'ticket 4711'
  playready-packager keys show STORE --content film --kek-file keys.kek --json | jq -r .mpd";

/// Show a key without its value, or the signaling of a content's keys in files and manifests
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
#[command(group = ArgGroup::new("what").required(true).args(["kid", "content"]))]
pub struct ShowArgs {
    #[command(flatten)]
    store: StoreOptions,
    /// KID as a UUID, 32 hex digits, or base64 in PlayReady byte order
    #[arg(value_name = "KID")]
    kid: Option<String>,
    /// Show PlayReady Header, pssh box and texts for manifests of this content's last crypto period
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Show also the value of the key; the audit log records it with the reason
    #[arg(long, requires_all = ["reason", "kid"])]
    clear_key: bool,
    /// The reason for showing the value of the key, 1 to 255 characters
    #[arg(long, value_name = "TEXT", requires = "clear_key")]
    reason: Option<String>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The shown key or the signaling of a content.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ShownKeys {
    Key(Box<ShownKey>),
    Content(Box<Preview>),
}

#[derive(Serialize)]
pub struct ShownKey {
    #[serde(flatten)]
    key: KeyReport,
    /// CHECKSUM of PlayReady Headers in base64; None in CBC.
    checksum: Option<String>,
    deliveries: Vec<KeyDelivery>,
    /// The value in hex, with `--clear-key`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_key"
    )]
    clear_key: Option<Zeroizing<String>>,
}

#[derive(Serialize)]
struct KeyDelivery {
    target: String,
    state: &'static str,
    attempts: u64,
    acknowledged: Option<String>,
    error: Option<String>,
}

fn serialize_key<S: Serializer>(
    key: &Option<Zeroizing<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    key.as_deref().serialize(serializer)
}

impl ShowArgs {
    /// Reads the key or the content from the store.
    ///
    /// # Errors
    /// [`Error::Kid`], [`Error::Store`], [`Error::Operation`].
    pub fn run(&self, host: &Host) -> Result<ShownKeys, Error> {
        let store = self.store.open(host)?;
        match (&self.kid, &self.content) {
            (Some(kid), _) => Ok(ShownKeys::Key(Box::new(
                self.load_key(&store, &read_kid(kid)?)?,
            ))),
            (None, content) => {
                let content = content.as_deref().unwrap_or_default();
                let source = PackagerKeys::Store {
                    uri: self.store.key_uri(),
                };
                let preview = preview::of_stored(&store, content, &source)?;
                Ok(ShownKeys::Content(Box::new(preview)))
            }
        }
    }

    fn load_key(&self, store: &KeyStore, kid: &KeyId) -> Result<ShownKey, Error> {
        let info = store.info(kid)?;
        Ok(ShownKey {
            checksum: store
                .header_key_id(kid)?
                .checksum
                .map(|checksum| STANDARD.encode(checksum)),
            deliveries: deliveries::of_key(store, kid)?
                .into_iter()
                .map(|delivery| KeyDelivery {
                    state: delivery.state.name(),
                    attempts: delivery.attempts,
                    acknowledged: delivery.acknowledged.map(utc),
                    error: delivery.error,
                    target: delivery.target,
                })
                .collect(),
            clear_key: match &self.reason {
                Some(reason) if self.clear_key => {
                    let stored = store.key_for(kid, &format!("shown: {reason}"))?;
                    Some(hex(stored.key.as_bytes()))
                }
                _ => None,
            },
            key: KeyReport::load(store, &info)?,
        })
    }
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    text.extend(
        bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16)),
    );
    text
}

impl CommandResult for ShownKeys {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Key(key) => key.write(out),
            Self::Content(preview) => write_preview(preview, out),
        }
    }
}

impl ShownKey {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let key = &self.key;
        let origin = match &key.seed {
            Some(seed) => format!("{} '{seed}'", key.origin),
            None => key.origin.to_owned(),
        };
        for (name, value) in [
            ("KID", Some(key.kid.uuid.as_str())),
            ("  hex", Some(&key.kid.hex)),
            ("  PlayReady order", Some(&key.kid.base64_playready)),
            ("mode", Some(key.mode)),
            ("state", Some(key.state)),
            ("origin", Some(&origin)),
            ("checksum", self.checksum.as_deref()),
            ("made", Some(&key.created)),
            ("delivered", key.delivered.as_deref()),
            ("active", key.activated.as_deref()),
            ("draining", key.draining.as_deref()),
            ("retired", key.retired.as_deref()),
            ("compromised", key.compromised.as_deref()),
            ("leaf licence under", key.leaf_licence_root.as_deref()),
        ] {
            writeln!(out, "{name:18} {}", value.unwrap_or("-"))?;
        }
        for track in &key.tracks {
            writeln!(
                out,
                "{:18} {}, {}, crypto period {}",
                "for", track.content, track.label, track.period
            )?;
        }
        for delivery in &self.deliveries {
            write!(
                out,
                "{:18} {}: {}",
                "delivery", delivery.target, delivery.state
            )?;
            match &delivery.error {
                Some(error) => writeln!(out, ": {error}")?,
                None => writeln!(out)?,
            }
        }
        match &self.clear_key {
            Some(clear) => writeln!(out, "{:18} {}", "key", clear.as_str()),
            None => Ok(()),
        }
    }
}

fn write_preview(preview: &Preview, out: &mut dyn Write) -> io::Result<()> {
    for key in &preview.kids {
        writeln!(
            out,
            "KID {}, {} in PlayReady order, checksum {}",
            key.forms.uuid,
            key.forms.base64_playready,
            key.checksum.as_deref().unwrap_or("-")
        )?;
    }
    for (name, text) in [
        ("PlayReady Header", Some(&preview.header_xml)),
        ("PlayReady Object", Some(&preview.object_base64)),
        ("pssh", Some(&preview.pssh_base64)),
        ("MPD", Some(&preview.mpd)),
        ("HLS, media playlists", preview.hls_media.as_ref()),
        (
            "HLS, multivariant playlist",
            preview.hls_multivariant.as_ref(),
        ),
        ("Smooth", preview.smooth.as_ref()),
        ("Protect a file", Some(&preview.gst_launch)),
    ] {
        if let Some(text) = text {
            writeln!(out, "\n{name}:\n{text}")?;
        }
    }
    Ok(())
}
