// SPDX-License-Identifier: MPL-2.0
//! The report of `package`, which `--json` serializes.

use std::io::{self, Write};

use presentation::model::{Presentation, PresentedTrack, TrackFiles, TrackMedia};
use serde::Serialize;

use super::args::PackageArgs;
use super::folder::Manifest;

/// The result of packaging.
#[derive(Debug, Serialize)]
pub struct PackageReport {
    /// The folder of the presentation.
    pub output: String,
    /// The scheme; None if all tracks are clear.
    pub scheme: Option<&'static str>,
    /// The names of the manifests.
    pub manifests: Vec<&'static str>,
    /// The tracks.
    pub tracks: Vec<TrackReport>,
}

/// A track of the presentation.
#[derive(Debug, Serialize)]
pub struct TrackReport {
    /// Its name.
    pub name: String,
    /// The codecs parameter; None for a WebVTT file.
    pub codecs: Option<String>,
    /// The pixels of a picture.
    pub resolution: Option<String>,
    /// The language.
    pub language: Option<String>,
    /// The length in seconds.
    pub duration: f64,
    /// The number of media segments.
    pub segments: usize,
    /// The size of its media segments, or of its WebVTT file, in bytes.
    pub size: u64,
    /// The KIDs in the order of use; none if it is clear.
    pub kids: Vec<String>,
}

impl PackageReport {
    /// Creates the report of a presentation.
    pub fn new(args: &PackageArgs, presentation: &Presentation, manifests: &[Manifest]) -> Self {
        let protections = presentation
            .tracks
            .iter()
            .filter_map(PresentedTrack::first_protection);
        Self {
            output: args.output.display().to_string(),
            scheme: protections
                .map(|protection| protection.scheme.name())
                .next(),
            manifests: manifests.iter().map(|manifest| manifest.name).collect(),
            tracks: presentation.tracks.iter().map(TrackReport::new).collect(),
        }
    }

    /// Writes the report as text. Its last line says how to play the presentation.
    ///
    /// # Errors
    /// Errors of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}", self.output, self.scheme.unwrap_or("clear"))?;
        for track in &self.tracks {
            track.write(out)?;
        }
        let manifests = self.manifests.join(" or ");
        writeln!(
            out,
            "  play it: let a web server with CORS serve {}, for instance python3 -m http.server -d {}, and give a player {manifests}",
            self.output, self.output
        )
    }
}

impl TrackReport {
    fn new(track: &PresentedTrack) -> Self {
        let mut kids: Vec<String> = track
            .parts()
            .flat_map(|part| {
                part.protection
                    .map(|protection| (part.segments, protection))
            })
            .flat_map(|(segments, protection)| {
                let changes = protection.key_changes.iter();
                // A root key, which `tenc` names above leaf licences, protects no sample.
                let protects = changes
                    .clone()
                    .all(|change| change.segment > segments.start);
                let first = protects.then_some(protection.default_kid);
                first.into_iter().chain(changes.map(|change| change.kid))
            })
            .map(|kid| kid.to_string())
            .collect();
        kids.dedup();
        Self {
            name: track.name.clone(),
            codecs: Some(track.codecs.clone()).filter(|codecs| !codecs.is_empty()),
            resolution: match track.media {
                TrackMedia::Video { width, height, .. } => Some(format!("{width}x{height}")),
                TrackMedia::Audio { .. } | TrackMedia::Text => None,
            },
            language: track.language.clone(),
            duration: track.duration.as_secs_f64(),
            segments: track.segments.len(),
            size: match &track.files {
                TrackFiles::WebVtt { size, .. } => *size,
                _ => track
                    .segments
                    .iter()
                    .map(|segment| segment.bytes.end - segment.bytes.start)
                    .sum(),
            },
            kids,
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "  {}", self.name)?;
        for detail in self.codecs.iter().chain(&self.resolution) {
            write!(out, " {detail}")?;
        }
        write!(out, ", {:.3} s", self.duration)?;
        if self.segments > 0 {
            write!(out, " in {} segments", self.segments)?;
        }
        write!(out, ", {} bytes", self.size)?;
        match self.kids.as_slice() {
            [] => writeln!(out, ", clear"),
            [kid] => writeln!(out, ", KID {kid}"),
            kids => writeln!(out, ", KIDs {}", kids.join(" ")),
        }
    }
}
