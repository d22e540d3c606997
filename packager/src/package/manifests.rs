// SPDX-License-Identifier: MPL-2.0
//! The manifests of the presentation.

use presentation::model::{Presentation, PresentedTrack};
use presentation::writer::{dash, hls, smooth};

use super::Error;
use super::args::{ManifestKind, PackageArgs};
use super::folder::{Manifest, NewVersion};

/// The names of the manifests at the top of the folder.
const MPD: &str = "manifest.mpd";
const MULTIVARIANT: &str = "manifest.m3u8";
/// The names of all manifests at the top of a folder.
pub const MANIFESTS: [&str; 3] = [MPD, MULTIVARIANT, smooth::MANIFEST_NAME];

/// Writes the manifests of a presentation.
pub struct ManifestWriter<'a> {
    /// The presentation.
    pub presentation: &'a Presentation,
    /// The options.
    pub args: &'a PackageArgs,
    /// The folder of the files.
    pub version: &'a NewVersion,
}

impl ManifestWriter<'_> {
    /// Writes the playlists of the tracks beside their files, and returns the manifests that name them.
    ///
    /// # Errors
    /// [`Error::Manifest`], [`Error::Output`].
    pub fn write(&self) -> Result<Vec<Manifest>, Error> {
        let mut manifests = Vec::new();
        for kind in &self.args.manifests {
            match kind {
                ManifestKind::Dash => manifests.push(self.mpd()?),
                ManifestKind::Hls => manifests.push(self.playlists()?),
                // It describes other files.
                ManifestKind::Smooth => (),
            }
        }
        Ok(manifests)
    }

    fn mpd(&self) -> Result<Manifest, Error> {
        let options = dash::MpdOptions::default();
        Ok(Manifest {
            name: MPD,
            text: dash::mpd(self.presentation, &options).map_err(Error::Manifest)?,
        })
    }

    fn playlists(&self) -> Result<Manifest, Error> {
        for track in &self.presentation.tracks {
            self.write_track(track)?;
        }
        let text = hls::multivariant(self.presentation).map_err(Error::Manifest)?;
        Ok(Manifest {
            name: MULTIVARIANT,
            text,
        })
    }

    fn write_track(&self, track: &PresentedTrack) -> Result<(), Error> {
        let options = hls::HlsOptions {
            clear_lead: match self.args.hls_clear_lead {
                true => hls::HlsClearLead::None,
                false => hls::HlsClearLead::KeyFromStart,
            },
        };
        let media = hls::media(self.presentation, track, &options).map_err(Error::Manifest)?;
        self.version
            .write(&hls::media_name(track), media.as_bytes())?;
        if hls::has_iframes(track) {
            let iframes =
                hls::iframes(self.presentation, track, &options).map_err(Error::Manifest)?;
            self.version
                .write(&hls::iframes_name(track), iframes.as_bytes())?;
        }
        Ok(())
    }
}
