// SPDX-License-Identifier: MPL-2.0
//! `completions` and `man`: generates shell completions and manual pages from the command line's definition.

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

/// Write the manual page of the program or of one of its commands, such as `man protect`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command, such as `header build` [default: the program itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// Prints the completions for all commands of `program`.
pub fn print_completions(args: &CompletionsArgs, mut program: Command) -> ExitCode {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    print::out(0, |out| out.write_all(&script))
}

/// Prints the manual page of a command of `program`.
pub fn print_man_page(args: &ManArgs, mut program: Command) -> ExitCode {
    // Gives each command its full name, such as "playready-packager protect".
    program.build();
    let mut command = &program;
    for name in &args.command {
        command = match command.find_subcommand(name) {
            Some(subcommand) => subcommand,
            None => {
                return print::fail(
                    print::NO_FILE,
                    &format_args!("there is no command {name:?}: see --help"),
                );
            }
        };
    }
    let page = clap_mangen::Man::new(command.clone()).title(
        command
            .get_display_name()
            .unwrap_or_else(|| command.get_name())
            .to_uppercase(),
    );
    print::out(0, |mut out| page.render(&mut out))
}
