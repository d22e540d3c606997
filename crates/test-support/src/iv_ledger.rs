// SPDX-License-Identifier: MPL-2.0
//! Notes the IVs of the protected files that tests make, so that a run of all tests can show that no key uses an IV twice.
//!
//! Each process appends to a file of its own in the folder that PLAYREADY_IV_LEDGER names. `scripts/iv-ledger` compares these
//! notes. A line has the KID, the mode of the cipher, the first and the last counter block, and what names the file; the fields
//! are separated by tabs.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::decrypt::hex;
use crate::movie::{Movie, PIFF_SENC, Protection, Seig};
use crate::tools;

const VARIABLE: &str = "PLAYREADY_IV_LEDGER";
/// Files that are longer are not read. They are noted by name.
const LIMIT: u64 = 256 << 20;

thread_local! {
    /// The reason for which the IVs of this thread's test are not compared. Empty if they are.
    static EXCEPTION: Cell<&'static str> = const { Cell::new("") };
}

/// Leaves the files of this test out of the comparison, for a stated reason.
pub fn except(reason: &'static str) {
    EXCEPTION.set(reason);
}

/// The IVs of one or more samples that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    kid: [u8; 16],
    mode: &'static str,
    /// The first counter block, or the IV of a chain.
    first: u128,
    /// The last counter block.
    last: u128,
}

/// Notes the IVs of a file, or of all files in a folder. Does nothing without a ledger.
pub fn record(place: &Path) {
    if let Some(ledger) = std::env::var_os(VARIABLE) {
        record_in(Path::new(&ledger), place);
    }
}

/// As [`record`], with the folder of the ledger. Files outside Cargo's folder for tests are not the tests' own.
pub fn record_in(ledger: &Path, place: &Path) {
    if place.is_dir() {
        let entries = fs::read_dir(place).unwrap().flatten();
        entries.for_each(|entry| record_in(ledger, &entry.path()));
    } else if place.is_file() && place.starts_with(tools::scratch_root()) {
        record_file(place, ledger);
    }
}

fn record_file(file: &Path, ledger: &Path) {
    static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let Ok(metadata) = fs::metadata(file) else {
        return;
    };
    let identity = [
        metadata.ino().to_string(),
        metadata.len().to_string(),
        metadata.mtime().to_string(),
        metadata.mtime_nsec().to_string(),
    ]
    .join("-");
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if !known.get_or_insert_default().insert(identity.clone()) {
        return;
    }
    let runs = match metadata.len() {
        ..=LIMIT => fs::read(file).map_or(Ok(Vec::new()), |bytes| runs_of(bytes, file)),
        _ => Err("too long"),
    };
    let thread = std::thread::current();
    let name = format!(
        "{identity}\t{}\t{}\t{}",
        EXCEPTION.get(),
        thread.name().unwrap_or("a thread"),
        file.display()
    );
    let mut lines = String::new();
    match runs {
        Ok(runs) => runs.iter().for_each(|run| {
            let Run {
                kid,
                mode,
                first,
                last,
            } = run;
            writeln!(
                lines,
                "{}\t{mode}\t{first:032x}\t{last:032x}\t{name}",
                hex(kid)
            )
            .unwrap();
        }),
        Err(why) => writeln!(lines, "-\t{why}\t-\t-\t{name}").unwrap(),
    }
    append(ledger, &lines);
}

fn append(ledger: &Path, lines: &str) {
    if lines.is_empty() {
        return;
    }
    let mut options = File::options();
    let notes = ledger.join(std::process::id().to_string());
    let mut notes = options.append(true).create(true).open(notes).unwrap();
    notes.write_all(lines.as_bytes()).unwrap();
}

