// SPDX-License-Identifier: MPL-2.0
//! One stream: a file, or an init segment and media segments, box by box.

use std::io;
use std::path::PathBuf;

use cenc_mp4::MovieForm;
use isobmff_boxes::{BoxTree, Error, FourCc, Reader, Trex};

use super::findings::{Findings, Place};
use super::fragment::Moof;
use super::key_ids;
use super::progressive::Moov;
use super::pssh::PsshBoxes;
use super::read::{self, Source, TopBox};
use super::report::{Container, InspectionReport};
use super::track::TrackState;

/// The most brands that are listed.
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
        Source::open(path)
            .and_then(|mut source| stream.read(&mut source))
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
/// None in practice: bytes in memory can be read.
pub fn inspect_bytes(name: &str, bytes: Vec<u8>) -> io::Result<InspectionReport> {
    let mut stream = Stream::default();
    stream.read(&mut Source::of_bytes(bytes)?)?;
    Ok(stream.into_report(vec![name.to_owned()]))
}

#[derive(Debug, Default)]
struct Stream {
    container: Option<Container>,
    brands: Vec<String>,
    fragments: u64,
    tracks: Vec<TrackState>,
    pssh: PsshBoxes,
    findings: Findings,
}

impl Stream {
    fn read(&mut self, source: &mut Source) -> io::Result<()> {
        loop {
            match source.next() {
                Ok(Some(top)) => self.read_box(&top, source)?,
                Ok(None) => return Ok(()),
                Err(read::Error::Io(error)) => return Err(error),
                Err(error) => {
                    self.findings.error("truncated", &Place::default(), error);
                    return Ok(());
                }
            }
        }
    }

    fn read_box(&mut self, top: &TopBox, source: &mut Source) -> io::Result<()> {
        let wanted = matches!(
            top.box_type,
            FourCc::FTYP | FourCc::STYP | FourCc::MOOV | FourCc::MOOF | FourCc::PSSH
        );
        if !wanted {
            return Ok(());
        }
        let bytes = match source.load(top) {
            Ok(bytes) => bytes,
            Err(read::Error::Io(error)) => return Err(error),
            Err(error) => {
                self.findings.error("too-large", &Place::default(), error);
                return Ok(());
            }
        };
        let place = Place::file(format!("{} at byte {}", top.box_type, top.position));
        let tree = match BoxTree::parse(&bytes) {
            Ok(tree) => tree,
            Err(error) => {
                self.findings.error("unreadable", &place, error);
                return Ok(());
            }
        };
        let read = self.read_tree(&tree, (&bytes, top.position), source);
        if let Err(error) = read {
            self.findings.error("unreadable", &place, error);
        }
        Ok(())
    }

    fn read_tree(
        &mut self,
        tree: &BoxTree<'_>,
        (bytes, position): (&[u8], u64),
        source: &mut Source,
    ) -> Result<(), Error> {
        match tree.box_type {
            FourCc::FTYP | FourCc::STYP if self.brands.is_empty() => {
                self.read_brands(tree.reader())
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
                self.read_moov(&moov, source)
            }
            FourCc::MOOF => {
                let moof = Moof {
                    tree,
                    bytes,
                    position,
                };
                self.fragments += 1;
                self.container.get_or_insert(Container::MediaSegment);
                self.pssh.read_children(tree, &mut self.findings);
                moof.inspect(&mut self.tracks, source, &mut self.findings);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_brands(&mut self, mut reader: Reader<'_>) -> Result<(), Error> {
        self.brands.push(FourCc(reader.array()?).to_string());
        reader.u32()?; // minor_version
        while !reader.is_empty() && self.brands.len() < MAX_BRANDS {
            let brand = FourCc(reader.array()?).to_string();
            if !self.brands.contains(&brand) {
                self.brands.push(brand);
            }
        }
        Ok(())
    }

    fn read_moov(&mut self, moov: &Moov<'_>, source: &mut Source) -> Result<(), Error> {
        if self
            .tracks
            .iter()
            .any(|state| !state.descriptions.is_empty())
        {
            let message = "a second 'moov': only the first counts";
            self.findings.error("moov", &Place::default(), message);
            return Ok(());
        }
        self.container = Some(match MovieForm::of(moov.tree) {
            MovieForm::Fragmented => Container::Fragmented,
            MovieForm::Progressive => Container::Progressive,
        });
        self.pssh.read_children(moov.tree, &mut self.findings);
        let mvex = moov.tree.all(FourCc::MVEX).next().into_iter();
        let trexes = mvex.flat_map(|mvex| mvex.all(FourCc::TREX));
        let trexes = trexes.map(|trex| Trex::read(trex.reader()));
        let trexes = trexes.collect::<Result<Vec<_>, _>>()?;
        for trak in moov.tree.all(FourCc::TRAK) {
            let mut state = TrackState::read(trak, &mut self.findings)?;
            let track_id = state.report.track_id;
            state.trex = trexes
                .iter()
                .find(|trex| trex.track_id == track_id)
                .copied();
            moov.inspect(trak, &mut state, (source, &mut self.findings))?;
            self.tracks.push(state);
        }
        Ok(())
    }

    fn into_report(mut self, files: Vec<String>) -> InspectionReport {
        let container = self.container.unwrap_or(Container::NotMp4);
        let place = Place::default();
        match container {
            Container::NotMp4 => {
                let message = "no 'moov' and no 'moof' that can be read: not an MP4 file";
                self.findings.error("not-mp4", &place, message);
            }
            Container::MediaSegment => {
                let message = "without its init segment only what the fragments say can be checked: give that first, with --as-one";
                self.findings.note("no-moov", &place, message);
            }
            Container::Fragmented | Container::Progressive => (),
        }
        let pssh = self.pssh.into_vec();
        if container != Container::MediaSegment {
            key_ids::check(&self.tracks, &pssh, &mut self.findings);
        }
        InspectionReport {
            files,
            container,
            brands: self.brands,
            fragments: self.fragments,
            tracks: self.tracks.into_iter().map(|state| state.report).collect(),
            pssh,
            findings: self.findings.into_vec(),
        }
    }
}
