// SPDX-License-Identifier: MPL-2.0
//! Inspects a stream box by box: a file, or an init segment and media segments.

use std::io;
use std::path::PathBuf;

use cenc_mp4::MovieForm;
use isobmff_boxes::{BoxTree, Error, FourCc, Reader, Trex};

use super::findings::{FindingPlace, Findings};
use super::fragment::Moof;
use super::key_ids;
use super::mp4_file::{self, Mp4File, TopBox};
use super::progressive::Moov;
use super::pssh::PsshBoxes;
use super::report::{Container, InspectionReport, TrackReport};
use super::track::TrackState;

/// The largest number of listed brands.
const MAX_BRANDS: usize = 64;

/// A file cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = .path.display())]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

/// Inspects the files as one stream.
///
/// # Errors
/// [`ReadError`].
pub fn inspect(files: &[PathBuf]) -> Result<InspectionReport, ReadError> {
    let mut stream = Stream::default();
    for path in files {
        Mp4File::open(path)
            .and_then(|mut file| stream.read(&mut file))
            .map_err(|source| ReadError {
                path: path.clone(),
                source,
            })?;
    }
    let names = files.iter().map(|path| path.display().to_string());
    Ok(stream.into_report(names.collect()))
}

/// Inspects the bytes of one file, which the report calls `name`.
///
/// # Errors
/// None in practice, because reading memory does not fail.
pub fn inspect_bytes(name: &str, bytes: Vec<u8>) -> io::Result<InspectionReport> {
    let mut stream = Stream::default();
    stream.read(&mut Mp4File::from_bytes(bytes)?)?;
    Ok(stream.into_report(vec![name.to_owned()]))
}

#[derive(Debug, Default)]
struct Stream {
    container: Option<Container>,
    brands: Vec<String>,
    minor_version: Option<u32>,
    fragments: u64,
    /// The number of fragments before the file that is read.
    fragments_before: u64,
    tracks: Vec<TrackState>,
    pssh: PsshBoxes,
    findings: Findings,
}

impl Stream {
    fn read(&mut self, file: &mut Mp4File) -> io::Result<()> {
        self.fragments_before = self.fragments;
        loop {
            match file.next() {
                Ok(Some(top)) => self.read_box(&top, file)?,
                Ok(None) => {
                    if let Some(bytes @ 1..) = file.trailing_bytes() {
                        let message = format!("{bytes} bytes after the last box form no box");
                        self.findings
                            .warning("trailer", &FindingPlace::default(), message);
                    }
                    return Ok(());
                }
                Err(mp4_file::Error::Io(error)) => return Err(error),
                Err(error) => {
                    self.findings
                        .error("truncated", &FindingPlace::default(), error);
                    return Ok(());
                }
            }
        }
    }

    fn read_box(&mut self, top: &TopBox, file: &mut Mp4File) -> io::Result<()> {
        if !matches!(
            top.box_type,
            FourCc::FTYP | FourCc::STYP | FourCc::MOOV | FourCc::MOOF | FourCc::PSSH
        ) {
            return Ok(());
        }
        let bytes = match file.load(top) {
            Ok(bytes) => bytes,
            Err(mp4_file::Error::Io(error)) => return Err(error),
            Err(error) => {
                self.findings
                    .error("too-large", &FindingPlace::default(), error);
                return Ok(());
            }
        };
        let place = FindingPlace::file(format!("{} at byte {}", top.box_type, top.position));
        if let Err(error) = BoxTree::parse(&bytes)
            .and_then(|tree| self.read_tree(&tree, &bytes, top.position, file))
        {
            self.findings.error("unreadable", &place, error);
        }
        Ok(())
    }