/// Reads the IVs of a file. A segment is read after an init segment of its folder.
fn runs_of(bytes: Vec<u8>, file: &Path) -> Result<Vec<Run>, &'static str> {
    // Other files may have these letters too.
    let is_movie = bytes
        .get(4..8)
        .is_some_and(|kind| kind == b"ftyp" || kind == b"moov")
        || is_segment(&bytes);
    let has_entries = [b"senc".as_slice(), b"saiz", &PIFF_SENC]
        .iter()
        .any(|sign| bytes.windows(sign.len()).any(|found| found == *sign));
    if !(is_movie && has_entries) {
        return Ok(Vec::new());
    }
    if !is_segment(&bytes) {
        return read(bytes).ok_or("unreadable");
    }
    siblings(file)
        .into_iter()
        .filter_map(|file| fs::read(file).ok())
        .filter(|init| init.get(4..8) == Some(b"ftyp"))
        .find_map(|init| read([init, bytes.clone()].concat()))
        .ok_or("a segment without its init segment")
}

fn is_segment(bytes: &[u8]) -> bool {
    bytes
        .get(4..8)
        .is_some_and(|kind| matches!(kind, b"styp" | b"sidx" | b"moof" | b"prft" | b"emsg"))
}

fn siblings(file: &Path) -> Vec<PathBuf> {
    let entries = file.parent().and_then(|folder| fs::read_dir(folder).ok());
    let entries = entries.into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// The IVs of a movie; None if the tests' reader cannot read it.
fn read(bytes: Vec<u8>) -> Option<Vec<Run>> {
    let movie = catch_unwind(AssertUnwindSafe(|| Movie::parse(bytes))).ok()?;
    let samples = movie.tracks.iter().flat_map(|track| &track.samples);
    let runs = samples.filter_map(|sample| Some((sample.protection.as_ref()?, sample.size)));
    Some(joined(
        runs.filter_map(|(protection, size)| run(protection, size))
            .collect(),
    ))
}

/// The IVs of a sample; None if it is clear or has a constant IV.
fn run(protection: &Protection, size: usize) -> Option<Run> {
    let Protection {
        rules,
        iv,
        subsamples,
        scheme,
    } = protection;
    if !rules.constant_iv.is_empty() {
        return None;
    }
    let lengths = match subsamples.as_slice() {
        [] => vec![size],
        subsamples => subsamples
            .iter()
            .map(|(_, protected)| *protected as usize)
            .collect(),
    };
    let blocks = match scheme {
        b"cens" => lengths
            .iter()
            .map(|length| encrypted_blocks(*length, rules))
            .sum(),
        _ => lengths.iter().sum::<usize>().div_ceil(16),
    };
    let mut block = [0; 16];
    block[..iv.len()].copy_from_slice(iv);
    let first = u128::from_be_bytes(block);
    let (mode, last) = match scheme {
        b"cbc1" | b"cbcs" => ("cbc", first),
        // No other sample can have a counter block with these upper eight bytes.
        _ if iv.len() == 8 => ("ctr", first | u128::from(u64::MAX)),
        _ => ("ctr", first.checked_add(blocks as u128)?.checked_sub(1)?),
    };
    (blocks > 0).then_some(Run {
        kid: rules.kid,
        mode,
        first,
        last,
    })
}

/// The blocks of a protected range that its pattern encrypts.
fn encrypted_blocks(length: usize, rules: &Seig) -> usize {
    let [crypt, skip] = [rules.crypt_byte_block, rules.skip_byte_block].map(usize::from);
    let blocks = length / 16;
    match crypt {
        0 => blocks,
        _ => blocks / (crypt + skip) * crypt + (blocks % (crypt + skip)).min(crypt),
    }
}

/// Sorts runs, and joins those that follow each other. Runs that overlap remain apart.
fn joined(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_unstable();
    let mut joined: Vec<Run> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last)
                if (last.kid, last.mode) == (run.kid, run.mode)
                    && last.last.checked_add(1) == Some(run.first) =>
            {
                last.last = run.last;
            }
            _ => joined.push(run),
        }
    }
    joined
}
