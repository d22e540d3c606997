// SPDX-License-Identifier: MPL-2.0
//! Smooth Streaming: a pass of its own over the tracks, since its fragments have boxes and times of their own. Their samples are
//! encrypted with IVs that follow those of the CMAF segments, so that no IV is used twice with a key.

mod fragment_writer;

use cenc_mp4::cutting::{CutTrack, SegmentStarts, SourceTrack, TrackKind, smooth_delay};
use cenc_types::{IvSize, Scheme};
use common_encryption::BoxFlavor;
use fragment_writer::FragmentWriter;
use indicatif::ProgressBar;
use presentation::model::Presentation;
use presentation::writer::smooth;
use protection_policy::{Config, IvConfig, KeyChangeForm, Packaging};

use super::folder::Manifest;
use super::inputs::Inputs;
use super::presented::{FinishedTrack, ShownTrack, present};
use super::{Error, PackagingPass, PlannedTrack};
use crate::cut::TrackJob;

/// The tracks of a presentation for Smooth Streaming, before they are written.
pub struct SmoothPlan(Vec<PlannedTrack>);

/// The presentation whose fragments are written.
pub struct SmoothPresentation {
    /// The tracks and their fragments.
    pub presentation: Presentation,
    /// The client manifest.
    pub manifest: Manifest,
}

/// Refuses settings that Smooth Streaming does not have.
///
/// # Errors
/// [`Error::SmoothSettings`].
pub fn check(config: &Config) -> Result<(), Error> {
    let iv_size = match config.iv {
        IvConfig::Random(size) => size,
        IvConfig::First(iv) => iv.size(),
    };
    let reason = if config.scheme != Scheme::Cenc {
        "takes the scheme cenc only: give --scheme cenc"
    } else if iv_size != IvSize::Eight {
        "takes IVs of 8 bytes only: give --iv-size 8"
    } else if !config.clear_lead.is_zero() {
        "has no clear lead: leave out --clear-lead"
    } else if config.key_change != KeyChangeForm::Embedded && !config.crypto_period.is_zero() {
        "changes keys by leaf licences only: give --key-change embedded, or leave out --crypto-period"
    } else {
        return Ok(());
    };
    Err(Error::SmoothSettings { reason })
}

impl SmoothPlan {
    /// Plans the fragments of the tracks whose codec has a name in Smooth Streaming. Warns of each other track.
    ///
    /// # Errors
    /// [`Error::SmoothCodec`] if no picture or no sound is left, [`Error::Protect`] for segments that cannot be one fragment each.
    pub(super) fn new(
        planned: &[PlannedTrack],
        starts: &SegmentStarts,
        inputs: &Inputs,
        bar: &ProgressBar,
    ) -> Result<Self, Error> {
        for kind in [TrackKind::Video, TrackKind::Audio] {
            let of_kind = |track: &&PlannedTrack| track.cut.source().kind() == kind;
            let mut found = planned.iter().filter(of_kind).peekable();
            if let Some(first) = found.peek().copied()
                && found.all(|track| track.described.smooth.is_none())
            {
                return Err(Error::SmoothCodec {
                    path: inputs.file_path(first.file).to_owned(),
                    codecs: first.described.codecs.clone(),
                });
            }
        }
        let warn = |text: &str| bar.suspend(|| eprintln!("warning: {text}"));
        let (named, unnamed): (Vec<_>, Vec<_>) = planned
            .iter()
            .partition(|track| track.described.smooth.is_some());
        for track in unnamed {
            warn(&format!(
                "{}: Smooth Streaming has no name for the codec {:?}, so that its manifest leaves the track out",
                inputs.file_path(track.file).display(),
                track.described.codecs
            ));
        }
        if !inputs.texts.is_empty() {
            warn(
                "Smooth Streaming has text as TTML in MP4 only, so that its manifest leaves the WebVTT files out",
            );
        }
        let sources: Vec<&SourceTrack> = named.iter().map(|track| track.cut.source()).collect();
        let delay = smooth_delay(sources);
        named
            .into_iter()
            .map(|track| {
                let source = track.cut.source().clone();
                let cut = CutTrack::smooth(source, track.cut.track_id(), starts, delay);
                Ok(PlannedTrack {
                    file: track.file,
                    name: track.name.clone(),
                    described: track.described.clone(),
                    cut: cut.map_err(|source| Error::mp4(inputs.file_path(track.file), source))?,
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Protects the tracks and writes their fragments. `packaging` may have protected other files before.
    ///
    /// # Errors
    /// Errors of reading, protecting and writing.
    pub(super) fn write(
        self,
        pass: &mut PackagingPass<'_>,
        mut packaging: Packaging,
    ) -> Result<SmoothPresentation, Error> {
        packaging
            .restart_as(BoxFlavor::Piff)
            .map_err(crate::protect::Error::from)?;
        pass.bar.reset();
        pass.bar.set_message("packaging for Smooth Streaming");
        let tracks = self.0.into_iter().map(PlannedTrack::divide);
        let (shown, tracks): (Vec<ShownTrack>, Vec<TrackJob>) = tracks.unzip();
        let version = pass.version;
        // Clients make the init segment from the manifest.
        let protected = pass.protection(packaging).run(tracks, |_init, _tracks| {
            let names = shown.iter().map(|track| &track.name);
            names
                .map(|name| FragmentWriter::create(version.path(), name))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let writers = protected.files;
        let finished = shown
            .into_iter()
            .zip(&writers)
            .zip(protected.tracks)
            .map(|((shown, writer), track)| FinishedTrack {
                shown,
                written: writer.written(track.cut.source().timescale()),
                segment_keys: track.keys,
            })
            .collect();
        let presentation = present(&protected.keys, pass.version, finished);
        give_names(&presentation, writers)?;
        let text = smooth::client_manifest(&presentation)?;
        Ok(SmoothPresentation {
            presentation,
            manifest: Manifest {
                name: smooth::MANIFEST_NAME,
                text,
            },
        })
    }
}

/// Gives the fragments the names that clients request, which have measured bit rates.
fn give_names(presentation: &Presentation, writers: Vec<FragmentWriter>) -> Result<(), Error> {
    let named = smooth::tracks(presentation)?;
    named.iter().zip(writers).try_for_each(|(track, writer)| {
        let starts = track.track.segments.iter().map(|segment| segment.start);
        writer.rename(starts.map(|start| track.fragment_name(start)))
    })
}
