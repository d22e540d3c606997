// SPDX-License-Identifier: MPL-2.0
//! `playready-packager`: the command line beside the plugin, as a library, so that tests and fuzzers reach its readers.

mod generate;
mod header;
mod inspect;
#[cfg(feature = "serve")]
mod keys;
#[cfg(feature = "serve")]
mod log;
mod manifest;
mod new_file;
mod options;
mod print;
mod protect;
mod secrets;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod store;

pub use inspect::{InspectedBytes, inspect_bytes};

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use generate::{CompletionsArgs, ManArgs};
use header::HeaderArgs;
use protect::ProtectArgs;

/// Tools for content that is protected by Common Encryption with PlayReady signaling.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Protect(Box<ProtectArgs>),
    Inspect(InspectArgs),
    Header(Box<HeaderArgs>),
    Manifest(manifest::ManifestArgs),
    #[cfg(feature = "serve")]
    Store(store::StoreArgs),
    #[cfg(feature = "serve")]
    Serve(Box<serve::ServeArgs>),
    #[cfg(feature = "serve")]
    Keys(keys::KeysArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  playready-packager inspect film.mp4
  playready-packager inspect --as-one init.mp4 segment-1.m4s segment-2.m4s
  playready-packager inspect --json *.mp4 | jq '.[].findings'

Exit codes:
  0  nothing is wrong; notes do not count
  1  a file has an error, or is not an MP4 file
  2  wrong usage, or a file that cannot be opened or read";

/// Show how MP4 files are protected, and what is wrong with it
///
/// Shows tracks, schemes, KIDs, IVs, pssh boxes and PlayReady Headers, and checks that they agree with each other and with
/// every sample's encryption information. Media data is not read and no key is needed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct InspectArgs {
    /// Progressive or fragmented files, init segments or media segments
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write one JSON array with an object for each stream
    #[arg(long)]
    json: bool,
    /// Take all files as one stream, such as an init segment and the media segments behind it
    #[arg(long)]
    as_one: bool,
}

/// Runs the command that this process was started with.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Protect(args) => protect::run(&args),
        Command::Header(args) => header::run(&args),
        Command::Manifest(args) => manifest::run(&args),
        #[cfg(feature = "serve")]
        Command::Store(args) => store::run(&args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(*args, &host_access::Host::system()),
        #[cfg(feature = "serve")]
        Command::Keys(args) => keys::run(&args),
        Command::Completions(args) => generate::completions(&args, Cli::command()),
        Command::Man(args) => generate::man(&args, Cli::command()),
        Command::Inspect(args) => inspect::run(&inspect::Options {
            files: args.files,
            json: args.json,
            as_one: args.as_one,
        }),
    }
}
