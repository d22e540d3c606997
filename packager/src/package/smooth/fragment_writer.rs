// SPDX-License-Identifier: MPL-2.0
//! Writes the fragments of one track for Smooth Streaming, a file each.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use cenc_mp4::cutting::CutSegment;
use presentation::ByteRange;
use presentation::model::{Segment, TrackFiles};

use crate::cut::SegmentFiles;
use crate::package::Error;
use crate::package::written_track::{WrittenPart, WrittenTrack};

/// Added to the name of a track for the folder of its fragments, until they have the names that clients request.
const SUFFIX: &str = ".fragments";

/// The fragments of a track while they are written.
pub struct FragmentWriter {
    /// The folder of the presentation.
    output: PathBuf,
    /// The folder of the fragments, in `output`.
    folder: String,
    /// The file of the fragment under way, and its bytes so far.
    fragment: Option<OpenFragment>,
    segments: Vec<Segment>,
}

struct OpenFragment {
    file: File,
    len: u64,
}

impl FragmentWriter {
    /// Creates the folder of the fragments of a track.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn create(output: &Path, track: &str) -> Result<Self, Error> {
        let folder = format!("{track}{SUFFIX}");
        let path = output.join(&folder);
        fs::create_dir(&path).map_err(|source| Error::Output { path, source })?;
        Ok(Self {
            output: output.to_owned(),
            folder,
            fragment: None,
            segments: Vec::new(),
        })
    }

    /// Returns the track with the fragments that are complete, whose times have these ticks per second. Its files have the names before
    /// [`Self::rename`], which no manifest has.
    pub fn written(&self, timescale: u32) -> WrittenTrack {
        WrittenTrack {
            first: WrittenPart {
                files: TrackFiles::Segments {
                    init: String::new(),
                    media: format!("{}/$Number$", self.folder),
                },
                first_segment: 0,
                init_index: 0,
            },
            later: Vec::new(),
            timescale,
            segments: self.segments.clone(),
        }
    }

    fn path(&self, number: usize) -> PathBuf {
        self.output.join(&self.folder).join(number.to_string())
    }

    /// Returns the file of the fragment under way, which starts unless there is one.
    fn open(&mut self) -> Result<&mut OpenFragment, Error> {
        let fragment = match self.fragment.take() {
            Some(fragment) => fragment,
            None => {
                let path = self.path(self.segments.len() + 1);
                let file =
                    File::create_new(&path).map_err(|source| Error::Output { path, source })?;
                OpenFragment { file, len: 0 }
            }
        };
        Ok(self.fragment.insert(fragment))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let number = self.segments.len() + 1;
        let fragment = self.open()?;
        fragment.len += bytes.len() as u64;
        let written = fragment.file.write_all(bytes);
        written.map_err(|source| Error::Output {
            path: self.path(number),
            source,
        })
    }

    fn end(&mut self, cut: &CutSegment) {
        let len = self.fragment.take().map_or(0, |fragment| fragment.len);
        self.segments.push(Segment {
            start: cut.start.max(0).unsigned_abs(),
            duration: cut.duration,
            bytes: ByteRange { start: 0, end: len },
            sap_type: u8::from(cut.starts_with_sync),
            key_frame: None,
        });
    }

    /// Gives the fragments these names, relative to the folder of the presentation.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn rename(self, names: impl Iterator<Item = String>) -> Result<(), Error> {
        for (number, name) in (1..).zip(names) {
            let path = self.output.join(name);
            path.parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::rename(self.path(number), &path))
                .map_err(|source| Error::Output { path, source })?;
        }
        let path = self.output.join(&self.folder);
        fs::remove_dir(&path).map_err(|source| Error::Output { path, source })
    }
}

impl SegmentFiles for Vec<FragmentWriter> {
    type Error = Error;

    fn start_part(&mut self, _init: &[u8]) -> Result<(), Error> {
        Err(crate::protect::Error::OneFile.into())
    }

    fn write_boxes(&mut self, track: usize, boxes: &[u8]) -> Result<(), Error> {
        self.write_media(track, boxes)
    }

    fn write_media(&mut self, track: usize, media: &[u8]) -> Result<(), Error> {
        let writer = self.get_mut(track);
        writer.map_or(Ok(()), |writer| writer.write(media))
    }

    fn end_segment(&mut self, track: usize, segment: &CutSegment) -> Result<(), Error> {
        if let Some(writer) = self.get_mut(track) {
            writer.end(segment);
        }
        Ok(())
    }
}
