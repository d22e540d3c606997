// SPDX-License-Identifier: MPL-2.0
//! `package`: makes a protected presentation of MP4 and WebVTT files. The tracks are cut at common key frames, protected as one stream,
//! and written to files of their own; then the manifests are written.

mod args;
mod error;
mod folder;
mod gathered_writes;
mod input_spec;
mod inputs;
mod manifests;
mod presented;
mod report;
mod smooth;
mod track_writer;
mod web_vtt;
mod written_track;

use std::process::ExitCode;
use std::time::Duration;

use args::ManifestKind;
pub use args::PackageArgs;
use cenc_mp4::cutting::{CutTrack, SegmentStarts, SourceTrack, UnalignedTracks, track_init};
use error::Error;
use folder::NewVersion;
use host_access::Host;
use indicatif::ProgressBar;
use inputs::{InputTrack, Inputs};
use isobmff_boxes::BoxTree;
use manifests::ManifestWriter;
use presentation::model::Presentation;
use presentation::writer::dash;
use presented::{FinishedTrack, ShownTrack, present, write_texts};
use protection_policy::Packaging;
use report::PackageReport;
use segment_packaging::{DescribedTrack, DescriptionSource, TrackNames};
use smooth::SmoothPlan;
use track_writer::TrackWriter;

use crate::cut::{Mp4File, ProtectionPass, TrackJob};
use crate::print;
use crate::protect::signals::StopSignals;
use crate::protect::{self, progress_bar};

/// Packages the inputs and prints the report.
pub fn run(args: &PackageArgs, host: &Host) -> ExitCode {
    match package(args, host) {
        Ok(report) => print::out(0, |out| match args.json {
            true => print::json(&report, out),
            false => report.write(out),
        }),
        Err(error) => print::fail(error.exit_code(), &error),
    }
}

/// A track with its description and its segments.
struct PlannedTrack {
    /// Index of its file.
    file: usize,
    name: String,
    described: DescribedTrack,
    cut: CutTrack,
}

fn package(args: &PackageArgs, host: &Host) -> Result<PackageReport, Error> {
    let signals = StopSignals::register().map_err(protect::Error::Signals)?;
    let bar = progress_bar(args.json);
    let mut inputs = Inputs::open(&args.inputs, &bar, &signals)?;
    if !inputs.has_media() {
        return Err(Error::NoMedia);
    }
    let mut names = TrackNames::default();
    let starts = choose_starts(&inputs, args.segment_duration)?;
    let planned = plan(&mut inputs, &starts, &mut names, &bar)?;
    let config = args.protection.config(host)?;
    for warning in config.warnings() {
        bar.suspend(|| eprintln!("warning: {warning}"));
    }
    let smooth = match args.manifests.contains(&ManifestKind::Smooth) {
        true => {
            smooth::check(&config)?;
            Some(SmoothPlan::new(&planned, &starts, &inputs, &bar)?)
        }
        false => None,
    };
    let version = NewVersion::create(&args.output)?;
    let mut pass = PackagingPass {
        args,
        files: &mut inputs.files,
        version: &version,
        bar: &bar,
    };
    let mut packaging = args.protection.open(config, host)?;
    for event in &inputs.events {
        event.give(&mut packaging);
    }
    let mut presentation = None;
    let mut manifests = Vec::new();
    if args.writes_cmaf() {
        let packaged = protect_tracks(&mut pass, planned, packaging)?;
        packaging = packaged.packaging;
        presentation = Some(packaged.presentation);
    }
    if let Some(plan) = smooth {
        let written = plan.write(&mut pass, packaging)?;
        manifests.push(written.manifest);
        presentation = presentation.or(Some(written.presentation));
    }
    let mut presentation = presentation.unwrap_or_default();
    if args.writes_cmaf() {
        let later_periods = dash::later_period_starts(&presentation);
        let texts = write_texts(&inputs, &version, &mut names, &later_periods)?;
        presentation.tracks.extend(texts);
        let writer = ManifestWriter {
            presentation: &presentation,
            args,
            version: &version,
        };
        manifests.splice(0..0, writer.write()?);
    }
    let report = PackageReport::new(args, &presentation, &manifests);
    version.publish(&manifests, host)?;
    Ok(report)
}

/// Chooses the times at which segments start.
fn choose_starts(inputs: &Inputs, segment_duration: Duration) -> Result<SegmentStarts, Error> {
    let sources: Vec<&SourceTrack> = inputs.tracks.iter().map(|track| &track.source).collect();
    SegmentStarts::choose(&sources, segment_duration)
        .map_err(|unaligned| unaligned_error(inputs, &unaligned))
}

