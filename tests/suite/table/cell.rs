// SPDX-License-Identifier: MPL-2.0
//! Runs and judges a cell of the table.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::{Place, Row, unread};
use crate::enc;
use crate::launch;
use crate::layout;
use crate::media::{CMAFMUX, ISMLMUX, ISOFMP4MUX, MP4MUX};
use crate::movie::Movie;
use crate::samples::{Twin, longest_clear_part};
use crate::scratch::Scratch;

pub const SCHEMES: [&str; 4] = ["cenc", "cens", "cbc1", "cbcs"];

/// The decryptors besides the oracle and the tests' own reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judge {
    Ffmpeg8,
    Packager,
}

impl Place {
    pub const fn muxer(self) -> Option<&'static str> {
        match self {
            Self::AfterMp4mux | Self::Mp4muxBin => Some(MP4MUX),
            Self::AfterIsofmp4mux => Some(ISOFMP4MUX),
            Self::AfterCmafmux | Self::CmafmuxBin => Some(CMAFMUX),
            Self::AfterIsmlmux => Some(ISMLMUX),
            Self::Fragmented | Self::Pulled | Self::Pushed | Self::Elementary => None,
        }
    }

    pub const fn bin(self) -> Option<&'static str> {
        match self {
            Self::Mp4muxBin => Some("playreadymp4mux"),
            Self::CmafmuxBin => Some("playreadycmafmux"),
            _ => None,
        }
    }

    /// PIFF has one scheme.
    pub const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::AfterIsmlmux => &["cenc"],
            _ => &SCHEMES,
        }
    }
}

/// Runs the cells of a row in a column whose output is a file, all schemes in one process, and judges the files.
pub fn files(row: &Row, place: Place) -> Vec<String> {
    let folder = Scratch::new("table");
    let clear = match place.muxer() {
        Some(_) => folder.join("clear.mp4"),
        None => row.source.file(row.entry, place, &folder),
    };
    let line = line(row, place, (&clear, &folder));
    let run = launch::pipeline(&line);
    if !run.status.success() {
        eprintln!("{line}\n{}", run.stderr);
        return vec![format!("{} {place:?}: the pipeline", row.codec)];
    }
    let mut faults = Vec::new();
    for scheme in place.schemes() {
        let twin = Twin {
            clear: &clear,
            protected: &folder.join(scheme),
            keys: enc::keys_of_mode(scheme),
        };
        faults.extend(judge(row, scheme, place, &twin));
    }
    faults
}

/// The pipeline that writes the clear file, unless it exists, and a protected file for each scheme.
fn line(row: &Row, place: Place, (clear, folder): (&Path, &Scratch)) -> String {
    let branches = place.schemes().iter().map(|scheme| {
        let element = element(place, &enc::properties_of_mode(scheme));
        let sink = format!("filesink location={}", folder.join(scheme).display());
        let source = match (place, place.muxer()) {
            (_, Some(_)) => "t. ! queue".to_owned(),
            (Place::Pulled, _) => format!("filesrc location={}", clear.display()),
            _ => format!("filesrc blocksize=777 location={} ! queue", clear.display()),
        };
        format!("{source} ! {element} ! {sink}")
    });
    let branches = branches.collect::<Vec<_>>().join(" ");
    let beside = format!("filesink location={} {branches}", clear.display());
    match (place.muxer(), place.bin()) {
        (None, _) => branches,
        (Some(muxer), None) => {
            let recipe = row.source.recipe(muxer);
            recipe.pipeline(&format!("tee name=t t. ! queue ! {beside}"))
        }
        (Some(muxer), Some(_)) => {
            let stream = row.source.recipe(muxer).stream();
            format!("{stream} ! tee name=t t. ! queue ! {muxer} ! {beside}")
        }
    }
}

fn element(place: Place, properties: &str) -> String {
    match (place, place.bin()) {
        (_, Some(bin)) => format!("{bin} {properties} {}", inner(place)),
        (Place::AfterIsmlmux, _) => format!("playreadyenc flavor=piff {properties}"),
        _ => format!("playreadyenc {properties}"),
    }
}

