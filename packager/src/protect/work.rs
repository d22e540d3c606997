// SPDX-License-Identifier: MPL-2.0
//! From the clear file to the protected one, by the way that `playreadyenc` takes behind `filesrc`.

use std::path::Path;

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output, ProgressiveEncryptor, RequiredForm, Totals};
use protection_policy::Packaging;

use super::Error;
use super::input::Input;
use super::report::Change;
use super::signals::Stopped;
use super::writer::Writer;

/// A file that is being protected.
pub struct Work<'a> {
    /// The clear file's name.
    pub path: &'a Path,
    /// The clear file.
    pub input: &'a mut Input,
    /// The protected file.
    pub output: &'a mut Writer,
    /// What is asked.
    pub packaging: &'a mut Packaging,
    /// How many threads encrypt, this one included.
    pub threads: usize,
    /// The crypto periods that began.
    pub changes: Vec<Change>,
}

impl Work<'_> {
    /// Protects the whole file.
    ///
    /// # Errors
    /// Whatever keeps the file from being read, protected or written.
    pub fn run(&mut self) -> Result<Totals, Error> {
        let opened = ProgressiveEncryptor::open(self.input, RequiredForm::of(self.packaging));
        match opened.map_err(|error| self.failed(error))? {
            Some(file) => self.progressive(file),
            None => self.stream(),
        }
    }

    fn progressive(&mut self, mut file: ProgressiveEncryptor) -> Result<Totals, Error> {
        let protected = file.protect(self.packaging);
        protected.map_err(|error| self.failed(error))?;
        self.input.begin("measuring");
        let measured = file.measure(self.input);
        measured.map_err(|error| self.failed(error))?;
        self.input.begin("protecting");
        loop {
            let output = file.next_output(self.input);
            match output.map_err(|error| self.failed(error))? {
                Some(output) => self.write(output)?,
                None => return Ok(file.totals()),
            }
        }
    }

    fn stream(&mut self) -> Result<Totals, Error> {
        self.input.begin("protecting");
        let mut encryptor = Encryptor::new(IndexMode::Patch);
        let started = encryptor.set_threads(self.threads);
        started.map_err(|error| self.failed(error))?;
        encryptor.look_ahead();
        let mut outputs = Vec::new();
        let mut position = 0;
        loop {
            let block = self
                .input
                .block(position, encryptor.wanted())
                .map_err(cenc_mp4::Error::Input);
            let block = block.map_err(|error| self.failed(error))?;
            if block.is_empty() {
                break;
            }
            position += block.len() as u64;
            let pushed = encryptor.push(block, self.packaging, &mut outputs);
            pushed.map_err(|error| self.failed(error))?;
            self.give(&mut outputs)?;
        }
        let finished = encryptor.finish(self.packaging, &mut outputs);
        finished.map_err(|error| self.failed(error))?;
        self.give(&mut outputs)?;
        Ok(encryptor.totals())
    }

    fn give(&mut self, outputs: &mut Vec<Output<BytesMut>>) -> Result<(), Error> {
        let scheme = self.packaging.config().scheme;
        while let Some(change) = self.packaging.next_change() {
            self.changes.push(Change::new(&change, scheme));
        }
        for warning in self.packaging.warnings() {
            self.input.warn(&warning);
        }
        let mut outputs = outputs.drain(..);
        outputs.try_for_each(|output| self.write(output))
    }

    fn write(&mut self, output: Output<BytesMut>) -> Result<(), Error> {
        if let Some(memory) = self.output.write(output)? {
            self.input.take_back(memory);
        }
        Ok(())
    }

    fn failed(&self, source: cenc_mp4::Error) -> Error {
        match source {
            cenc_mp4::Error::Input(why) if why.is::<Stopped>() => Error::Interrupted,
            cenc_mp4::Error::Threads(source) => Error::Threads(source),
            source => Error::Mp4 {
                path: self.path.to_owned(),
                source,
            },
        }
    }
}