    fn read_tree(
        &mut self,
        tree: &BoxTree<'_>,
        bytes: &[u8],
        position: u64,
        file: &mut Mp4File,
    ) -> Result<(), Error> {
        match tree.box_type {
            FourCc::FTYP | FourCc::STYP if self.brands.is_empty() => {
                let minor_version = self.read_brands(tree.reader())?;
                self.minor_version = (tree.box_type == FourCc::FTYP).then_some(minor_version);
                Ok(())
            }
            FourCc::PSSH => {
                self.pssh.read(tree.body(), "file", &mut self.findings);
                Ok(())
            }
            FourCc::MOOV => {
                let moov = Moov {
                    tree,
                    bytes,
                    position,
                };
                self.read_moov(&moov, file)
            }
            FourCc::MOOF => {
                let moof = Moof {
                    tree,
                    bytes,
                    position,
                    is_first: self.fragments == self.fragments_before,
                };
                self.fragments += 1;
                self.container.get_or_insert(Container::MediaSegment);
                self.pssh.read_children(tree, &mut self.findings);
                moof.inspect(&mut self.tracks, file, &mut self.findings);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads the brands; returns minor_version.
    fn read_brands(&mut self, mut reader: Reader<'_>) -> Result<u32, Error> {
        self.brands.push(FourCc(reader.array()?).to_string());
        let minor_version = reader.u32()?;
        while !reader.is_empty() && self.brands.len() < MAX_BRANDS {
            let brand = FourCc(reader.array()?).to_string();
            if !self.brands.contains(&brand) {
                self.brands.push(brand);
            }
        }
        Ok(minor_version)
    }

    fn read_moov(&mut self, moov: &Moov<'_>, file: &mut Mp4File) -> Result<(), Error> {
        if self
            .tracks
            .iter()
            .any(|state| !state.descriptions.is_empty())
        {
            self.findings.error(
                "moov",
                &FindingPlace::default(),
                "there is a second 'moov'; only the first is used",
            );
            return Ok(());
        }
        self.container = Some(match MovieForm::of(moov.tree) {
            MovieForm::Fragmented => Container::Fragmented,
            MovieForm::Progressive => Container::Progressive,
        });
        self.pssh.read_children(moov.tree, &mut self.findings);
        let trexes: Vec<_> = moov
            .tree
            .all(FourCc::MVEX)
            .take(1)
            .flat_map(|mvex| mvex.all(FourCc::TREX))
            .map(|trex| Trex::read(trex.reader()))
            .collect::<Result<_, _>>()?;
        for trak in moov.tree.all(FourCc::TRAK) {
            let mut state = TrackState::read(trak, &mut self.findings)?;
            let track_id = state.report.track_id;
            state.trex = trexes
                .iter()
                .find(|trex| trex.track_id == track_id)
                .copied();
            moov.inspect(trak, &mut state, file, &mut self.findings)?;
            self.tracks.push(state);
        }
        Ok(())
    }

    fn into_report(mut self, files: Vec<String>) -> InspectionReport {
        let container = self.container.unwrap_or(Container::NotMp4);
        let place = FindingPlace::default();
        match container {
            Container::NotMp4 => {
                self.findings.error(
                    "not-mp4",
                    &place,
                    "the file has no readable 'moov' or 'moof': it is not an MP4 file",
                );
            }
            Container::MediaSegment => {
                self.findings.note(
                    "no-moov",
                    &place,
                    "without the init segment only the fragments themselves can be checked: give the init segment first, \
                     with --as-one",
                );
            }
            Container::Fragmented | Container::Progressive => (),
        }
        for state in &self.tracks {
            check_amount(&state.report, &mut self.findings);
        }
        let pssh = self.pssh.into_vec();
        if container != Container::MediaSegment {
            key_ids::check(&self.tracks, &pssh, &mut self.findings);
        }
        InspectionReport {
            files,
            container,
            brands: self.brands,
            minor_version: self.minor_version,
            fragments: self.fragments,
            tracks: self.tracks.into_iter().map(|state| state.report).collect(),
            pssh,
            profiles: Vec::new(),
            findings: self.findings.into_vec(),
        }
    }
}

/// Finds samples that are signaled as protected and have no encrypted byte.
fn check_amount(track: &TrackReport, findings: &mut Findings) {
    let place = FindingPlace::track(track.track_id, "");
    match (track.bare_samples, track.protected_samples) {
        (0, _) => (),
        (_, 0) => findings.error(
            "unprotected",
            &place,
            "the track is signaled as protected, but no sample has an encrypted byte: all of it is clear",
        ),
        (bare, protected) => {
            findings.warning(
                "unprotected",
                &place,
                format_args!(
                    "{bare} of {} samples that are signaled as protected have no encrypted byte",
                    bare + protected
                ),
            );
        }
    }
}
