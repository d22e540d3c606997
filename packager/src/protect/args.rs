// SPDX-License-Identifier: MPL-2.0
//! The options of `protect`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::protection_options::ProtectionOptions;
use crate::cut::parse_segment_duration;

const EXAMPLES: &str = "\
Examples:
  playready-packager protect clear.mp4 film.mp4 --key-uri file:///etc/keys/film.keys
  playready-packager protect clear.mp4 film.mp4 --key-uri speke+https://host/v2 --content-id film --scheme cbcs
  playready-packager protect --init init.mp4 --init-out out/init.mp4 1.m4s 2.m4s out --key-uri file:///etc/keys/film.keys
  playready-packager protect --json clear.mp4 film.mp4 --key-id KID --key-seed-file service.seed --crypto-period 10m

Exit codes:
  0  OUT is written
  1  IN is not an MP4 file that can be protected, or there is no key for it
  2  wrong usage, or a file that cannot be opened, read or written";

/// Protect an MP4 file, progressive or fragmented, by Common Encryption
///
/// OUT is written under a temporary name and renamed when it is complete, so that there is never an incomplete OUT. Keys are read
/// from files and not from the command line, which every user of the machine can see.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProtectArgs {
    /// The clear file; with --init one or more segments, in their order
    #[arg(value_name = "IN", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The protected file; an existing file is replaced. For several segments, the folder of the protected ones
    #[arg(value_name = "OUT", required = true)]
    pub output: PathBuf,
    /// Clear init segment of segments that are files of their own
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// File for the protected init segment
    #[arg(long, value_name = "FILE", requires = "init")]
    pub init_out: Option<PathBuf>,
    /// Cut IN at key frames into fragments of this length and index them, whatever form IN has; OUT can be streamed
    #[arg(long, value_name = "DURATION", value_parser = parse_segment_duration, conflicts_with = "init")]
    pub fragment: Option<Duration>,
    /// Write one JSON object with KIDs, counts and the texts for manifests
    #[arg(long)]
    pub json: bool,
    /// Number of threads; if more than one, one of them writes and the others encrypt. OUT is the same for any number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: u8,
    #[command(flatten)]
    pub protection: ProtectionOptions,
}
