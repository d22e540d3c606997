// SPDX-License-Identifier: MPL-2.0
//! A header in all notations; `--json` writes these types as they are.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Scheme;
use drm_signaling::{Drm, Playlist, hls};
use playready_header::{FoundHeader, RecordKind};
use protection_policy::Signals;
use serde::Serialize;

use super::notation::{Error, Found, utf_16};
use crate::inspect::report::{Header, is_fault};
use crate::inspect::text::write_header;
use crate::protect::report::Texts;

/// A header, what is around it, and what manifests say of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The scheme of the texts.
    scheme: &'static str,
    /// What the header says.
    header: Header,
    /// WRMHEADER as it stands.
    xml: String,
    /// The whole `pssh` box in base64.
    pssh: String,
    /// EXT-X-SESSION-KEY line of a multivariant playlist.
    hls_session_key: Option<String>,
    /// What else manifests say.
    signaling: Texts,
    /// Where the header breaks PlayReady's specification.
    errors: Vec<String>,
    /// What else is worth knowing.
    notes: Vec<String>,
}

impl Report {
    /// All notations of a header; without a scheme, by the algorithm that it names.
    ///
    /// # Errors
    /// [`Error::NoHeader`], [`Error::Header`].
    pub fn new(found: &Found, scheme: Option<Scheme>) -> Result<Self, Error> {
        let records = found.object.records().iter();
        let mut headers = records.filter(|record| record.kind == RecordKind::Header);
        let record = headers.next().ok_or(Error::NoHeader)?;
        let mut header = FoundHeader::from_bytes(&record.value)?;
        let scheme = scheme.unwrap_or_else(|| scheme_of(&header));
        let drm = Drm::playready(found.object.clone(), found.pssh.clone());
        let session = hls::key_lines(&drm, scheme, Playlist::Multivariant);
        let signals = Signals {
            kids: header.key_ids.iter().map(|key| key.kid).collect(),
            drms: vec![drm],
        };
        let deviations = std::mem::take(&mut header.deviations);
        let (errors, notes): (Vec<_>, Vec<_>) = deviations.iter().partition(|d| is_fault(d));
        let text = |deviations: Vec<_>| deviations.into_iter().map(ToString::to_string).collect();
        Ok(Self {
            scheme: scheme.name(),
            header: header.into(),
            xml: utf_16(&record.value).unwrap_or_default(),
            pssh: STANDARD.encode(&found.pssh),
            hls_session_key: session.ok().map(|lines| lines.join("\n")),
            signaling: Texts::new(&signals, scheme),
            errors: text(errors),
            notes: text(notes),
        })
    }

    /// Whether the header breaks the specification.
    pub const fn has_faults(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    pub fn write(&self, mut out: &mut dyn Write) -> io::Result<()> {
        write_header(&self.header, &mut out)?;
        writeln!(out, "\nXML:\n{}", self.xml)?;
        writeln!(out, "\npssh:\n{}", self.pssh)?;
        self.signaling.write(out)?;
        if let Some(line) = &self.hls_session_key {
            writeln!(out, "\nHLS, multivariant playlist:\n{line}")?;
        }
        let errors = self.errors.iter().map(|text| ("ERROR", text));
        let notes = self.notes.iter().map(|text| ("note", text));
        for (severity, text) in errors.chain(notes) {
            writeln!(out, "\n{severity} {text}")?;
        }
        Ok(())
    }
}

/// AESCBC is for cbc1 and cbcs, of which players know the second.
fn scheme_of(header: &FoundHeader) -> Scheme {
    let mut algorithms = header.key_ids.iter().map(|key| key.algorithm.as_deref());
    match algorithms.any(|algorithm| algorithm == Some("AESCBC")) {
        true => Scheme::Cbcs,
        false => Scheme::Cenc,
    }
}