/// The muxer's properties in the form of the bin, which has the fragment duration itself.
fn inner(place: Place) -> String {
    let muxer = place.muxer().unwrap_or_default();
    let properties = muxer.split(' ').skip(1);
    let named = properties.map(|property| match property.split_once('=') {
        Some(("fragment-duration", _)) => property.to_owned(),
        _ => format!("mux::{property}"),
    });
    named.collect::<Vec<_>>().join(" ")
}

/// Lets all judges check a file, and returns the names of those that find a fault.
fn judge(row: &Row, scheme: &str, place: Place, twin: &Twin<'_>) -> Vec<String> {
    let is_unread = |judge| unread(judge, row, scheme, place).is_some();
    let piff = place == Place::AfterIsmlmux;
    let judges: [(&str, bool, &dyn Fn()); 6] = [
        ("cencbox.py", false, &|| twin.check_cencbox()),
        ("FFmpeg 8", is_unread(Judge::Ffmpeg8), &|| {
            twin.check_ffmpeg8();
        }),
        ("Shaka Packager", is_unread(Judge::Packager), &|| {
            twin.check_packager(scheme);
        }),
        ("the tests' reader", false, &|| twin.check_own()),
        ("clear media", false, &|| {
            has_no_clear_media(twin, scheme, row.codec);
        }),
        ("layout", piff, &|| {
            is_protected(twin.protected, scheme, row.entry);
        }),
    ];
    let mut faults = Vec::new();
    for (name, is_unread, check) in judges {
        if !is_unread && catch_unwind(AssertUnwindSafe(check)).is_err() {
            faults.push(format!("{} {place:?} {scheme}: {name}", row.codec));
        }
    }
    faults
}

/// Checks that every sample is protected by the scheme, under the sample entry of the row.
fn is_protected(file: &Path, scheme: &str, entry: &str) {
    let movie = Movie::open(file);
    layout::check(&movie.file);
    for track in &movie.tracks {
        assert_eq!(track.entries[0].format, entry.as_bytes());
        assert_eq!(track.entries[0].scheme.unwrap(), scheme.as_bytes());
        assert!(track.samples.iter().all(|s| s.protection.is_some()));
    }
}

/// Checks that no part of a sample stays clear but headers, the clear blocks of a pattern, and a partial block.
fn has_no_clear_media(twin: &Twin<'_>, scheme: &str, codec: &str) {
    const PARTIAL_BLOCK: usize = 15;
    // One byte of ciphertext in 256 is that of the clear sample.
    const EQUAL_BY_CHANCE: usize = 3;
    const CLEAR_BLOCKS: usize = 9 * 16;
    // Parameter sets, and the description of an encoder: x265 writes more than 2 kB.
    const FIRST_SAMPLE: usize = 3000;
    let (clear, protected) = (Movie::open(twin.clear), Movie::open(twin.protected));
    for (source, target) in clear.tracks.iter().zip(&protected.tracks) {
        let is_video = &source.handler == b"vide";
        let headers = match codec {
            // The table of contents.
            "AC-4" => 24,
            // Adaptation parameter sets.
            "VVC" => 320,
            _ if is_video => 80,
            _ => 0,
        };
        let clear_blocks = match scheme {
            "cens" | "cbcs" if is_video => CLEAR_BLOCKS,
            _ => 0,
        };
        for (number, (source, target)) in source.samples.iter().zip(&target.samples).enumerate() {
            let (clear, protected) = (clear.bytes(source), protected.bytes(target));
            let start = match number {
                0 if is_video => first_difference(clear, protected),
                _ => 0,
            };
            assert!(
                start <= FIRST_SAMPLE,
                "{start} bytes before the first slice"
            );
            let longest = longest_clear_part(clear, protected, start);
            let most = headers + clear_blocks + PARTIAL_BLOCK + EQUAL_BY_CHANCE;
            assert!(longest <= most, "sample {number}: {longest} bytes");
        }
    }
}

fn first_difference(clear: &[u8], protected: &[u8]) -> usize {
    let mut pairs = clear.iter().zip(protected);
    pairs
        .position(|(clear, protected)| clear != protected)
        .unwrap_or(clear.len())
}
