// SPDX-License-Identifier: MPL-2.0
//! `keys show`: all of a key, and the key itself only for a reason; or what files and manifests say of a content's keys.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::KeyId;
use clap::{ArgGroup, Args};
use content_key_store::KeyStore;
use key_server::deliveries;
use key_server::operations::preview;
use key_server::operations::preview::Preview;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::Answer;
use super::error::{EXIT_CODES, Error, read_kid};
use super::report::{Key, utc};
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys show sqlite:///var/lib/packager/keys.db 339c45b5-fb6d-4bd9-994c-eabd9d41c95b --kek-file keys.kek
  playready-packager keys show STORE tUWcM237uU2ZTOq9nUHJWw== --kek-file keys.kek --clear-key --reason 'ticket 4711'
  playready-packager keys show STORE --content film --kek-file keys.kek --json | jq -r .mpd";

/// Show a key without the key, or what files and manifests say of a content's keys
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
#[command(group = ArgGroup::new("what").required(true).args(["kid", "content"]))]
pub struct ShowArgs {
    #[command(flatten)]
    store: Store,
    /// A UUID, 32 hex digits, or base64 in PlayReady order
    #[arg(value_name = "KID")]
    kid: Option<String>,
    /// PlayReady Header, pssh box and texts for manifests of the content's last crypto period
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Write the key itself too; the audit keeps that and the reason
    #[arg(long, requires_all = ["reason", "kid"])]
    clear_key: bool,
    /// Why the key is to be seen, in 1 to 255 characters
    #[arg(long, value_name = "TEXT", requires = "clear_key")]
    reason: Option<String>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// One of the two.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown {
    Key(Box<KeyShown>),
    Content(Box<Preview>),
}

#[derive(Serialize)]
pub struct KeyShown {
    #[serde(flatten)]
    key: Key,
    /// CHECKSUM of PlayReady Headers, in base64; none in CBC.
    checksum: Option<String>,
    deliveries: Vec<Delivery>,
    /// Hex; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clear")]
    clear_key: Option<Zeroizing<String>>,
}

#[derive(Serialize)]
struct Delivery {
    target: String,
    state: &'static str,
    attempts: u64,
    acknowledged: Option<String>,
    error: Option<String>,
}

fn clear<S: Serializer>(key: &Option<Zeroizing<String>>, to: S) -> Result<S::Ok, S::Error> {
    key.as_deref().serialize(to)
}

impl ShowArgs {
    pub fn run(&self) -> Result<Shown, Error> {
        let store = self.store.open()?;
        match (&self.kid, &self.content) {
            (Some(kid), _) => self.key(&store, &read_kid(kid)?),
            (None, content) => {
                let content = content.as_deref().unwrap_or_default();
                let preview = preview::of_stored(&store, content, &self.store.key_uri())?;
                Ok(Shown::Content(Box::new(preview)))
            }
        }
    }

    fn key(&self, store: &KeyStore, kid: &KeyId) -> Result<Shown, Error> {
        let info = store.info(kid)?;
        let checksum = store.header_key_id(kid)?.checksum;
        let deliveries = deliveries::of_key(store, kid)?
            .into_iter()
            .map(|of| Delivery {
                state: of.state.name(),
                attempts: of.attempts,
                acknowledged: of.acknowledged.map(utc),
                error: of.error,
                target: of.target,
            });
        let reason = self.reason.as_ref().filter(|_| self.clear_key);
        let clear = reason.map(|reason| store.key_for(kid, &format!("shown: {reason}")));
        let clear = clear.transpose()?;
        Ok(Shown::Key(Box::new(KeyShown {
            key: Key::new(&info, store.slots_of(kid)?),
            checksum: checksum.map(|checksum| STANDARD.encode(checksum)),
            deliveries: deliveries.collect(),
            clear_key: clear.map(|stored| hex(stored.key.as_bytes())),
        })))
    }
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}

impl Answer for Shown {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Key(key) => key.write(out),
            Self::Content(preview) => write_preview(preview, out),
        }
    }
}

impl KeyShown {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let key = &self.key;
        let seed = key.seed.as_ref().map(|seed| format!(" '{seed}'"));
        let origin = format!("{}{}", key.origin, seed.unwrap_or_default());
        let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        for (name, value) in [
            ("KID", key.kid.uuid.clone()),
            ("  hex", key.kid.hex.clone()),
            ("  PlayReady order", key.kid.base64_playready.clone()),
            ("mode", key.mode.to_owned()),
            ("state", key.state.to_owned()),
            ("origin", origin),
            ("checksum", optional(&self.checksum)),
            ("made", key.created.clone()),
            ("delivered", optional(&key.delivered)),
            ("active", optional(&key.activated)),
            ("retired", optional(&key.retired)),
        ] {
            writeln!(out, "{name:18} {value}")?;
        }
        for track in &key.tracks {
            let (content, label, period) = (&track.content, &track.label, track.period);
            writeln!(
                out,
                "{:18} {content}, {label}, crypto period {period}",
                "for"
            )?;
        }
        for of in &self.deliveries {
            let error = of.error.as_ref().map(|error| format!(": {error}"));
            let (target, state, error) = (&of.target, of.state, error.unwrap_or_default());
            writeln!(out, "{:18} {target}: {state}{error}", "delivery")?;
        }
        match &self.clear_key {
            Some(clear) => writeln!(out, "{:18} {}", "key", clear.as_str()),
            None => Ok(()),
        }
    }
}

fn write_preview(preview: &Preview, out: &mut dyn Write) -> io::Result<()> {
    for key in &preview.kids {
        let checksum = key.checksum.as_deref().unwrap_or("-");
        let forms = &key.forms;
        writeln!(
            out,
            "KID {}, {} in PlayReady order, checksum {checksum}",
            forms.uuid, forms.base64_playready
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
