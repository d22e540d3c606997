// SPDX-License-Identifier: MPL-2.0
//! `completions` and `man`: what the shell and `man` know of the command line.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::print;

/// Write completions for a shell
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Write the manual page of the program or of a command, such as `man protect`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command, or none for the program
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// Prints completions for all commands of `program`.
pub fn completions(args: &CompletionsArgs, mut program: Command) -> ExitCode {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    print::out(0, |out| out.write_all(&script))
}

/// Prints the page of a command of `program`.
pub fn man(args: &ManArgs, mut program: Command) -> ExitCode {
    // Gives each command the whole name by which it is called.
    program.build();
    let mut command = &program;
    for name in &args.command {
        let Some(found) = command.find_subcommand(name) else {
            return print::fail(
                print::NO_FILE,
                &format_args!("no command {name:?}: see --help"),
            );
        };
        command = found;
    }
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let page = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
    print::out(0, |mut out| page.render(&mut out))
}
