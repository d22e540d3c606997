// SPDX-License-Identifier: MPL-2.0
//! Protects a file in the same way as `playreadyenc` does after a seekable source.

use std::path::Path;

use bytes::BytesMut;
use cenc_mp4::{
    Encryptor, IndexMode, LateMoov, Output, ProgressiveEncryptor, RequiredForm, Totals, Warning,
};
use protection_policy::Packaging;

use super::Error;
use super::clear_file::ClearFile;
use super::report::KeyChangeReport;
use super::writer::OutputWriter;

/// The protection of one file.
pub struct ProtectJob<'a> {
    /// The name of the clear file.
    pub path: &'a Path,
    /// The clear file.
    pub input: &'a mut ClearFile,
    /// The protected file.
    pub output: &'a mut OutputWriter,
    /// The configuration and the keys.
    pub packaging: &'a mut Packaging,
    /// The number of threads that encrypt, including this one.
    pub threads: usize,
    /// The crypto periods that started after the first.
    pub key_changes: Vec<KeyChangeReport>,
}

impl ProtectJob<'_> {
    /// Protects the whole file.
    ///
    /// # Errors
    /// Errors of reading, protecting and writing.
    pub fn run(&mut self) -> Result<Totals, Error> {
        match ProgressiveEncryptor::open(self.input, RequiredForm::of(self.packaging))
            .map_err(|error| self.failed(error))?
        {
            Some(file) => self.protect_progressive(file),
            None => self.protect_fragmented(),
        }
    }

    fn protect_progressive(&mut self, mut file: ProgressiveEncryptor) -> Result<Totals, Error> {
        file.protect(self.packaging)
            .map_err(|error| self.failed(error))?;
        self.warn(std::iter::from_fn(|| file.next_warning()));
        self.warn_of_keys();
        self.input.start_pass("measuring");
        file.measure(self.input)
            .map_err(|error| self.failed(error))?;
        self.input.start_pass("protecting");
        while let Some(output) = file
            .next_output(self.input)
            .map_err(|error| self.failed(error))?
        {
            self.write(output)?;
        }
        Ok(file.totals())
    }

    fn protect_fragmented(&mut self) -> Result<Totals, Error> {
        let mut encryptor = new_encryptor(self.threads).map_err(|error| self.failed(error))?;
        if let Some(moov) = LateMoov::find(self.input).map_err(|error| self.failed(error))? {
            encryptor.expect_moov(moov);
        }
        self.protect_stream(&mut encryptor)?;
        Ok(encryptor.totals())
    }

    /// Protects the whole file as a stream.
    ///
    /// # Errors
    /// Errors of reading, protecting and writing, and a track of which nothing was protected.
    fn protect_stream(&mut self, encryptor: &mut Encryptor<BytesMut>) -> Result<(), Error> {
        self.protect_part(encryptor)?;
        let checked = encryptor.check_protected();
        checked.map_err(|error| self.failed(error))
    }

    /// Protects the whole file as a part of a stream.
    ///
    /// # Errors
    /// Errors of reading, protecting and writing.
    pub fn protect_part(&mut self, encryptor: &mut Encryptor<BytesMut>) -> Result<(), Error> {
        self.input.start_pass("protecting");
        let mut outputs = Vec::new();
        let mut position = 0;
        loop {
            let block = self
                .input
                .read_block(position, encryptor.wanted())
                .map_err(|error| self.failed(cenc_mp4::Error::Input(error)))?;
            if block.is_empty() {
                break;
            }
            position += block.len() as u64;
            encryptor
                .push(block, self.packaging, &mut outputs)
                .map_err(|error| self.failed(error))?;
            self.warn(std::iter::from_fn(|| encryptor.next_warning()));
            self.write_all(&mut outputs)?;
        }
        encryptor
            .end_part(self.packaging, &mut outputs)
            .map_err(|error| self.failed(error))?;
        self.warn(std::iter::from_fn(|| encryptor.next_warning()));
        self.write_all(&mut outputs)
    }

    /// Prints what was changed in the input.
    fn warn(&self, warnings: impl Iterator<Item = Warning>) {
        warnings.for_each(|warning| self.input.warn(&warning.to_string()));
    }

    /// Writes the outputs, and takes over key changes and warnings.
    fn write_all(&mut self, outputs: &mut Vec<Output<BytesMut>>) -> Result<(), Error> {
        let scheme = self.packaging.config().scheme;
        while let Some(change) = self.packaging.next_change() {
            let keys = change.keys.iter();
            self.key_changes
                .extend(keys.map(|keys| KeyChangeReport::new(keys, scheme)));
        }
        self.warn_of_keys();
        outputs.drain(..).try_for_each(|output| self.write(output))
    }

    fn warn_of_keys(&mut self) {
        for warning in self.packaging.warnings() {
            self.input.warn(&warning.to_string());
        }
    }

    fn write(&mut self, output: Output<BytesMut>) -> Result<(), Error> {
        if let Some(buffer) = self.output.write(output)? {
            self.input.recycle(buffer);
        }
        Ok(())
    }

    /// Returns the error of the command for one of the file.
    pub fn failed(&self, source: cenc_mp4::Error) -> Error {
        Error::mp4(self.path, source)
    }
}

/// Creates an encryptor of files, with this number of threads.
///
/// # Errors
/// [`cenc_mp4::Error::Threads`].
pub fn new_encryptor(threads: usize) -> Result<Encryptor<BytesMut>, cenc_mp4::Error> {
    let mut encryptor = Encryptor::new(IndexMode::Patch);
    encryptor.set_threads(threads)?;
    encryptor.look_ahead();
    Ok(encryptor)
}