/// Describes the tracks and cuts them into segments.
fn plan(
    inputs: &mut Inputs,
    starts: &SegmentStarts,
    names: &mut TrackNames,
    bar: &ProgressBar,
) -> Result<Vec<PlannedTrack>, Error> {
    let mut planned = Vec::new();
    for track in std::mem::take(&mut inputs.tracks) {
        let InputTrack {
            file,
            source,
            properties,
        } = track;
        let failed = |source| Error::mp4(inputs.file_path(file), source);
        let described = BoxTree::parse(source.trak())
            .map_err(cenc_mp4::Error::from)
            .and_then(|trak| {
                let boxes = DescriptionSource {
                    trak: &trak,
                    frame_rate: source.frame_rate(),
                };
                DescribedTrack::read(boxes, &properties)
            })
            .map_err(failed)?;
        let Some(described) = described else {
            let path = inputs.file_path(file).display();
            bar.suspend(|| {
                eprintln!("warning: {path}: a track that players do not present is left out");
            });
            continue;
        };
        let track_id = u32::try_from(planned.len() + 1).unwrap_or(u32::MAX);
        planned.push(PlannedTrack {
            file,
            name: names.choose(&described.media, described.language.as_deref(), &[]),
            described,
            cut: CutTrack::new(source, track_id, starts).map_err(failed)?,
        });
    }
    Ok(planned)
}

fn unaligned_error(inputs: &Inputs, unaligned: &UnalignedTracks) -> Error {
    let with = inputs.path_of(unaligned.with_key_frame).to_owned();
    let without = inputs.path_of(unaligned.without_key_frame).to_owned();
    match unaligned.time < unaligned.end {
        true => Error::Unaligned {
            with,
            without,
            time: unaligned.time,
        },
        false => Error::Shorter {
            with,
            without,
            end: unaligned.end,
        },
    }
}

/// A pass over all tracks.
struct PackagingPass<'a> {
    args: &'a PackageArgs,
    files: &'a mut [Mp4File],
    version: &'a NewVersion,
    bar: &'a ProgressBar,
}

impl PackagingPass<'_> {
    /// Returns the protection of tracks in this pass.
    fn protection(&mut self, packaging: Packaging) -> ProtectionPass<'_> {
        ProtectionPass {
            path: &self.args.output,
            files: self.files,
            packaging,
            threads: self.args.threads,
            bar: self.bar.clone(),
        }
    }
}

impl PlannedTrack {
    /// Returns what manifests show of it, and what is to do.
    fn divide(self) -> (ShownTrack, TrackJob) {
        let shown = ShownTrack {
            name: self.name,
            described: self.described,
        };
        (shown, TrackJob::new(self.file, self.cut))
    }
}

/// The tracks that were written.
struct PackagedTracks {
    presentation: Presentation,
    /// The configuration and the keys, for another pass.
    packaging: Packaging,
}

/// Protects the tracks and writes their files.
fn protect_tracks(
    pass: &mut PackagingPass<'_>,
    planned: Vec<PlannedTrack>,
    packaging: Packaging,
) -> Result<PackagedTracks, Error> {
    let PackagingPass {
        args, version, bar, ..
    } = *pass;
    bar.set_message("packaging");
    let tracks = planned.into_iter().map(PlannedTrack::divide);
    let (shown, tracks): (Vec<ShownTrack>, Vec<TrackJob>) = tracks.unzip();
    let protected = pass.protection(packaging).run(tracks, |init, tracks| {
        let create = |(shown, job): (&ShownTrack, &TrackJob)| {
            let own_init = track_init(init, job.cut.track_id())
                .map_err(|source| Error::mp4(&args.output, source))?;
            let (folder, cut) = (version.path(), &job.cut);
            TrackWriter::create(folder, &shown.name, cut, &own_init, args.single_file)
        };
        shown
            .iter()
            .zip(tracks)
            .map(create)
            .collect::<Result<Vec<_>, _>>()
    })?;
    let written = protected.files.into_iter().zip(protected.tracks);
    let finished = shown
        .into_iter()
        .zip(written)
        .map(|(shown, (writer, track))| {
            Ok(FinishedTrack {
                shown,
                written: writer.finish()?,
                segment_keys: track.keys,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(PackagedTracks {
        presentation: present(&protected.keys, version, finished),
        packaging: protected.packaging,
    })
}
