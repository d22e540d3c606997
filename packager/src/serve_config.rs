// SPDX-License-Identifier: MPL-2.0
//! The options of `serve` in a file: one a line, as on the command line but without `--`, such as `max-connections 2000`. Empty lines
//! and those that begin with `#` count nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser;
use host_access::read_regular_file;

use crate::serve::ServeArgs;

/// The command line of `serve`, whose later options override earlier ones.
#[derive(Debug, Parser)]
#[command(name = "serve", args_override_self = true)]
struct ServeLine {
    #[command(flatten)]
    args: ServeArgs,
}

/// The error of a file of options.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is not text.
    #[error("{path} is not text in UTF-8: write one option a line, such as max-connections 2000", path = .0.display())]
    NotText(PathBuf),
    /// An option is wrong.
    #[error("{0}")]
    Options(String),
}

/// Adds the options of the file that the command line names, if it names one.
///
/// # Errors
/// [`ConfigError`].
pub fn with_file(args: ServeArgs) -> Result<ServeArgs, ConfigError> {
    match &args.config {
        Some(path) => parse(path),
        None => Ok(args),
    }
}

/// Reads the command line of this process and its file again.
///
/// # Errors
/// [`ConfigError`].
pub fn read_again() -> Result<ServeArgs, ConfigError> {
    let given = parse_line(own_options())?;
    with_file(given)
}

fn parse(path: &Path) -> Result<ServeArgs, ConfigError> {
    let bytes = read_regular_file(path).map_err(|source| ConfigError::File {
        path: path.to_owned(),
        source,
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| ConfigError::NotText(path.to_owned()))?;
    parse_line(options(text).into_iter().chain(own_options()))
        .map_err(|error| ConfigError::Options(format!("{}: {error}", path.display())))
}

/// Returns the options of a file as arguments.
fn options(text: &str) -> Vec<OsString> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| match line.split_once(char::is_whitespace) {
            Some((name, value)) => format!("--{name}={}", value.trim()).into(),
            None => format!("--{line}").into(),
        })
        .collect()
}

/// Returns the options after `serve` on the command line of this process.
fn own_options() -> impl Iterator<Item = OsString> {
    std::env::args_os()
        .skip_while(|word| word != "serve")
        .skip(1)
}

fn parse_line(options: impl IntoIterator<Item = OsString>) -> Result<ServeArgs, ConfigError> {
    let line = std::iter::once("serve".into()).chain(options);
    match ServeLine::try_parse_from(line) {
        Ok(line) => Ok(line.args),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Err(ConfigError::Options(
                first.trim_start_matches("error: ").to_owned(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_options_without_dashes() {
        let text = "# limits\n\n max-connections  2000 \nknown-contents-only\npublic-url\thttps://keys.example/\n";
        assert_eq!(
            options(text),
            [
                "--max-connections=2000",
                "--known-contents-only",
                "--public-url=https://keys.example/"
            ]
        );
        let args = parse_line(options(text)).unwrap();
        assert!(args.known_contents_only);
        // Those of the command line come later.
        let both = options(text)
            .into_iter()
            .chain(["--max-connections=7".into()]);
        assert_eq!(parse_line(both).unwrap().limits.max_connections, 7);
        let wrong = parse_line(options("max-conections 1")).err().unwrap();
        assert!(wrong.to_string().contains("--max-conections"), "{wrong}");
    }
}
