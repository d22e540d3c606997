// SPDX-License-Identifier: MPL-2.0
//! The manifests of a presentation under way.

use presentation::model::Presentation;
use presentation::writer::{WriteError, dash, hls};

use crate::publisher_types::PublisherOptions;

/// The MPD.
pub const MPD_NAME: &str = "manifest.mpd";
/// The multivariant playlist.
pub const MULTIVARIANT_NAME: &str = "manifest.m3u8";

/// The manifests that were written last.
#[derive(Debug, Default)]
pub(crate) struct ManifestFiles {
    /// The multivariant playlist, which seldom changes.
    multivariant: String,
}

/// A manifest to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManifestFile {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl PublisherOptions {
    /// True if a manifest is of a format that is written.
    pub(crate) fn writes(&self, name: &str) -> bool {
        match name {
            MPD_NAME => self.writes_dash,
            _ => self.writes_hls,
        }
    }
}

impl ManifestFiles {
    /// Returns the manifests that have changed, each after those that it names.
    ///
    /// # Errors
    /// [`WriteError`].
    pub(crate) fn update(
        &mut self,
        presentation: &Presentation,
        options: &PublisherOptions,
    ) -> Result<Vec<ManifestFile>, WriteError> {
        let mut files = Vec::new();
        if presentation.tracks.is_empty() {
            return Ok(files);
        }
        if options.writes_hls {
            self.add_playlists(presentation, options, &mut files)?;
        }
        if options.writes_dash {
            let mpd_options = dash::MpdOptions {
                utc_timing: options.utc_timing.clone(),
                ..dash::MpdOptions::default()
            };
            files.push(ManifestFile {
                name: MPD_NAME.to_owned(),
                text: dash::mpd(presentation, &mpd_options)?,
            });
        }
        Ok(files)
    }

    fn add_playlists(
        &mut self,
        presentation: &Presentation,
        options: &PublisherOptions,
        files: &mut Vec<ManifestFile>,
    ) -> Result<(), WriteError> {
        let hls_options = hls::HlsOptions {
            clear_lead: options.clear_lead,
        };
        for track in &presentation.tracks {
            files.push(ManifestFile {
                name: hls::media_name(track),
                text: hls::media(presentation, track, &hls_options)?,
            });
            if hls::has_iframes(track) {
                files.push(ManifestFile {
                    name: hls::iframes_name(track),
                    text: hls::iframes(presentation, track, &hls_options)?,
                });
            }
        }
        let multivariant = hls::multivariant(presentation)?;
        if multivariant != self.multivariant {
            self.multivariant.clone_from(&multivariant);
            files.push(ManifestFile {
                name: MULTIVARIANT_NAME.to_owned(),
                text: multivariant,
            });
        }
        Ok(())
    }
}
