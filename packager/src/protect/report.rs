// SPDX-License-Identifier: MPL-2.0
//! The report of `protect`, which `--json` serializes.

use std::io::{self, Write};

use cenc_mp4::Totals;
use cenc_types::Scheme;
use protection_policy::{KeyChange, Packaging, Published, Signals};
use serde::Serialize;

use super::ProtectArgs;

/// The result of protecting a file.
#[derive(Debug, Serialize)]
pub struct ProtectReport {
    /// The name of the clear file, or the names of the segments.
    pub input: String,
    /// The name of the protected file.
    pub output: String,
    /// The scheme.
    pub scheme: &'static str,
    /// The KIDs in use, each once.
    pub kids: Vec<String>,
    /// The number of samples, including those of clear tracks.
    pub samples: u64,
    /// The size of the media data in bytes.
    pub bytes: u64,
    /// The number of fragments; 0 for a progressive file.
    pub fragments: u64,
    /// The size of the protected file in bytes.
    pub size: u64,
    /// The texts for manifests; None if no track is protected.
    pub signaling: Option<ManifestTexts>,
    /// The crypto periods after the first.
    pub key_changes: Vec<KeyChangeReport>,
}

/// The signaling of keys in manifests.
#[derive(Debug, Serialize)]
pub struct ManifestTexts {
    /// The KIDs in the order of the tracks.
    pub kids: Vec<String>,
    /// The PlayReady Object in base64.
    pub playready_object: Option<String>,
    /// The ContentProtection elements of an MPD, one per line.
    pub content_protection: Option<String>,
    /// The EXT-X-KEY lines of a media playlist.
    pub hls_key: Option<String>,
    /// The Protection element of a Smooth Streaming manifest.
    pub smooth_protection: Option<String>,
}

/// The start of a crypto period.
#[derive(Debug, Serialize)]
pub struct KeyChangeReport {
    /// The number of the period, from 0.
    pub period: u64,
    /// The decode time of its first fragment, in seconds.
    pub start: f64,
    /// The texts for manifests.
    pub signaling: ManifestTexts,
}

impl ManifestTexts {
    /// Creates the texts for a scheme.
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

    /// Writes each text with its name above it.
    ///
    /// # Errors
    /// Errors of `out`.
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

impl KeyChangeReport {
    /// Creates the report of a key change.
    pub fn new(change: &KeyChange, scheme: Scheme) -> Self {
        Self {
            period: change.period,
            start: change.start.as_secs_f64(),
            signaling: ManifestTexts::new(&change.signals, scheme),
        }
    }
}

impl ProtectReport {
    /// Creates the report of a file of `size` bytes.
    pub fn new(
        args: &ProtectArgs,
        packaging: &Packaging,
        totals: Totals,
        size: u64,
        key_changes: Vec<KeyChangeReport>,
    ) -> Self {
        let scheme = packaging.config().scheme;
        let signaling = packaging
            .signals()
            .map(|signals| ManifestTexts::new(signals, scheme));
        let mut kids: Vec<String> = Vec::new();
        for kid in signaling
            .iter()
            .chain(key_changes.iter().map(|change| &change.signaling))
            .flat_map(|texts| &texts.kids)
        {
            if !kids.contains(kid) {
                kids.push(kid.clone());
            }
        }
        Self {
            input: args
                .inputs
                .iter()
                .map(|input| input.display().to_string())
                .collect::<Vec<_>>()
                .join(", "),
            output: args.output.display().to_string(),
            scheme: scheme.name(),
            kids,
            samples: totals.samples,
            bytes: totals.bytes,
            fragments: totals.fragments,
            size,
            signaling,
            key_changes,
        }
    }

    /// Writes the report as text.
    ///
    /// # Errors
    /// Errors of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}", self.output, self.scheme)?;
        for kid in &self.kids {
            writeln!(out, "  KID {kid}")?;
        }
        write!(
            out,
            "  {} samples, {} bytes of media",
            self.samples, self.bytes
        )?;
        if self.fragments > 0 {
            write!(out, ", {} fragments", self.fragments)?;
        }
        writeln!(out, "; the file has {} bytes", self.size)?;
        for change in &self.key_changes {
            writeln!(
                out,
                "  crypto period {} from {:.3} s",
                change.period, change.start
            )?;
        }
        match &self.signaling {
            Some(_) => writeln!(out, "  use --json for the texts of manifests"),
            None => writeln!(out, "  warning: no track is protected"),
        }
    }
}
