// SPDX-License-Identifier: MPL-2.0
//! The clear files of a presentation and their tracks.

use std::collections::BTreeMap;
use std::path::Path;

use cenc_mp4::SeekableInput;
use cenc_mp4::cutting::{SourceEvent, SourceMovie, SourceTrack, TrackKind};
use indicatif::ProgressBar;
use segment_packaging::TrackProperties;

use super::Error;
use super::input_spec::InputSpec;
use super::web_vtt::WebVtt;
use crate::cut::Mp4File;
use crate::protect::clear_file::ClearFile;
use crate::protect::signals::StopSignals;

/// The bytes of the first samples that are compared to find copies of a track.
const COMPARED: usize = 64 << 10;

/// The most seconds by which the tracks of a file are moved.
const MAX_MOVE: i64 = 1;

/// The earliest presentation time of a track.
#[derive(Debug, Clone, Copy)]
struct TrackStart {
    ticks: i64,
    timescale: u32,
}

impl TrackStart {
    fn of(track: &SourceTrack) -> Self {
        Self {
            ticks: track.start(),
            timescale: track.timescale(),
        }
    }

    /// Returns the time in ticks of another timescale, rounded down.
    fn ticks(&self, timescale: u32) -> i64 {
        let ticks = i128::from(self.ticks) * i128::from(timescale);
        i64::try_from(ticks.div_euclid(self.timescale.into())).unwrap_or(0)
    }
}

/// All inputs.
#[derive(Default)]
pub struct Inputs {
    /// The MP4 files.
    pub files: Vec<Mp4File>,
    /// The tracks of the MP4 files, without copies.
    pub tracks: Vec<InputTrack>,
    /// The event messages of the MP4 files.
    pub events: Vec<SourceEvent>,
    /// The WebVTT files.
    pub texts: Vec<TextFile>,
}

/// A track of an MP4 file.
pub struct InputTrack {
    /// Index of its file.
    pub file: usize,
    /// The track.
    pub source: SourceTrack,
    /// The properties that the user gives it.
    pub properties: TrackProperties,
}

/// A WebVTT file.
pub struct TextFile {
    /// Its content.
    pub text: WebVtt,
    /// The properties that the user gives it.
    pub properties: TrackProperties,
}

impl Inputs {
    /// Opens all inputs. A track whose samples are those of a track of an earlier file, such as the sound in the files of several
    /// qualities, is left out.
    ///
    /// # Errors
    /// [`Error::Protect`] for a file that cannot be read, [`Error::WebVtt`].
    pub fn open(
        specs: &[InputSpec],
        bar: &ProgressBar,
        signals: &StopSignals,
    ) -> Result<Self, Error> {
        let mut inputs = Self::default();
        for spec in specs {
            let mut file = ClearFile::open(&spec.path, bar.clone(), signals.clone())?;
            match WebVtt::read(&mut file, &spec.path)? {
                Some(text) => inputs.texts.push(TextFile {
                    text,
                    properties: spec.properties.clone(),
                }),
                None => inputs.add_movie(file, spec)?,
            }
        }
        inputs.align_files();
        inputs.drop_copies()?;
        Ok(inputs)
    }

    fn add_movie(&mut self, mut file: ClearFile, spec: &InputSpec) -> Result<(), Error> {
        let movie =
            SourceMovie::open(&mut file).map_err(|source| Error::mp4(&spec.path, source))?;
        for warning in &movie.warnings {
            file.warn(&format!("{}: {warning}", spec.path.display()));
        }
        self.events.extend(movie.events);
        let index = self.files.len();
        self.files.push(Mp4File {
            path: spec.path.clone(),
            file,
        });
        for source in movie.tracks {
            self.tracks.push(InputTrack {
                file: index,
                source,
                properties: spec.properties.clone(),
            });
        }
        Ok(())
    }

    /// Lets the pictures of all files start at the same time, since muxers write the delay of reordered pictures in different ways. All
    /// tracks of a file are moved together.
    fn align_files(&mut self) {
        let starts = self.tracks.iter().filter_map(|track| {
            let start = TrackStart::of(&track.source);
            (track.source.kind() == TrackKind::Video).then_some((track.file, start))
        });
        let starts: BTreeMap<usize, TrackStart> = starts.rev().collect();
        let Some(lead) = starts.values().next().copied() else {
            return;
        };
        for track in &mut self.tracks {
            if let Some(own) = starts.get(&track.file) {
                let timescale = track.source.timescale();
                let move_by = lead.ticks(timescale) - own.ticks(timescale);
                if move_by != 0 && move_by.abs() <= i64::from(timescale) * MAX_MOVE {
                    track.source.move_by(move_by);
                }
            }
        }
    }

    /// Drops tracks whose samples are those of a track of an earlier file.
    fn drop_copies(&mut self) -> Result<(), Error> {
        for track in std::mem::take(&mut self.tracks) {
            if !self.has_copy_of(&track)? {
                self.tracks.push(track);
            }
        }
        Ok(())
    }

    /// True if a track of an earlier file has the same samples and properties.
    fn has_copy_of(&mut self, track: &InputTrack) -> Result<bool, Error> {
        let candidates: Vec<usize> = (0..self.tracks.len())
            .filter(|&index| {
                self.tracks.get(index).is_some_and(|other| {
                    other.file != track.file
                        && other.properties == track.properties
                        && other.source.kind() == track.source.kind()
                        && other.source.has_samples_of(&track.source)
                })
            })
            .collect();
        if candidates.is_empty() {
            return Ok(false);
        }
        let start = self.first_bytes(track.file, &track.source.first_bytes(COMPARED))?;
        for index in candidates {
            let Some(other) = self.tracks.get(index) else {
                continue;
            };
            let (file, ranges) = (other.file, other.source.first_bytes(COMPARED));
            if self.first_bytes(file, &ranges)? == start {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn first_bytes(
        &mut self,
        file: usize,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let Some(Mp4File { path, file }) = self.files.get_mut(file) else {
            return Ok(bytes);
        };
        for range in ranges {
            let len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let read = file
                .read(range.start, len)
                .map_err(|source| Error::mp4(path, cenc_mp4::Error::Input(source)))?;
            bytes.extend_from_slice(&read);
        }
        Ok(bytes)
    }

    /// Returns the name of the file of a track.
    pub fn path_of(&self, track: usize) -> &Path {
        let file = self.tracks.get(track).map(|track| track.file);
        file.map_or(Path::new(""), |file| self.file_path(file))
    }

    /// Returns the name of an MP4 file.
    pub fn file_path(&self, file: usize) -> &Path {
        let file = self.files.get(file);
        file.map_or(Path::new(""), |file| &file.path)
    }

    /// True if there are pictures or sound.
    pub fn has_media(&self) -> bool {
        self.tracks
            .iter()
            .any(|track| track.source.kind() != TrackKind::Other)
    }
}
