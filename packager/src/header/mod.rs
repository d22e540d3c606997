// SPDX-License-Identifier: MPL-2.0
//! `header`: PlayReady Headers made, and read in any notation; either way out come all notations.

mod build;
mod notation;
mod report;

use std::process::ExitCode;

use build::BuildArgs;
use cenc_types::Scheme;
use clap::{Args, Subcommand};
use report::Report;

use crate::options::scheme;
use crate::print;

const DECODE_EXAMPLES: &str = "\
Examples:
  playready-packager header decode 9gIAAAEAAQDsAjwAVwBSAE0ASABFAEEARABFAFIA...
  playready-packager header decode header.xml
  grep -o 'AAA[^<]*' manifest.mpd | playready-packager header decode --json -

Exit codes:
  0  the header is what PlayReady's specification asks for; notes do not count
  1  it is not, or there is none
  2  wrong usage, or a file that cannot be read";

/// Make or read PlayReady Headers: XML, PlayReady Object, pssh box, texts for manifests
#[derive(Debug, Args)]
pub struct HeaderArgs {
    #[command(subcommand)]
    command: HeaderCommand,
}

#[derive(Debug, Subcommand)]
enum HeaderCommand {
    Build(Box<BuildArgs>),
    Decode(DecodeArgs),
}

/// Read a header in any notation and write it in all
#[derive(Debug, Args)]
#[command(after_help = DECODE_EXAMPLES)]
struct DecodeArgs {
    /// WRMHEADER in XML, or a PlayReady Object or pssh box in base64, hex or bytes: the text itself, a file of it, or - for
    /// standard input
    #[arg(value_name = "HEADER")]
    input: String,
    /// Scheme of the content, for the texts; without it cenc, or cbcs where the header names AESCBC
    #[arg(long, value_parser = scheme())]
    scheme: Option<Scheme>,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// Builds or decodes and prints; the exit code is that of the command.
pub fn run(args: &HeaderArgs) -> ExitCode {
    match &args.command {
        HeaderCommand::Build(args) => match args.report() {
            Ok(report) => show(&report, args.json),
            Err(error) => print::fail(error.exit_code(), &error),
        },
        HeaderCommand::Decode(args) => {
            let read = notation::read(&args.input);
            let report = read.and_then(|found| Report::new(&found, args.scheme));
            match report {
                Ok(report) => show(&report, args.json),
                Err(error) => print::fail(error.exit_code(), &error),
            }
        }
    }
}

fn show(report: &Report, json: bool) -> ExitCode {
    let code = u8::from(report.has_faults()) * print::FAULTY;
    print::out(code, |out| match json {
        true => print::json(report, out),
        false => report.write(out),
    })
}
