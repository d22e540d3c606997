// SPDX-License-Identifier: MPL-2.0
//! Standard output, error messages and exit codes of the commands.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

/// The exit code when something is wrong with a file.
pub const FAULTY: u8 = 1;
/// The exit code when a file cannot be opened, read or written, or the command line is wrong.
pub const NO_FILE: u8 = 2;

/// Writes to standard output with `write`; returns `code` if that succeeds.
pub fn out(code: u8, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        // The reader, such as `head`, has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(error) => fail(NO_FILE, &format_args!("standard output: {error}")),
        Ok(()) => ExitCode::from(code),
    }
}

/// Writes a value as JSON, followed by a line break.
///
/// # Errors
/// Errors of `out`.
pub fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Writes an error to standard error and returns the exit code.
pub fn fail(code: u8, error: &dyn Display) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(code)
}
