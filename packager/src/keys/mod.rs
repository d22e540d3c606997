// SPDX-License-Identifier: MPL-2.0
//! `keys`: keys of a store made, imported, listed, shown, exported, changed and retired. No key is taken from the command line, which
//! every user of the machine sees, and none is written unless it is asked for with a reason.

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
use serde::Serialize;

use crate::print;

/// Make, import, list, show, export, change and retire the keys of a key store
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(Box<new::NewArgs>),
    Import(Box<import::ImportArgs>),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Export(export::ExportArgs),
    Rotate(rotate::RotateArgs),
    Retire(retire::RetireArgs),
}

/// What a command has to say.
trait Answer: Serialize {
    /// Writes it for people.
    fn write(&self, out: &mut dyn Write) -> io::Result<()>;

    /// What else there is to say, for standard error.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Does it and prints; the exit code is that of the command.
pub fn run(args: &KeysArgs) -> ExitCode {
    match &args.command {
        Command::New(args) => say(args.json, args.run()),
        Command::Import(args) => say(args.json, args.run()),
        Command::List(args) => say(args.json, args.run()),
        Command::Show(args) => say(args.json, args.run()),
        Command::Export(args) => args.run(),
        Command::Rotate(args) => say(args.json, args.run()),
        Command::Retire(args) => say(args.json, args.run()),
    }
}

fn say(json: bool, answer: Result<impl Answer, Error>) -> ExitCode {
    match answer {
        Ok(answer) => {
            for warning in answer.warnings() {
                eprintln!("warning: {warning}");
            }
            print::out(0, |out| match json {
                true => print::json(&answer, out),
                false => answer.write(out),
            })
        }
        Err(error) => print::fail(error.exit_code(), &error),
    }
}
