// SPDX-License-Identifier: MPL-2.0
//! `inspect`: shows how files are protected, and checks their protection.

mod entries;
mod facts;
mod findings;
mod fragment;
mod information;
pub mod init;
mod key_ids;
pub mod layout;
mod lint;
mod mp4_file;
mod profiles;
mod progressive;
mod pssh;
pub mod report;
mod runs;
mod sizes;
mod stream;
pub mod text;
mod track;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use profiles::ClientProfile;
use report::InspectionReport;

use crate::print::{self, FAULTY, NO_FILE};

const EXAMPLES: &str = "\
Examples:
  playready-packager inspect film.mp4
  playready-packager inspect --as-one init.mp4 segment-1.m4s segment-2.m4s
  playready-packager inspect --json *.mp4 | jq '.[].findings'
  playready-packager inspect --profile playready-3,hbbtv video.mp4 audio.mp4

Exit codes:
  0  no errors; warnings and notes do not count
  1  a file has an error, or is not an MP4 file
  2  wrong usage, or a file that cannot be opened or read";

/// Show how MP4 files are protected, and check their protection
///
/// Shows tracks, the share of them that is protected, schemes, KIDs, IVs, pssh boxes and PlayReady Headers, and checks that they agree with each other and with the
/// encryption information of every sample. Media data is not read, and no key is needed.
///
/// With --profile, the findings include what clients of that kind do not take. Give all files of a presentation at once, since their KIDs are compared.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InspectArgs {
    /// Progressive or fragmented files, init segments or media segments
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write one JSON array with an object for each stream
    #[arg(long)]
    json: bool,
    /// Read all files as one stream, such as an init segment followed by its media segments
    #[arg(long)]
    as_one: bool,
    /// Report also what clients of a kind do not take, with remedy and source; may be repeated
    #[arg(long = "profile", value_name = "PROFILE", value_delimiter = ',')]
    profiles: Vec<ClientProfile>,
}

/// Inspects the files and prints the reports.
pub fn run(args: &InspectArgs) -> ExitCode {
    let streams: Vec<_> = match args.as_one {
        true => vec![args.files.as_slice()],
        false => args.files.chunks(1).collect(),
    };
    let mut code = 0;
    let mut reports = Vec::new();
    for files in streams {
        match stream::inspect(files) {
            Ok(report) => reports.push(report),
            Err(error) => {
                eprintln!("{error}");
                code = NO_FILE;
            }
        }
    }
    profiles::check(&mut reports, &args.profiles);
    if reports.iter().any(InspectionReport::has_errors) {
        code = code.max(FAULTY);
    }
    print::out(code, |out| match args.json {
        true => print::json(&reports, out),
        false => print_text(&reports, out),
    })
}

/// Inspects the bytes of a file; returns the text and the JSON that `inspect` prints.
///
/// ```
/// // A 'free' box without content.
/// let inspected = playready_packager::inspect_bytes(b"\0\0\0\x08free".to_vec())?;
/// assert!(String::from_utf8_lossy(&inspected.text).contains("not an MP4 file"));
/// assert!(inspected.json.starts_with(b"["));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// None in practice, because reading and writing memory does not fail.
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
    /// The text.
    pub text: Vec<u8>,
    /// The JSON array.
    pub json: Vec<u8>,
}

fn print_text(reports: &[InspectionReport], mut out: &mut dyn Write) -> io::Result<()> {
    for (number, report) in reports.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        text::write(report, &mut out)?;
    }
    Ok(())
}
