// SPDX-License-Identifier: MPL-2.0
//! `playreadyenc` in gst-launch's language, with the keys that the tests share.

use std::path::Path;

use crate::decrypt::Keys;
use crate::launch::{self, Run};
use crate::scratch::Scratch;

/// The tests' keys, which protect nothing else.
pub const KID: &str = "e0e1e2e3-e4e5-4647-9849-4a4b4c4d4e4f";
pub const KEY: &str = "b7a1c35d0e9f48267d3c5a1be8f60492";
pub const AUDIO_KID: &str = "a0a1a2a3-a4a5-4647-9849-aaabacadaeaf";
pub const AUDIO_KEY: &str = "3f92d08c61b74e05a9e8c7d6102b4f5a";

/// The element with one key for all tracks.
pub fn one_key(scheme: &str) -> String {
    format!("playreadyenc scheme={scheme} key-id={KID} key={KEY}")
}

pub fn one_key_known() -> Keys {
    Keys::one(KID, KEY)
}

/// Properties for a scheme with a key for its cipher mode: no key is used both in CTR and in CBC.
pub fn properties_of_mode(scheme: &str) -> String {
    let (kid, key) = key_of_mode(scheme);
    format!("scheme={scheme} key-id={kid} key={key}")
}

pub fn keys_of_mode(scheme: &str) -> Keys {
    let (kid, key) = key_of_mode(scheme);
    Keys::one(kid, key)
}

fn key_of_mode(scheme: &str) -> (&'static str, &'static str) {
    match scheme {
        "cenc" | "cens" => (KID, KEY),
        _ => (AUDIO_KID, AUDIO_KEY),
    }
}

/// The element with a `.keys` file that has a key for video and one for audio.
pub fn key_by_track_type(scheme: &str, folder: &Scratch) -> String {
    let lines = format!("# two keys\nvideo {KID} {KEY}\naudio {AUDIO_KID} {AUDIO_KEY}\n");
    let file = folder.write_secret("two.keys", &lines);
    format!(
        "playreadyenc scheme={scheme} key-uri=file://{}",
        file.display()
    )
}

pub fn key_by_track_type_known() -> Keys {
    one_key_known().with(AUDIO_KID, AUDIO_KEY)
}

/// Sends a file through the element in pieces of `blocksize` bytes. A queue before the element makes it run in push mode.
pub fn protect_file(clear: &Path, blocksize: usize, element: &str, protected: &Path) -> Run {
    let queue = "queue max-size-bytes=0 max-size-time=0";
    launch::pipeline(&format!(
        "filesrc location={} blocksize={blocksize} ! {queue} ! {element} ! filesink location={}",
        clear.display(),
        protected.display()
    ))
}

/// Protects a file with the element in pull mode.
pub fn protect_pulled(clear: &Path, element: &str, protected: &Path) -> Run {
    launch::pipeline(&format!(
        "filesrc location={} ! {element} ! filesink location={}",
        clear.display(),
        protected.display()
    ))
}
