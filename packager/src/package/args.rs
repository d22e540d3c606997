// SPDX-License-Identifier: MPL-2.0
//! The options of `package`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use protection_policy::properties::KEY_CHANGE;

use super::input_spec::InputSpec;
use crate::cut::parse_segment_duration;
use crate::protect::protection_options::ProtectionOptions;

const EXAMPLES: &str = "\
Examples:
  playready-packager package film-1080p.mp4 film-480p.mp4 subs.vtt,language=en --output out --key-uri file:///etc/keys/film.keys --scheme cbcs
  playready-packager package film.mp4 --output out --single-file --key-uri speke+https://host/v2 --content-id film
  playready-packager package film.mp4 dub.mp4,language=de,role=dub --output out --key-uri file:///etc/keys/film.keys
  playready-packager package film.mp4 --output out --manifests dash,hls,smooth --key-uri file:///etc/keys/film.keys

Exit codes:
  0  the presentation is in DIR
  1  an input cannot be packaged, or there is no key for it
  2  wrong usage, or a file that cannot be opened, read or written";

/// Package MP4 and WebVTT files as a protected presentation for players: CMAF segments, MPD and HLS playlists, or Smooth Streaming
///
/// The tracks of all files play together; those of one kind are qualities or languages among which players choose. Segments start at
/// key frames that all qualities have in common. The manifests in DIR are replaced when all that they name is there, so that an
/// older presentation in DIR plays until then.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg(KEY_CHANGE.name, |arg| arg.default_value("init")))]
pub struct PackageArgs {
    /// Clear MP4 or WebVTT file, with properties of its tracks after commas: language=TAG, label=TEXT, role=NAME, forced
    #[arg(value_name = "IN", required = true)]
    pub inputs: Vec<InputSpec>,
    /// Folder of the presentation, which is created if it does not exist
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Length of a segment: it ends with the first common key frame of the next such part of time
    #[arg(long, value_name = "DURATION", default_value = "4s", value_parser = parse_segment_duration)]
    pub segment_duration: Duration,
    /// Write one file for each track, with an index, in place of a file for each segment
    #[arg(long)]
    pub single_file: bool,
    /// Manifests to write
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "dash,hls"
    )]
    pub manifests: Vec<ManifestKind>,
    /// Signal a clear lead in HLS by METHOD=NONE, with which hls.js stops, in place of the key from the start
    #[arg(long)]
    pub hls_clear_lead: bool,
    /// Write one JSON object with tracks, KIDs and sizes
    #[arg(long)]
    pub json: bool,
    /// Number of threads that encrypt. The output is the same for any number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: u8,
    #[command(flatten)]
    pub protection: ProtectionOptions,
}

impl PackageArgs {
    /// True if a manifest is written that names CMAF files.
    pub fn writes_cmaf(&self) -> bool {
        self.manifests
            .iter()
            .any(|kind| matches!(kind, ManifestKind::Dash | ManifestKind::Hls))
    }
}

/// A format of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ManifestKind {
    /// An MPD of DASH, `manifest.mpd`
    Dash,
    /// Playlists of HLS, `manifest.m3u8` and one for each track
    Hls,
    /// A client manifest of Smooth Streaming, `Manifest`, with fragments of its own; for scheme cenc
    Smooth,
}
