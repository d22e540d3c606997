// SPDX-License-Identifier: MPL-2.0
//! `inspect`: how files are protected, and what is wrong with it.

mod findings;
mod fragment;
mod information;
pub mod init;
mod key_ids;
mod lint;
mod progressive;
mod pssh;
mod read;
pub mod report;
mod runs;
mod stream;
pub mod text;
mod track;
mod walk;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use report::Report;

use crate::print;
use crate::print::{FAULTY, NO_FILE};

/// What was asked on the command line.
#[derive(Debug)]
pub struct Options {
    /// The files, at least one.
    pub files: Vec<PathBuf>,
    /// JSON instead of text.
    pub json: bool,
    /// All files are one stream.
    pub as_one: bool,
}

/// Inspects and prints; the exit code is that of the command.
pub fn run(options: &Options) -> ExitCode {
    let streams: Vec<_> = match options.as_one {
        true => vec![options.files.as_slice()],
        false => options.files.chunks(1).collect(),
    };
    let mut code = 0;
    let mut reports = Vec::new();
    for files in streams {
        match stream::inspect(files) {
            Ok(report) => {
                code = code.max(u8::from(report.has_errors()) * FAULTY);
                reports.push(report);
            }
            Err((path, error)) => {
                eprintln!("{}: {error}", path.display());
                code = NO_FILE;
            }
        }
    }
    print::out(code, |out| match options.json {
        true => print::json(&reports, out),
        false => print_text(&reports, out),
    })
}

/// What `inspect` says of a file with these bytes: the text and the JSON that it would print.
///
/// # Errors
/// None in practice: bytes in memory can be read, and text in memory written.
pub fn inspect_bytes(bytes: Vec<u8>) -> io::Result<InspectedBytes> {
    let reports = [stream::inspect_bytes("bytes", bytes)?];
    let mut inspected = InspectedBytes::default();
    print_text(&reports, &mut inspected.text)?;
    print::json(&reports, &mut inspected.json)?;
    Ok(inspected)
}

/// The output of `inspect` in both forms.
#[derive(Debug, Default)]
pub struct InspectedBytes {
    /// For people.
    pub text: Vec<u8>,
    /// For programs: one array.
    pub json: Vec<u8>,
}

fn print_text(reports: &[Report], mut out: &mut dyn Write) -> io::Result<()> {
    for (number, report) in reports.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        text::write(report, &mut out)?;
    }
    Ok(())
}
