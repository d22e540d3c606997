// SPDX-License-Identifier: MPL-2.0
//! `protect`: a clear file in, a protected one out, without GStreamer. Memory is bounded by one fragment, or by the `moov` of a
//! progressive file.

mod args;
mod error;
mod input;
mod output;
pub mod report;
mod signals;
mod work;
mod writer;

use std::io::IsTerminal;
use std::process::ExitCode;

pub use args::ProtectArgs;
use cenc_mp4::Totals;
use error::Error;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use input::Input;
use output::OutputFile;
use protection_policy::{Packaging, SampleKeys};
use report::{Change, Report, Texts};
use signals::Signals;
use work::Work;
use writer::Writer;

use crate::print;

/// Rate and time left are those of the pass under way.
const BAR: &str = "{msg:10} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}";

/// Protects and reports; the exit code is that of the command.
pub fn run(args: &ProtectArgs) -> ExitCode {
    match protect(args) {
        Ok(report) => print::out(0, |out| match args.json {
            true => print::json(&report, out),
            false => report.write(out),
        }),
        Err(error) => print::fail(error.exit_code(), &error),
    }
}

fn protect(args: &ProtectArgs) -> Result<Report, Error> {
    let taken = Signals::take().map_err(|source| Error::File {
        path: "signals".into(),
        source,
    });
    let mut input = Input::open(&args.input, bar(args.json), taken?)?;
    let config = args.config()?;
    let threads = usize::from(args.threads);
    let output = OutputFile::create(&args.output, input.metadata())?;
    let mut output = Writer::new(output, threads)?;
    for warning in config.warnings() {
        input.warn(&warning);
    }
    let keys = (SampleKeys::default(), Default::default());
    let mut packaging = Packaging::open(config, args.provider()?, keys)?;
    let mut work = Work {
        path: &args.input,
        input: &mut input,
        output: &mut output,
        packaging: &mut packaging,
        // One writes.
        threads: threads.saturating_sub(1).max(1),
        changes: Vec::new(),
    };
    let totals = work.run()?;
    let changes = work.changes;
    let size = output.finish()?;
    Ok(report(args, &packaging, (totals, size), changes))
}

fn report(
    args: &ProtectArgs,
    packaging: &Packaging,
    (totals, size): (Totals, u64),
    key_changes: Vec<Change>,
) -> Report {
    let scheme = packaging.config().scheme;
    let signaling = packaging
        .signals()
        .map(|signals| Texts::new(signals, scheme));
    let mut kids: Vec<String> = Vec::new();
    let texts = signaling.iter();
    let texts = texts.chain(key_changes.iter().map(|change| &change.signaling));
    for kid in texts.flat_map(|texts| &texts.kids) {
        if !kids.contains(kid) {
            kids.push(kid.clone());
        }
    }
    Report {
        input: args.input.display().to_string(),
        output: args.output.display().to_string(),
        scheme: scheme.name(),
        kids,
        samples: totals.samples,
        bytes: totals.bytes,
        fragments: totals.fragments,
        size,
        signaling,
        key_changes,
    }
}

/// A bar on a terminal; nothing is drawn elsewhere, and none beside JSON.
fn bar(json: bool) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() && !json {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template(BAR);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target)
        .with_style(style)
        .with_finish(ProgressFinish::AndClear)
}
