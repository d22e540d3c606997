// SPDX-License-Identifier: MPL-2.0
//! Writes the files of one track, and notes where its segments are.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cenc_mp4::cutting::{CutSegment, CutTrack, TrackKind, track_init};
use isobmff_boxes::sidx_size;
use presentation::ByteRange;
use presentation::model::{Segment, TrackFiles};
use segment_packaging::SEGMENT_TYPE;

use super::Error;
use super::gathered_writes::GatheredWrites;
use super::written_track::{IndexedTrack, WrittenPart, WrittenTrack, write_index};
use crate::cut::SegmentFiles;

/// The files of a track while they are written.
pub struct TrackWriter {
    folder: PathBuf,
    name: String,
    track_id: u32,
    timescale: u32,
    is_video: bool,
    part: OpenPart,
    finished_parts: Vec<WrittenPart>,
    /// The number of init segments that replaced the first one in the presentation.
    init_changes: usize,
    /// The init segment of the next segment, if it is another.
    next_init: Option<Vec<u8>>,
    /// The segment under way.
    segment: Option<SegmentUnderWay>,
    /// Its bytes that are not written yet.
    gathered: GatheredWrites,
    segments: Vec<Segment>,
}

/// The segments under one init segment, while they are written.
struct OpenPart {
    /// The init segment.
    init: Vec<u8>,
    /// Its index among those of the presentation.
    init_index: usize,
    /// Index of the first segment.
    first_segment: usize,
    files: OpenFiles,
}

enum OpenFiles {
    /// The file of the segment under way.
    Segments(Option<File>),
    Single {
        file: File,
        init: ByteRange,
        index: ByteRange,
        /// The bytes so far.
        position: u64,
    },
}

struct SegmentUnderWay {
    /// Offset of its first byte in its file.
    start: u64,
    /// Bytes so far.
    len: u64,
    /// Bytes up to the first sample.
    before_samples: Option<u64>,
}

