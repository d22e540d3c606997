// SPDX-License-Identifier: MPL-2.0
//! `protect`: protects a clear file without GStreamer. Its memory is bounded by the size of one fragment, or of the `moov` of a
//! progressive file.

mod args;
pub mod clear_file;
mod error;
mod fragmented_file;
mod job;
mod output;
pub mod protection_options;
pub mod report;
mod segments;
pub mod signals;
mod writer;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

pub use args::ProtectArgs;
use clear_file::ClearFile;
pub use error::Error;
use fragmented_file::FragmentedFileJob;
use host_access::Host;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use job::ProtectJob;
use output::OutputFile;
use report::ProtectReport;
use segments::SegmentsJob;
pub use segments::encrypting;
use signals::StopSignals;
use writer::OutputWriter;

use crate::print;

/// The progress bar; rate and remaining time are those of the current pass.
const BAR: &str = "{msg:10} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}";

/// Protects a file and prints the report.
pub fn run(args: &ProtectArgs, host: &Host) -> ExitCode {
    match protect(args, host) {
        Ok(report) => print::out(0, |out| match args.json {
            true => print::json(&report, out),
            false => report.write(out),
        }),
        Err(error) => print::fail(error.exit_code(), &error),
    }
}

fn protect(args: &ProtectArgs, host: &Host) -> Result<ProtectReport, Error> {
    let signals = StopSignals::register().map_err(Error::Signals)?;
    match (&args.init, args.inputs.as_slice()) {
        (Some(init), _) => protect_segments(args, init, host, signals),
        (None, [input]) => match args.fragment {
            Some(duration) => fragment_file(args, input, duration, host, signals),
            None => protect_file(args, input, host, signals),
        },
        (None, _) => Err(Error::SeveralFiles),
    }
}

fn protect_file(
    args: &ProtectArgs,
    path: &Path,
    host: &Host,
    signals: StopSignals,
) -> Result<ProtectReport, Error> {
    let mut input = ClearFile::open(path, progress_bar(args.json), signals)?;
    let config = args.protection.one_init_config(host)?;
    let threads = usize::from(args.threads);
    let mut output = OutputWriter::new(
        OutputFile::create(&args.output, input.metadata(), host)?,
        threads,
    )?;
    for warning in config.warnings() {
        input.warn(&warning);
    }
    let mut packaging = args.protection.open(config, host)?;
    let mut job = ProtectJob {
        path,
        input: &mut input,
        output: &mut output,
        packaging: &mut packaging,
        threads: encrypting(threads),
        key_changes: Vec::new(),
    };
    let totals = job.run()?;
    let key_changes = job.key_changes;
    let size = output.finish()?;
    Ok(ProtectReport::new(
        args,
        &packaging,
        totals,
        size,
        key_changes,
    ))
}

/// Cuts a file into fragments and protects them.
fn fragment_file(
    args: &ProtectArgs,
    path: &Path,
    segment_duration: Duration,
    host: &Host,
    signals: StopSignals,
) -> Result<ProtectReport, Error> {
    let input = ClearFile::open(path, progress_bar(args.json), signals)?;
    let config = args.protection.one_init_config(host)?;
    for warning in config.warnings() {
        input.warn(&warning);
    }
    let output = OutputFile::create(&args.output, input.metadata(), host)?;
    let job = FragmentedFileJob {
        path,
        segment_duration,
        threads: args.threads,
        packaging: args.protection.open(config, host)?,
    };
    let file = job.run(input, output)?;
    Ok(ProtectReport::new(
        args,
        &file.packaging,
        file.totals,
        file.size,
        file.key_changes,
    ))
}

fn protect_segments(
    args: &ProtectArgs,
    init: &Path,
    host: &Host,
    signals: StopSignals,
) -> Result<ProtectReport, Error> {
    let config = args.protection.one_init_config(host)?;
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    let mut packaging = args.protection.open(config, host)?;
    let mut job = SegmentsJob {
        args,
        host,
        signals,
        packaging: &mut packaging,
        key_changes: Vec::new(),
        size: 0,
    };
    let totals = job.run(init)?;
    let SegmentsJob {
        key_changes, size, ..
    } = job;
    Ok(ProtectReport::new(
        args,
        &packaging,
        totals,
        size,
        key_changes,
    ))
}

/// Returns a progress bar, which is hidden if standard error is not a terminal or JSON is written.
pub fn progress_bar(json: bool) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() && !json {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    ProgressBar::with_draw_target(None, target)
        .with_style(
            ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()),
        )
        .with_finish(ProgressFinish::AndClear)
}
