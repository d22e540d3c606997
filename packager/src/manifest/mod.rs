// SPDX-License-Identifier: MPL-2.0
//! `manifest`: puts what protected files say of their protection into a manifest of them, which is otherwise left as it is.

mod error;
mod local_files;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use cenc_types::Scheme;
use clap::Args;
use drm_signaling::Drm;
use presentation::{NamedProtection, protect_manifest};
use serde::Serialize;
use uuid::Uuid;

use crate::{new_file, print};
use error::Error;
use local_files::LocalFiles;

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
    let mut files = LocalFiles::beside(&args.manifest, &args.inits)?;
    let text = local_files::read(&args.manifest)?;
    let manifest = protect_manifest(&text, &mut files)?;
    if let Some(path) = &args.output {
        new_file::write(path, manifest.text.as_bytes(), None)?;
    }
    let report = Report {
        format: manifest.format.name(),
        added: manifest.added.into_iter().map(Added::from).collect(),
    };
    Ok((manifest.text, report))
}

impl From<NamedProtection> for Added {
    fn from(added: NamedProtection) -> Self {
        let protection = added.protection;
        let system_id = |drm: &Drm| Uuid::from_bytes(drm.system_id()).to_string();
        Self {
            place: added.name,
            scheme: protection.scheme.map(Scheme::name),
            kids: protection.kids.iter().map(ToString::to_string).collect(),
            systems: protection.drms.iter().map(system_id).collect(),
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
