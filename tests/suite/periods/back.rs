// SPDX-License-Identifier: MPL-2.0
//! Decryption by clearkeydec: MP4 under keys that change, with the keys in a `.keys` or a CPIX file.

use std::path::Path;

use cenc_types::{ContentKey as Key, KeyId, Scheme};
use cpix::{ContentKey, Document, Version};

use super::{CHUNKED_ISOFMP4MUX, PERIODS, SECOND, changes, key_file, key_of, moofs, protected};
use crate::decrypt::Keys;
use crate::enc;
use crate::launch::{self, Run};
use crate::layout;
use crate::media::{Audio, CMAFMUX, ISOFMP4MUX, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::samples::same_samples;
use crate::scratch::Scratch;

/// Writes a CPIX file with the keys of the first `periods` periods. Returns it in the form of key-uri.
fn cpix_file(folder: &Scratch, periods: u8) -> String {
    let keys = (0..periods).flat_map(|period| [0, 1].map(|track| key_of(period, track)));
    let keys = keys.map(|[kid, key]| {
        let kid: KeyId = kid.parse().unwrap();
        ContentKey::new(kid, Key::parse(&key).unwrap(), Scheme::Cenc)
    });
    let document = Document {
        content_keys: keys.collect(),
        ..Document::default()
    };
    let xml = document.to_xml(Version::V2_3).unwrap();
    let file = folder.write_secret(&format!("{periods}.cpix"), &xml);
    format!("key-uri=file://{}", file.display())
}

/// The properties of playreadyenc besides the keys: periods of a second each, with and without a clear lead.
fn settings() -> [String; 2] {
    let lead = SECOND * 9 / 10;
    ["", &format!(" clear-lead={lead}")].map(|more| format!("crypto-period={SECOND}{more}"))
}

/// Checks that the file has the samples of `clear` and no boxes of protection.
fn is_clear(back: &Movie, clear: &Path) {
    same_samples(&Movie::open(clear), back, &Keys::default());
    layout::check(&back.file);
    assert!(back.systems.is_empty());
    let mut entries = back.tracks.iter().flat_map(|track| &track.entries);
    assert!(entries.all(|entry| entry.scheme.is_none()));
    for moof in moofs(back) {
        assert!(moof.child(b"pssh").is_none());
        for traf in moof.all(b"traf") {
            for kind in [b"senc", b"saiz", b"saio", b"sgpd", b"sbgp"] {
                assert!(traf.child(kind).is_none(), "{}", kind.escape_ascii());
            }
        }
    }
}

/// Decrypts a file in push mode, in small pieces after a queue, or in pull mode without a queue.
fn decrypted(file: &Path, way: &str, keys: &str, back: &Path) -> Run {
    launch::pipeline(&format!(
        "filesrc location={} {way} ! clearkeydec {keys} ! filesink location={}",
        file.display(),
        back.display()
    ))
}

#[test]
fn files_come_back_by_a_keys_and_by_a_cpix_file() {
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    let clear = recipe.clear();
    for (scheme, settings) in ["cenc", "cens", "cbc1", "cbcs"]
        .into_iter()
        .flat_map(|scheme| settings().map(|settings| (scheme, settings)))
    {
        let folder = Scratch::new("back");
        let keys = key_file(&folder);
        let element = format!("playreadyenc scheme={scheme} {settings} {keys}");
        let movie = protected(&recipe, &element, &folder).unwrap();
        let changed = movie.tracks.iter().all(|track| changes(track).len() == 3);
        assert!(changed, "{scheme} {settings}");
        let (file, back) = (folder.join("protected.mp4"), folder.join("back.mp4"));
        let cpix = cpix_file(&folder, PERIODS);
        for (keys, way) in [(keys, "blocksize=997 ! queue"), (cpix, "")] {
            decrypted(&file, way, &keys, &back).succeeded();
            is_clear(&Movie::open(&back), &clear);
        }
    }
}

#[test]
fn fragments_come_back_right_after_the_encryptor() {
    for (muxer, scheme, audio) in [
        (MP4MUX, "cenc", Audio::Aac),
        (ISOFMP4MUX, "cbcs", Audio::Aac),
        (CHUNKED_ISOFMP4MUX, "cenc", Audio::Aac),
        (CMAFMUX, "cbcs", Audio::None),
    ] {
        let recipe = Recipe::new(muxer, Video::Avc, audio);
        for settings in settings() {
            let folder = Scratch::new("back");
            let both = format!(
                "playreadyenc scheme={scheme} {settings} {} ! clearkeydec {}",
                key_file(&folder),
                cpix_file(&folder, PERIODS)
            );
            if let Some(back) = protected(&recipe, &both, &folder) {
                is_clear(&back, &recipe.clear());
            }
        }
    }
}

#[test]
fn seed_gives_the_key_of_each_kid() {
    let seed = "key-seed=XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    let folder = Scratch::new("back");
    // The KID and its key that Microsoft publishes with the seed; then KIDs that follow from another one.
    let published = "key-id=bd3c3069-fbcc-4862-9595-64a4d3e1afba key=PRasCFTVWww5r0MzGt/uUA==";
    let rotating = format!("key-id={} {seed} crypto-period={SECOND}", enc::KID);
    for keys in [published, &rotating] {
        let element = format!("playreadyenc {keys}");
        protected(&recipe, &element, &folder).unwrap();
        let (file, back) = (folder.join("protected.mp4"), folder.join("back.mp4"));
        for way in ["! queue", ""] {
            decrypted(&file, way, seed, &back).succeeded();
            is_clear(&Movie::open(&back), &recipe.clear());
        }
    }
}

#[test]
fn key_that_the_cpix_file_has_not_is_named() {
    let folder = Scratch::new("back");
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    let element = format!("playreadyenc crypto-period={SECOND} {}", key_file(&folder));
    protected(&recipe, &element, &folder).unwrap();
    let (file, back) = (folder.join("protected.mp4"), folder.join("back.mp4"));
    let run = decrypted(&file, "! queue", &cpix_file(&folder, 2), &back);
    assert!(!run.status.success());
    // The muxer chooses which track's fragment comes first.
    let kids = [0, 1].map(|track| key_of(2, track)[0].parse::<KeyId>().unwrap());
    let said = kids.map(|kid| run.stderr.contains(&format!("no key for KID {kid}:")));
    assert!(said.contains(&true), "{}", run.stderr);
}
