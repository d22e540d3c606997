// SPDX-License-Identifier: MPL-2.0
//! The command line `playready-packager`, as a library, so that tests and fuzzers can call its readers.
//!
//! ```
//! // A 'pssh' box with the SystemID of "Common PSSH" and a list of one KID (W3C, "cenc" Initialization Data Format).
//! let mut pssh = b"\0\0\0\x34pssh\x01\0\0\0".to_vec();
//! pssh.extend(0x1077efec_c0b2_4d02_ace3_3c1e52e2fb4b_u128.to_be_bytes());
//! pssh.extend(1_u32.to_be_bytes());
//! pssh.extend(0xf81d4fae_7dec_11d0_a765_00a0c91e6bf6_u128.to_be_bytes());
//! pssh.extend(0_u32.to_be_bytes());
//!
//! let inspected = playready_packager::inspect_bytes(pssh)?;
//! let text = String::from_utf8(inspected.text)?;
//! assert!(text.contains("1077efec-c0b2-4d02-ace3-3c1e52e2fb4b"));
//! assert!(text.contains("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
//! assert!(text.contains("not an MP4 file"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cut;
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
mod package;
mod print;
#[cfg(feature = "serve")]
mod process;
mod protect;
mod secrets;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod serve_config;
#[cfg(feature = "serve")]
mod store;

pub use inspect::{InspectedBytes, inspect_bytes};

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use generate::{CompletionsArgs, ManArgs};
use header::HeaderArgs;
use host_access::Host;
use inspect::InspectArgs;
use manifest::ManifestArgs;
use package::PackageArgs;
use protect::ProtectArgs;

/// Tools for content that is protected by Common Encryption with PlayReady signaling.
#[derive(Debug, Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: PackagerCommand,
}

#[derive(Debug, Subcommand)]
enum PackagerCommand {
    Protect(Box<ProtectArgs>),
    Package(Box<PackageArgs>),
    Inspect(InspectArgs),
    Header(Box<HeaderArgs>),
    Manifest(ManifestArgs),
    #[cfg(feature = "serve")]
    Store(store::StoreArgs),
    #[cfg(feature = "serve")]
    Serve(Box<serve::ServeArgs>),
    #[cfg(feature = "serve")]
    Keys(keys::KeysArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Runs the command of this process's arguments.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     playready_packager::run()
/// }
/// ```
pub fn run() -> ExitCode {
    let host = Host::system();
    match CommandLine::parse().command {
        PackagerCommand::Protect(args) => protect::run(&args, &host),
        PackagerCommand::Package(args) => package::run(&args, &host),
        PackagerCommand::Inspect(args) => inspect::run(&args),
        PackagerCommand::Header(args) => header::run(&args, &host),
        PackagerCommand::Manifest(args) => manifest::run(&args, &host),
        #[cfg(feature = "serve")]
        PackagerCommand::Store(args) => store::run(&args, &host),
        #[cfg(feature = "serve")]
        PackagerCommand::Serve(args) => serve::run(*args, &host),
        #[cfg(feature = "serve")]
        PackagerCommand::Keys(args) => keys::run(&args, &host),
        PackagerCommand::Completions(args) => {
            generate::print_completions(&args, CommandLine::command())
        }
        PackagerCommand::Man(args) => generate::print_man_page(&args, CommandLine::command()),
    }
}
