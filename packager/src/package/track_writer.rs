// SPDX-License-Identifier: MPL-2.0
//! Writes the files of one track, and notes where its segments are.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use cenc_mp4::cutting::{CutSegment, CutTrack, TrackKind};
use isobmff_boxes::{SidxReference, build_sidx, sidx_size};
use presentation::ByteRange;
use presentation::model::{Segment, TrackFiles};

use super::Error;
use crate::cut::SegmentSink;

/// Bytes that are collected before they are written. Larger parts are written at once.
const BUFFER: usize = 256 << 10;
/// The segment type of a CMAF segment that is a DASH media segment: 23009-1 clause 6.3.4.2, 23000-19 clause 7.2.
const SEGMENT_TYPE: &[u8] = b"\0\0\0\x18stypmsdh\0\0\0\0msdhcmfs";

/// The files of a track while they are written.
pub struct TrackWriter {
    folder: PathBuf,
    name: String,
    track_id: u32,
    timescale: u32,
    is_video: bool,
    files: OpenFiles,
    /// The segment under way.
    segment: Option<SegmentUnderWay>,
    segments: Vec<Segment>,
}

enum OpenFiles {
    /// The file of the segment under way.
    Segments(Option<BufWriter<File>>),
    Single {
        file: BufWriter<File>,
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
            files: OpenFiles::Segments(None),
            segment: None,
            segments: Vec::with_capacity(track.segments().len()),
        };
        let init_end = init.len() as u64;
        if is_single {
            let index_end = init_end + sidx_size(track.segments().len()) as u64;
            let mut file = writer.create_file(&writer.single_name())?;
            // The index is written when the sizes of the segments are known.
            file.write_all(init)
                .and_then(|()| io::copy(&mut io::repeat(0).take(index_end - init_end), &mut file))
                .map_err(|source| writer.failed(source))?;
            writer.files = OpenFiles::Single {
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
            };
        } else {
            let subfolder = folder.join(name);
            fs::create_dir(&subfolder).map_err(|source| Error::Output {
                path: subfolder,
                source,
            })?;
            let mut file = writer.create_file(&writer.init_name())?;
            file.write_all(init)
                .and_then(|()| file.flush())
                .map_err(|source| writer.failed(source))?;
        }
        Ok(writer)
    }

    /// Writes the boxes of a fragment, which start a segment unless one is under way.
    fn write_boxes(&mut self, boxes: &[u8]) -> Result<(), Error> {
        if self.segment.is_none() {
            self.start_segment()?;
        }
        self.write(boxes)?;
        if let Some(segment) = &mut self.segment {
            segment.before_samples.get_or_insert(segment.len);
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(segment) = &mut self.segment {
            segment.len += bytes.len() as u64;
        }
        let file = match &mut self.files {
            OpenFiles::Segments(file) => file.as_mut(),
            OpenFiles::Single { file, position, .. } => {
                *position += bytes.len() as u64;
                Some(file)
            }
        };
        let written = file.map_or(Ok(()), |file| file.write_all(bytes));
        written.map_err(|source| self.failed(source))
    }

    fn start_segment(&mut self) -> Result<(), Error> {
        let start = match &self.files {
            OpenFiles::Single { position, .. } => *position,
            OpenFiles::Segments(_) => {
                let name = format!("{}/{}.m4s", self.name, self.segments.len() + 1);
                self.files = OpenFiles::Segments(Some(self.create_file(&name)?));
                0
            }
        };
        self.segment = Some(SegmentUnderWay {
            start,
            len: 0,
            before_samples: None,
        });
        match &self.files {
            OpenFiles::Single { .. } => Ok(()),
            OpenFiles::Segments(_) => self.write(SEGMENT_TYPE),
        }
    }

    /// Ends the segment under way, which was cut as `cut`.
    fn end_segment(&mut self, cut: &CutSegment) -> Result<(), Error> {
        if let OpenFiles::Segments(file) = &mut self.files {
            let flushed = file.take().map_or(Ok(()), |mut file| file.flush());
            flushed.map_err(|source| self.failed(source))?;
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
        let (init_name, name) = (self.init_name(), self.single_name());
        let written =
            match &mut self.files {
                OpenFiles::Segments(_) => Ok(TrackFiles::Segments {
                    init: init_name,
                    media: format!("{}/$Number$.m4s", self.name),
                }),
                OpenFiles::Single {
                    file, init, index, ..
                } => write_index(file, index, self.track_id, self.timescale, &self.segments).map(
                    |()| TrackFiles::Single {
                        name,
                        init: *init,
                        index: *index,
                    },
                ),
            };
        Ok(WrittenTrack {
            files: written.map_err(|source| self.failed(source))?,
            timescale: self.timescale,
            segments: self.segments,
        })
    }

    fn init_name(&self) -> String {
        format!("{}/init.mp4", self.name)
    }

    fn single_name(&self) -> String {
        format!("{}.mp4", self.name)
    }

    fn create_file(&self, name: &str) -> Result<BufWriter<File>, Error> {
        let path = self.folder.join(name);
        match File::create_new(&path) {
            Ok(file) => Ok(BufWriter::with_capacity(BUFFER, file)),
            Err(source) => Err(Error::Output { path, source }),
        }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Output {
            path: self.folder.join(&self.name),
            source,
        }
    }
}

impl SegmentSink for Vec<TrackWriter> {
    type Error = Error;

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

/// The files of a track that are complete.
pub struct WrittenTrack {
    /// Their names in the folder of the presentation.
    pub files: TrackFiles,
    /// Ticks per second of the times in `segments`.
    pub timescale: u32,
    /// The segments in them.
    pub segments: Vec<Segment>,
}

fn write_index(
    file: &mut BufWriter<File>,
    index: &ByteRange,
    track_id: u32,
    timescale: u32,
    segments: &[Segment],
) -> io::Result<()> {
    let references: Vec<SidxReference> = segments
        .iter()
        .map(|segment| SidxReference {
            size: segment.bytes.end - segment.bytes.start,
            duration: segment.duration,
            starts_with_sync: segment.sap_type == 1,
        })
        .collect();
    let start = segments.first().map_or(0, |first| first.start);
    let mut bytes = Vec::new();
    build_sidx(track_id, timescale, start, &references)
        .and_then(|sidx| sidx.write(&mut bytes))
        .map_err(io::Error::other)?;
    file.flush()?;
    file.get_ref().write_all_at(&bytes, index.start)
}
