// SPDX-License-Identifier: MPL-2.0
//! `inspect`: how files are protected, and what is wrong with it.

mod findings;
mod fragment;
mod information;
mod key_ids;
mod lint;
mod progressive;
mod pssh;
mod read;
mod report;
mod runs;
mod stream;
mod text;
mod track;
mod walk;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use report::Report;

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

/// Something is wrong with a file.
const FAULTY: u8 = 1;
/// A file cannot be opened or read.
const NO_FILE: u8 = 2;

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
    match print(&reports, options.json) {
        // Whoever reads has enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(error) => {
            eprintln!("standard output: {error}");
            ExitCode::from(NO_FILE)
        }
        Ok(()) => ExitCode::from(code),
    }
}

fn print(reports: &[Report], json: bool) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if json {
        serde_json::to_writer_pretty(&mut out, reports)?;
        writeln!(out)?;
        return out.flush();
    }
    for (number, report) in reports.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        text::write(report, &mut out)?;
    }
    out.flush()
}
