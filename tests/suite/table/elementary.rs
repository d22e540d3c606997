// SPDX-License-Identifier: MPL-2.0
//! The cells of `cencenc`, whose output is no file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::Row;
use super::cell::SCHEMES;
use crate::enc;
use crate::in_process;
use crate::iv_ledger;
use crate::movie::Movie;
use crate::scratch::Scratch;
use crate::seen;

/// Compares the samples from `cencenc` with those in the file of `playreadyenc`.
pub fn samples(row: &Row) -> Vec<String> {
    let folder = Scratch::new("table");
    iv_ledger::except("two elements protect the same samples with one first IV");
    let clear = folder.write("clear.mp4", row.source.fragmented(row.entry));
    for scheme in SCHEMES {
        let element = format!("playreadyenc {}", with_iv(scheme));
        let protected = folder.join(&format!("{scheme}.mp4"));
        enc::protect_file(&clear, 65_536, &element, &protected).succeeded();
    }
    let compare = || {
        in_process::run(
            "table::elementary::compares_samples",
            folder.path().as_os_str(),
        );
    };
    match catch_unwind(AssertUnwindSafe(compare)) {
        Ok(()) => Vec::new(),
        Err(_) => vec![format!("{} in cencenc", row.codec)],
    }
}

/// Properties with a key and a first IV of its own for each scheme: elements of one process share the IVs of a key.
fn with_iv(scheme: &str) -> String {
    let (digit, iv) = match scheme {
        "cenc" => ('1', "0011223344556677"),
        "cens" => ('2', "0011223344556677"),
        "cbc1" => ('3', "00112233445566778899aabbccddeeff"),
        _ => ('4', "00112233445566778899aabbccddeeff"),
    };
    let (kid, key) = (&enc::KID[..35], &enc::KEY[..31]);
    format!("scheme={scheme} key-id={kid}{digit} key={key}{digit} iv={iv}")
}

#[test]
#[ignore = "runs in a process of its own, started by a test of the table"]
fn compares_samples() {
    let Some(folder) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let folder = Path::new(&folder);
    for scheme in SCHEMES {
        let movie = Movie::open(&folder.join(format!("{scheme}.mp4")));
        let expected: Vec<_> = movie.tracks[0]
            .samples
            .iter()
            .map(|s| movie.bytes(s))
            .collect();
        let seen = seen::of(&format!(
            "filesrc location={} ! qtdemux ! cencenc {} ! fakesink name=out",
            folder.join("clear.mp4").display(),
            with_iv(scheme)
        ));
        let metas = seen.metas();
        assert!(
            metas
                .iter()
                .all(|fields| fields.contains(&"encrypted=(gboolean) TRUE".to_owned())),
            "{:?}",
            metas[0]
        );
        assert!(seen.bytes() == expected, "{scheme}: other bytes");
    }
}
