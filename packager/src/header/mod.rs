// SPDX-License-Identifier: MPL-2.0
//! `header`: makes a PlayReady Header, or reads one in any notation, and shows it in all notations.

mod build;
mod notation;
mod report;

use std::process::ExitCode;

use build::BuildArgs;
use cenc_types::Scheme;
use clap::{Args, Subcommand};
use host_access::Host;
use report::HeaderReport;

use crate::options::scheme_parser;
use crate::print;

const DECODE_EXAMPLES: &str = "\
Examples:
  playready-packager header decode 9gIAAAEAAQDsAjwAVwBSAE0ASABFAEEARABFAFIA...
  playready-packager header decode header.xml
  grep -o 'AAA[^<]*' manifest.mpd | playready-packager header decode --json -

Exit codes:
  0  the header conforms to PlayReady's specification; notes do not count
  1  the header does not conform, or there is none
  2  wrong usage, or a file that cannot be read";

/// Make or read a PlayReady Header and show it as XML, PlayReady Object, pssh box and texts for manifests
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

/// Read a header in any notation and show it in all notations
#[derive(Debug, Args)]
#[command(after_help = DECODE_EXAMPLES)]
struct DecodeArgs {
    /// WRMHEADER in XML, or a PlayReady Object or pssh box in base64, hex or bytes: the text itself, the name of a file, or -
    /// for standard input
    #[arg(value_name = "HEADER")]
    input: String,
    /// Scheme of the content, for the texts of manifests [default: cbcs if the header names AESCBC, else cenc]
    #[arg(long, value_parser = scheme_parser())]
    scheme: Option<Scheme>,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// Makes or reads a header and prints it.
pub fn run(args: &HeaderArgs, host: &Host) -> ExitCode {
    let (report, json) = match &args.command {
        HeaderCommand::Build(args) => (args.report(host), args.json),
        HeaderCommand::Decode(args) => (
            notation::read(&args.input).and_then(|header| HeaderReport::new(&header, args.scheme)),
            args.json,
        ),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => return print::fail(error.exit_code(), &error),
    };
    let code = u8::from(report.has_errors()) * print::FAULTY;
    print::out(code, |out| match json {
        true => print::json(&report, out),
        false => report.write(out),
    })
}
