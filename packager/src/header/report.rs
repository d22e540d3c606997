// SPDX-License-Identifier: MPL-2.0
//! The report of `header`, which `--json` serializes.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Scheme;
use drm_signaling::{Drm, Playlist, hls};
use playready_header::{FoundHeader, RecordKind};
use protection_policy::Signals;
use serde::Serialize;

use super::notation::{EncodedHeader, Error, decode_utf_16};
use crate::inspect::report::{PlayReadyHeaderReport, is_violation};
use crate::inspect::text::write_header;
use crate::protect::report::ManifestTexts;

/// A header in all notations.
#[derive(Debug, Serialize)]
pub struct HeaderReport {
    /// The scheme of the texts for manifests.
    scheme: &'static str,
    /// The elements of the header.
    header: PlayReadyHeaderReport,
    /// WRMHEADER, unchanged.
    xml: String,
    /// The whole `pssh` box in base64.
    pssh: String,
    /// The EXT-X-SESSION-KEY line of a multivariant playlist.
    hls_session_key: Option<String>,
    /// The other texts for manifests.
    signaling: ManifestTexts,
    /// Violations of PlayReady's specification.
    errors: Vec<String>,
    /// Other deviations.
    notes: Vec<String>,
}

impl HeaderReport {
    /// Creates the report of a header. Without a scheme, the algorithm in the header determines it.
    ///
    /// # Errors
    /// [`Error::NoHeader`], [`Error::Header`].
    pub fn new(encoded: &EncodedHeader, scheme: Option<Scheme>) -> Result<Self, Error> {
        let record = encoded
            .object
            .records()
            .iter()
            .find(|record| record.kind == RecordKind::Header)
            .ok_or(Error::NoHeader)?;
        let header = FoundHeader::from_bytes(&record.value)?;
        let scheme = scheme.unwrap_or_else(|| scheme_of(&header));
        let drm = Drm::playready(encoded.object.clone(), encoded.pssh.clone());
        let hls_session_key = hls::key_lines(&drm, scheme, Playlist::Multivariant)
            .ok()
            .map(|lines| lines.join("\n"));
        let signals = Signals {
            kids: header.key_ids.iter().map(|key| key.kid).collect(),
            drms: vec![drm],
        };
        let (mut errors, mut notes) = (Vec::new(), Vec::new());
        for deviation in &header.deviations {
            match is_violation(deviation) {
                true => errors.push(deviation.to_string()),
                false => notes.push(deviation.to_string()),
            }
        }
        Ok(Self {
            scheme: scheme.name(),
            header: header.into(),
            xml: decode_utf_16(&record.value).unwrap_or_default(),
            pssh: STANDARD.encode(&encoded.pssh),
            hls_session_key,
            signaling: ManifestTexts::new(&signals, scheme),
            errors,
            notes,
        })
    }

    /// True if the header violates the specification.
    pub const fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Writes the report as text.
    ///
    /// # Errors
    /// Errors of `out`.
    pub fn write(&self, mut out: &mut dyn Write) -> io::Result<()> {
        write_header(&self.header, &mut out)?;
        writeln!(out, "\nXML:\n{}", self.xml)?;
        writeln!(out, "\npssh:\n{}", self.pssh)?;
        self.signaling.write(out)?;
        if let Some(line) = &self.hls_session_key {
            writeln!(out, "\nHLS, multivariant playlist:\n{line}")?;
        }
        for error in &self.errors {
            writeln!(out, "\nERROR {error}")?;
        }
        for note in &self.notes {
            writeln!(out, "\nnote {note}")?;
        }
        Ok(())
    }
}

/// Returns the scheme for the algorithm of a header. AESCBC serves cbc1 and cbcs, of which players support only cbcs.
fn scheme_of(header: &FoundHeader) -> Scheme {
    let is_cbc = header
        .key_ids
        .iter()
        .any(|key| key.algorithm.as_deref() == Some("AESCBC"));
    if is_cbc { Scheme::Cbcs } else { Scheme::Cenc }
}