impl TrackWriter {
    /// Creates the files of a track in `folder`, and writes its init segment.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn create(
        folder: &Path,
        name: &str,
        track: &CutTrack,
        init: &[u8],
        is_single: bool,
    ) -> Result<Self, Error> {
        let mut writer = Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            track_id: track.track_id(),
            timescale: track.source().timescale(),
            is_video: track.source().kind() == TrackKind::Video,
            part: OpenPart {
                init: Vec::new(),
                init_index: 0,
                first_segment: 0,
                files: OpenFiles::Segments(None),
            },
            finished_parts: Vec::new(),
            init_changes: 0,
            next_init: None,
            segment: None,
            gathered: GatheredWrites::default(),
            segments: Vec::with_capacity(track.segments().len()),
        };
        if !is_single {
            let subfolder = folder.join(name);
            fs::create_dir(&subfolder).map_err(|source| Error::Output {
                path: subfolder,
                source,
            })?;
        }
        writer.part.files = writer.create_files(init, is_single, track.segments().len())?;
        writer.part.init = init.to_vec();
        Ok(writer)
    }

    /// Creates the files of a part, and writes its init segment.
    fn create_files(
        &self,
        init: &[u8],
        is_single: bool,
        most_segments: usize,
    ) -> Result<OpenFiles, Error> {
        let init_end = init.len() as u64;
        if is_single {
            let index_end = init_end + sidx_size(most_segments) as u64;
            let mut file = self.create_file(&self.single_name())?;
            // The index is written when the sizes of the segments are known.
            let with_index = [init, &vec![0; sidx_size(most_segments)]].concat();
            file.write_all(&with_index)
                .map_err(|source| self.failed(source))?;
            Ok(OpenFiles::Single {
                file,
                init: ByteRange {
                    start: 0,
                    end: init_end,
                },
                index: ByteRange {
                    start: init_end,
                    end: index_end,
                },
                position: index_end,
            })
        } else {
            let mut file = self.create_file(&self.init_name())?;
            file.write_all(init).map_err(|source| self.failed(source))?;
            Ok(OpenFiles::Segments(None))
        }
    }

    /// Takes an init segment of all tracks, which describes the segments from the next one on.
    fn start_part(&mut self, init: &[u8]) -> Result<(), Error> {
        self.init_changes += 1;
        let own =
            track_init(init, self.track_id).map_err(|source| Error::mp4(&self.folder, source))?;
        self.next_init = Some(own);
        Ok(())
    }

    /// Starts another part if the next segment has another init segment.
    fn change_init(&mut self) -> Result<(), Error> {
        let Some(init) = self.next_init.take().filter(|init| *init != self.part.init) else {
            return Ok(());
        };
        let is_single = matches!(self.part.files, OpenFiles::Single { .. });
        let part = self.finish_part()?;
        self.finished_parts.push(part);
        let most_segments = self.segments.capacity() - self.segments.len();
        self.part = OpenPart {
            files: self.create_files(&init, is_single, most_segments)?,
            init,
            init_index: self.init_changes,
            first_segment: self.segments.len(),
        };
        Ok(())
    }

    /// Writes the boxes of a fragment, which start a segment unless one is under way.
    fn write_boxes(&mut self, boxes: &[u8]) -> Result<(), Error> {
        if self.segment.is_none() {
            self.start_segment()?;
        }
        self.gather(boxes);
        if let Some(segment) = &mut self.segment {
            segment.before_samples.get_or_insert(segment.len);
        }
        Ok(())
    }

    /// Keeps bytes of the segment under way for the next write.
    fn gather(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.gathered.gather(bytes);
    }

    /// Writes media of the segment under way.
    fn write(&mut self, media: &[u8]) -> Result<(), Error> {
        self.count(media.len());
        let file = match &self.part.files {
            OpenFiles::Segments(file) => file.as_ref(),
            OpenFiles::Single { file, .. } => Some(file),
        };
        let written = file.map_or(Ok(()), |file| self.gathered.write(file, media));
        written.map_err(|source| self.failed(source))
    }

    /// Counts bytes of the segment under way.
    const fn count(&mut self, len: usize) {
        if let Some(segment) = &mut self.segment {
            segment.len += len as u64;
        }
        if let OpenFiles::Single { position, .. } = &mut self.part.files {
            *position += len as u64;
        }
    }

    fn start_segment(&mut self) -> Result<(), Error> {
        self.change_init()?;
        let start = match &self.part.files {
            OpenFiles::Single { position, .. } => *position,
            OpenFiles::Segments(_) => {
                let name = format!("{}/{}.m4s", self.name, self.segments.len() + 1);
                self.part.files = OpenFiles::Segments(Some(self.create_file(&name)?));
                0
            }
        };
        self.segment = Some(SegmentUnderWay {
            start,
            len: 0,
            before_samples: None,
        });
        if let OpenFiles::Segments(_) = &self.part.files {
            self.gather(SEGMENT_TYPE);
        }
        Ok(())
    }

    /// Ends the segment under way, which was cut as `cut`.
    fn end_segment(&mut self, cut: &CutSegment) -> Result<(), Error> {
        // A fragment may have no media.
        self.write(&[])?;
        if let OpenFiles::Segments(file) = &mut self.part.files {
            *file = None;
        }
        let Some(SegmentUnderWay {
            start,
            len,
            before_samples,
        }) = self.segment.take()
        else {
            return Ok(());
        };
        let key_frame = before_samples
            .filter(|_| self.is_video && cut.starts_with_sync)
            .map(|before| ByteRange {
                start,
                end: start + before + u64::from(cut.first_sample),
            });
        // Sound may start before the presentation does.
        let before_start = cut.start.min(0).unsigned_abs();
        self.segments.push(Segment {
            start: cut.start.max(0).unsigned_abs(),
            duration: cut.duration.saturating_sub(before_start),
            bytes: ByteRange {
                start,
                end: start + len,
            },
            sap_type: u8::from(cut.starts_with_sync),
            key_frame,
        });
        Ok(())
    }

    /// Completes the files. Returns their names and the segments.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn finish(mut self) -> Result<WrittenTrack, Error> {
        let last = self.finish_part()?;
        let mut parts = self.finished_parts.into_iter().chain([last]);
        Ok(WrittenTrack {
            first: parts.next().ok_or_else(|| Error::Output {
                path: self.folder.join(&self.name),
                source: io::ErrorKind::UnexpectedEof.into(),
            })?,
            later: parts.collect(),
            timescale: self.timescale,
            segments: self.segments,
        })
    }

    /// Completes the files of the part under way.
    fn finish_part(&mut self) -> Result<WrittenPart, Error> {
        let (init_name, name) = (self.init_name(), self.single_name());
        let own_segments = self
            .segments
            .get(self.part.first_segment..)
            .unwrap_or_default();
        let written = match &mut self.part.files {
            OpenFiles::Segments(_) => Ok(TrackFiles::Segments {
                init: init_name,
                media: format!("{}/$Number$.m4s", self.name),
            }),
            OpenFiles::Single {
                file, init, index, ..
            } => {
                let track = IndexedTrack {
                    track_id: self.track_id,
                    timescale: self.timescale,
                };
                write_index(file, *index, track, own_segments).map(|index| TrackFiles::Single {
                    name,
                    init: *init,
                    index,
                })
            }
        };
        Ok(WrittenPart {
            files: written.map_err(|source| self.failed(source))?,
            first_segment: self.part.first_segment,
            init_index: self.part.init_index,
        })
    }

    /// Returns the name of the init segment of the part that begins.
    fn init_name(&self) -> String {
        match self.finished_parts.len() {
            0 => format!("{}/init.mp4", self.name),
            before => format!("{}/init-{}.mp4", self.name, before + 1),
        }
    }

    /// Returns the name of the single file of the part that begins.
    fn single_name(&self) -> String {
        match self.finished_parts.len() {
            0 => format!("{}.mp4", self.name),
            before => format!("{}-{}.mp4", self.name, before + 1),
        }
    }

    fn create_file(&self, name: &str) -> Result<File, Error> {
        let path = self.folder.join(name);
        File::create_new(&path).map_err(|source| Error::Output { path, source })
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Output {
            path: self.folder.join(&self.name),
            source,
        }
    }
}

impl SegmentFiles for Vec<TrackWriter> {
    type Error = Error;

    fn start_part(&mut self, init: &[u8]) -> Result<(), Error> {
        self.iter_mut()
            .try_for_each(|writer| writer.start_part(init))
    }

    fn write_boxes(&mut self, track: usize, boxes: &[u8]) -> Result<(), Error> {
        let writer = self.get_mut(track);
        writer.map_or(Ok(()), |writer| writer.write_boxes(boxes))
    }

    fn write_media(&mut self, track: usize, media: &[u8]) -> Result<(), Error> {
        let writer = self.get_mut(track);
        writer.map_or(Ok(()), |writer| writer.write(media))
    }

    fn end_segment(&mut self, track: usize, segment: &CutSegment) -> Result<(), Error> {
        let writer = self.get_mut(track);
        writer.map_or(Ok(()), |writer| writer.end_segment(segment))
    }
}
