// SPDX-License-Identifier: MPL-2.0
//! Segments that are files of their own, apart from their init segment.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use cenc_mp4::{Encryptor, Output, SeekableInput, Totals};
use host_access::Host;
use protection_policy::Packaging;

use super::clear_file::ClearFile;
use super::job::{ProtectJob, new_encryptor};
use super::output::OutputFile;
use super::report::KeyChangeReport;
use super::signals::StopSignals;
use super::writer::OutputWriter;
use super::{Error, ProtectArgs, progress_bar};
use crate::new_file;

/// The largest init segment, in bytes.
const MAX_INIT: usize = 64 << 20;

/// Protects segments one after the other, as one stream: IVs and crypto periods go on from one to the next.
pub struct SegmentsJob<'a> {
    /// The options of the command.
    pub args: &'a ProtectArgs,
    /// The access to the system.
    pub host: &'a Host,
    /// The signals that stop the command.
    pub signals: StopSignals,
    /// The configuration and the keys.
    pub packaging: &'a mut Packaging,
    /// The crypto periods that started after the first.
    pub key_changes: Vec<KeyChangeReport>,
    /// The bytes of all protected segments.
    pub size: u64,
}

/// A segment and the name of its protected copy.
struct Segment {
    input: PathBuf,
    output: PathBuf,
}

impl SegmentsJob<'_> {
    /// Protects all segments whose init segment is `init`. Each protected segment gets its name when it is complete, and when something
    /// of each track so far was protected; after an error those before it stay.
    ///
    /// # Errors
    /// Errors of reading, protecting and writing, and a track of which nothing was protected.
    pub fn run(&mut self, init: &Path) -> Result<Totals, Error> {
        let segments = self.segments()?;
        let mut encryptor = self.open_init(init)?;
        let mut held = Vec::new();
        let mut checked = Ok(());
        for Segment { input, output } in &segments {
            held.push(self.protect(input, output, &mut encryptor)?);
            checked = encryptor
                .check_protected()
                .map_err(|source| failed(input, source));
            if checked.is_ok() {
                for writer in held.drain(..) {
                    self.size += writer.finish()?;
                }
            }
        }
        checked.map(|()| encryptor.totals())
    }

    /// Writes a protected segment, which has no name yet.
    fn protect(
        &mut self,
        path: &Path,
        output: &Path,
        encryptor: &mut Encryptor<BytesMut>,
    ) -> Result<OutputWriter, Error> {
        let mut input = self.open(path)?;
        let threads = usize::from(self.args.threads);
        let mut writer = OutputWriter::new(
            OutputFile::create(output, input.metadata(), self.host)?,
            threads,
        )?;
        let fragments = encryptor.totals().fragments;
        let mut job = ProtectJob {
            path,
            input: &mut input,
            output: &mut writer,
            packaging: self.packaging,
            threads: encrypting(threads),
            key_changes: Vec::new(),
        };
        job.protect_part(encryptor)?;
        self.key_changes.append(&mut job.key_changes);
        if encryptor.totals().fragments == fragments {
            return Err(Error::NoFragment(path.to_owned()));
        }
        encryptor.flush();
        Ok(writer)
    }

    /// Reads the init segment and writes the protected one if that is requested.
    fn open_init(&mut self, path: &Path) -> Result<Encryptor<BytesMut>, Error> {
        let failed = |source| failed(path, source);
        let mut input = self.open(path)?;
        let len = usize::try_from(input.size()).unwrap_or(usize::MAX);
        let clear = match len {
            0..=MAX_INIT => input
                .read(0, len)
                .map_err(|error| failed(cenc_mp4::Error::Input(error)))?,
            _ => {
                return Err(failed(cenc_mp4::Error::TooLarge {
                    what: "an init segment, in bytes,",
                    limit: MAX_INIT as u64,
                }));
            }
        };
        let mut encryptor =
            new_encryptor(encrypting(usize::from(self.args.threads))).map_err(failed)?;
        let protected = encryptor
            .take_init(&clear, self.packaging)
            .map_err(failed)?;
        if !encryptor.has_tracks() {
            return Err(failed(cenc_mp4::Error::NoMoov));
        }
        for warning in std::iter::from_fn(|| encryptor.next_warning()) {
            input.warn(&warning.to_string());
        }
        if let Some(output) = &self.args.init_out {
            let mut file = OutputFile::create(output, input.metadata(), self.host)?;
            file.write(&Output::Media(protected))?;
            file.finish()?;
        }
        Ok(encryptor)
    }

    fn open(&self, path: &Path) -> Result<ClearFile, Error> {
        ClearFile::open(path, progress_bar(self.args.json), self.signals.clone())
    }

    /// Returns the segments with their outputs, and creates the folder of several.
    fn segments(&self) -> Result<Vec<Segment>, Error> {
        let ProtectArgs { inputs, output, .. } = self.args;
        if let ([input], false) = (inputs.as_slice(), output.is_dir()) {
            return Ok(vec![Segment {
                input: input.clone(),
                output: output.clone(),
            }]);
        }
        let mut names = HashSet::new();
        let mut segments = Vec::new();
        for input in inputs {
            let name = input
                .file_name()
                .ok_or_else(|| new_file::Error::NotAFile(input.clone()))?
                .to_owned();
            segments.push(Segment {
                input: input.clone(),
                output: output.join(&name),
            });
            if !names.insert(name.clone()) {
                return Err(Error::SameName(name));
            }
        }
        fs::create_dir_all(output).map_err(|source| Error::File {
            path: output.clone(),
            source,
        })?;
        Ok(segments)
    }
}

fn failed(path: &Path, source: cenc_mp4::Error) -> Error {
    Error::Mp4 {
        path: path.to_owned(),
        source,
    }
}

/// Returns the number of threads that encrypt: one of several writes.
pub const fn encrypting(threads: usize) -> usize {
    match threads {
        0..=2 => 1,
        more => more - 1,
    }
}
