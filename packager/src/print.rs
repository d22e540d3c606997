// SPDX-License-Identifier: MPL-2.0
//! What commands write to standard output, and how they tell of their end.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

/// Something is wrong with a file.
pub const FAULTY: u8 = 1;
/// A file cannot be opened, read or written, or the command line is wrong.
pub const NO_FILE: u8 = 2;

/// Writes to standard output by `write`; `code` is the exit code if that goes well.
pub fn out(code: u8, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        // Whoever reads has enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(error) => fail(NO_FILE, &format_args!("standard output: {error}")),
        Ok(()) => ExitCode::from(code),
    }
}

/// Writes a value as JSON, with a line break behind it.
///
/// # Errors
/// Whatever keeps it from being written.
pub fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Says on standard error why the command ends, and returns its exit code.
pub fn fail(code: u8, why: &dyn Display) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(code)
}
