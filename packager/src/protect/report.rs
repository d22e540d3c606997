// SPDX-License-Identifier: MPL-2.0
//! What `protect` reports; `--json` writes these types as they are.

use std::io::{self, Write};

use cenc_types::Scheme;
use protection_policy::{KeyChange, Published, Signals};
use serde::Serialize;

/// A file that was protected.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The clear file.
    pub input: String,
    /// The protected file.
    pub output: String,
    /// The scheme.
    pub scheme: &'static str,
    /// All KIDs in use, each once.
    pub kids: Vec<String>,
    /// Samples, those of clear tracks included.
    pub samples: u64,
    /// Bytes of media.
    pub bytes: u64,
    /// Fragments; 0 for a file that stays progressive.
    pub fragments: u64,
    /// Bytes of the protected file.
    pub size: u64,
    /// For manifests; none when no track is protected.
    pub signaling: Option<Texts>,
    /// The crypto periods behind the first.
    pub key_changes: Vec<Change>,
}

/// What manifests say of keys.
#[derive(Debug, Serialize)]
pub struct Texts {
    /// KIDs in the order of the tracks.
    pub kids: Vec<String>,
    /// The PlayReady Object in base64.
    pub playready_object: Option<String>,
    /// ContentProtection elements of an MPD, a line each.
    pub content_protection: Option<String>,
    /// EXT-X-KEY lines of a media playlist.
    pub hls_key: Option<String>,
    /// Protection element of a Smooth Streaming manifest.
    pub smooth_protection: Option<String>,
}

/// A crypto period that began.
#[derive(Debug, Serialize)]
pub struct Change {
    /// Its number, from 0.
    pub period: u64,
    /// Decode time of its first fragment, in seconds.
    pub start: f64,
    /// What manifests say of its keys.
    pub signaling: Texts,
}

impl Texts {
    /// The texts of `signals` in a scheme.
    pub fn new(signals: &Signals, scheme: Scheme) -> Self {
        let published = Published::new(signals, scheme);
        Self {
            kids: published.key_ids,
            playready_object: published.playready_object,
            content_protection: published.content_protection,
            hls_key: published.hls_key,
            smooth_protection: published.smooth_protection,
        }
    }

    /// Writes them for people, each under its name.
    ///
    /// # Errors
    /// Whatever keeps them from being written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (name, text) in [
            ("PlayReady Object", &self.playready_object),
            ("MPD", &self.content_protection),
            ("HLS", &self.hls_key),
            ("Smooth", &self.smooth_protection),
        ] {
            if let Some(text) = text {
                writeln!(out, "\n{name}:\n{text}")?;
            }
        }
        Ok(())
    }
}

impl Change {
    /// The period that `change` tells of.
    pub fn new(change: &KeyChange, scheme: Scheme) -> Self {
        Self {
            period: change.period,
            start: change.start.as_secs_f64(),
            signaling: Texts::new(&change.signals, scheme),
        }
    }
}

impl Report {
    /// Writes it for people.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}", self.output, self.scheme)?;
        for kid in &self.kids {
            writeln!(out, "  KID {kid}")?;
        }
        let (samples, bytes, size) = (self.samples, self.bytes, self.size);
        write!(out, "  {samples} samples, {bytes} bytes of media")?;
        if self.fragments > 0 {
            write!(out, ", {} fragments", self.fragments)?;
        }
        writeln!(out, "; the file has {size} bytes")?;
        for change in &self.key_changes {
            let (period, start) = (change.period, change.start);
            writeln!(out, "  crypto period {period} from {start:.3} s")?;
        }
        match &self.signaling {
            Some(_) => writeln!(out, "  texts for manifests: --json"),
            None => writeln!(out, "  warning: no track is protected"),
        }
    }
}
