// SPDX-License-Identifier: MPL-2.0
//! `manifest`: adds the protection of files to a manifest of them, which is otherwise left unchanged.

mod encoding;
mod error;
mod local_files;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use cenc_types::Scheme;
use clap::Args;
use drm_signaling::Drm;
use host_access::Host;
use presentation::{NamedProtection, ProtectedManifest, protect_manifest};
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
  1  the manifest cannot be read or has protection already, or no file is protected
  2  wrong usage, or a file that cannot be opened, read or written";

/// Add protection to a manifest of protected files: MPD, HLS playlist or Smooth Streaming client manifest
///
/// Scheme, KIDs and DRM systems are read from the init segments that an MPD or media playlist names, which must be in its folder or
/// given as INIT. For a multivariant playlist they are read through its media playlists. Byte ranges become those of the protected
/// files. All other bytes of the manifest stay the same.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ManifestArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// Init segments or whole files with the names that the manifest uses; a Smooth Streaming manifest names none and needs one
    #[arg(value_name = "INIT")]
    inits: Vec<PathBuf>,
    /// File for the manifest with protection; an existing file is replaced [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write one JSON object about what was added
    #[arg(long, requires = "output")]
    json: bool,
}

/// The protection that was added.
#[derive(Debug, Serialize)]
struct ManifestReport {
    /// `dash`, `hls` or `smooth`.
    format: &'static str,
    added: Vec<AddedProtection>,
}

/// Protection in one place of a manifest.
#[derive(Debug, Serialize)]
struct AddedProtection {
    /// The place, such as `AdaptationSet 1`.
    place: String,
    scheme: Option<&'static str>,
    kids: Vec<String>,
    /// SystemIDs as UUIDs.
    systems: Vec<String>,
}

/// Adds protection and prints the manifest or the report.
pub fn run(args: &ManifestArgs, host: &Host) -> ExitCode {
    match add_protection(args, host) {
        Ok(written) if args.output.is_none() => print::out(0, |out| out.write_all(&written.bytes)),
        Ok(written) => {
            let report = ManifestReport::from(written.manifest);
            print::out(0, |out| match args.json {
                true => print::json(&report, out),
                false => report.write(out),
            })
        }
        Err(error) => print::fail(error.exit_code(), &error),
    }
}

/// A manifest with protection, in the encoding of the clear manifest.
struct WrittenManifest {
    manifest: ProtectedManifest,
    bytes: Vec<u8>,
}

fn add_protection(args: &ManifestArgs, host: &Host) -> Result<WrittenManifest, Error> {
    let clear = local_files::read_manifest(&args.manifest)?;
    let mut files = LocalFiles::new(&args.manifest, &args.inits)?;
    let manifest = protect_manifest(&clear.text, &mut files)?;
    if let Some(segment) = &manifest.unread_segment {
        eprintln!(
            "warning: the segment {segment} is not there: changes of the key in it are not in the manifest"
        );
    }
    let bytes = clear.encoding.encode(&manifest.text);
    if let Some(path) = &args.output {
        new_file::write(path, &bytes, None, &*host.random)?;
    }
    Ok(WrittenManifest { manifest, bytes })
}

impl From<ProtectedManifest> for ManifestReport {
    fn from(manifest: ProtectedManifest) -> Self {
        Self {
            format: manifest.format.name(),
            added: manifest
                .added
                .into_iter()
                .map(AddedProtection::from)
                .collect(),
        }
    }
}

impl From<NamedProtection> for AddedProtection {
    fn from(added: NamedProtection) -> Self {
        let system_id = |drm: &Drm| Uuid::from_bytes(drm.system_id()).to_string();
        Self {
            place: added.name,
            scheme: added.protection.scheme.map(Scheme::name),
            kids: added
                .protection
                .kids
                .iter()
                .map(ToString::to_string)
                .collect(),
            systems: added.protection.drms.iter().map(system_id).collect(),
        }
    }
}

impl ManifestReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for added in &self.added {
            writeln!(
                out,
                "{}: {} KID {}",
                added.place,
                added.scheme.unwrap_or("-"),
                added.kids.join(", ")
            )?;
        }
        Ok(())
    }
}
