// SPDX-License-Identifier: MPL-2.0
//! `keys`: creates, imports, lists, shows, exports, rotates and retires the keys of a store. Keys are never read from the command
//! line, which every user of the machine can see, and are written only on request and with a reason.

mod error;
mod export;
mod import;
mod list;
mod new;
mod report;
mod retire;
mod rotate;
mod secret_text;
mod show;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use error::Error;
use host_access::Host;
use serde::Serialize;

use crate::print;

/// Create, import, list, show, export, rotate and retire the keys of a key store
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    New(Box<new::NewArgs>),
    Import(Box<import::ImportArgs>),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Export(export::ExportArgs),
    Rotate(rotate::RotateArgs),
    Retire(retire::RetireArgs),
}

/// The result of a command, which `--json` serializes.
trait CommandResult: Serialize {
    /// Writes the result as text.
    fn write(&self, out: &mut dyn Write) -> io::Result<()>;

    /// Returns warnings for standard error.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Runs a command of `keys` and prints its result.
pub fn run(args: &KeysArgs, host: &Host) -> ExitCode {
    match &args.command {
        KeysCommand::New(args) => print_result(args.json, args.run(host)),
        KeysCommand::Import(args) => print_result(args.json, args.run(host)),
        KeysCommand::List(args) => {
            print_result(args.json, args.run(host).inspect(list::KeyList::hint))
        }
        KeysCommand::Show(args) => print_result(args.json, args.run(host)),
        KeysCommand::Export(args) => args.run(host),
        KeysCommand::Rotate(args) => print_result(args.json, args.run(host)),
        KeysCommand::Retire(args) => print_result(args.json, args.run(host)),
    }
}

fn print_result(json: bool, result: Result<impl CommandResult, Error>) -> ExitCode {
    let result = match result {
        Ok(result) => result,
        Err(error) => return print::fail(error.exit_code(), &error),
    };
    for warning in result.warnings() {
        eprintln!("warning: {warning}");
    }
    print::out(0, |out| match json {
        true => print::json(&result, out),
        false => result.write(out),
    })
}
