// SPDX-License-Identifier: MPL-2.0
//! `manifest`: puts what protected files say of their protection into a manifest of them, which is otherwise left as it is.

mod edit;
mod error;
mod files;
mod hls;
mod mpd;
mod smooth;
mod xml;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use edit::Edit;
use error::Error;
use files::Files;
use serde::Serialize;

use crate::inspect::init::Init;
use crate::{new_file, print};

const EXAMPLES: &str = "\
Examples:
  playready-packager manifest clear.mpd --output stream.mpd
  playready-packager manifest clear.m3u8 init.mp4 > video.m3u8
  playready-packager manifest Manifest film.ismv --output Manifest

Exit codes:
  0  the manifest is written
  1  it cannot be understood or has protection already, or no file is protected
  2  wrong usage, or a file that cannot be opened, read or written";

/// Add protection to a manifest of protected files: MPD, HLS playlist or Smooth Streaming client manifest
///
/// Scheme, KIDs and DRM systems are those of the init segments that an MPD or media playlist names, which are looked for beside it; a
/// multivariant playlist's are those of its media playlists. Everything else stays as it is, byte for byte.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ManifestArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// Init segments or whole files, by the names that the manifest gives them; a Smooth Streaming manifest names none and needs one
    #[arg(value_name = "INIT")]
    inits: Vec<PathBuf>,
    /// The manifest with protection, which is replaced if it exists; without it standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write one JSON object about what was added
    #[arg(long, requires = "output")]
    json: bool,
}

/// What was added.
#[derive(Debug, Serialize)]
struct Report {
    /// `dash`, `hls` or `smooth`.
    format: &'static str,
    added: Vec<Added>,
}

/// Protection in one place of a manifest.
#[derive(Debug, Serialize)]
struct Added {
    /// Where, such as `AdaptationSet 1`.
    place: String,
    scheme: Option<&'static str>,
    kids: Vec<String>,
    /// SystemIDs.
    systems: Vec<String>,
}

/// What is to be put into a manifest.
struct Plan {
    format: &'static str,
    edits: Vec<Edit>,
    added: Vec<Added>,
}

/// Adds protection and writes; the exit code is that of the command.
pub fn run(args: &ManifestArgs) -> ExitCode {
    match protect(args) {
        Ok((text, _)) if args.output.is_none() => {
            print::out(0, |out| out.write_all(text.as_bytes()))
        }
        Ok((_, report)) => print::out(0, |out| match args.json {
            true => print::json(&report, out),
            false => report.write(out),
        }),
        Err(error) => print::fail(error.exit_code(), &error),
    }
}

fn protect(args: &ManifestArgs) -> Result<(String, Report), Error> {
    let mut files = Files::beside(&args.manifest, &args.inits)?;
    let text = files::read(&args.manifest)?;
    let plan = match text.trim_start_matches('\u{feff}').starts_with("#EXTM3U") {
        true => hls::plan(&text, &mut files)?,
        false => xml::plan(&text, &mut files)?,
    };
    if plan.edits.is_empty() {
        return Err(Error::NothingProtected);
    }
    let text = edit::apply(&text, plan.edits);
    if let Some(path) = &args.output {
        new_file::write(path, text.as_bytes(), None)?;
    }
    let report = Report {
        format: plan.format,
        added: plan.added,
    };
    Ok((text, report))
}

impl Added {
    fn new(place: String, init: &Init) -> Self {
        let systems = init.drms.iter();
        let systems = systems.map(|drm| uuid::Uuid::from_bytes(drm.system_id()).to_string());
        Self {
            place,
            scheme: init.scheme.map(cenc_types::Scheme::name),
            kids: init.kids.iter().map(ToString::to_string).collect(),
            systems: systems.collect(),
        }
    }
}

impl Report {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for added in &self.added {
            let (place, kids) = (&added.place, added.kids.join(", "));
            writeln!(out, "{place}: {} KID {kids}", added.scheme.unwrap_or("-"))?;
        }
        Ok(())
    }
}
