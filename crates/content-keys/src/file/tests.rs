// SPDX-License-Identifier: MPL-2.0
//! Key files on a real file system.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use host_access::Host;

use super::*;
use crate::Selector;
use cenc_types::{Media, Track};

const AUDIO: Track = Track {
    track_id: 2,
    media: Media::Audio,
};

/// A folder that is removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(
            KeyId::generate(&host_access::SystemRandom)
                .unwrap()
                .to_string(),
        );
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, text: &str, mode: u32) -> String {
        let path = self.0.join("a b.keys");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self.uri()
    }

    fn uri(&self) -> String {
        Url::from_file_path(self.0.join("a b.keys")).unwrap().into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The keys of a file that is created if it does not exist.
fn made(uri: &str) -> KeyRing {
    drop(KeyFile::open_or_create(uri, &Host::system()).unwrap());
    load(uri, &*Host::system().files).unwrap()
}

fn error(text: &str) -> String {
    let folder = Folder::new();
    let error = KeyFile::open_or_create(&folder.write(text, 0o600), &Host::system())
        .err()
        .unwrap();
    error
        .to_string()
        .replace(&folder.0.display().to_string(), "")
}

#[test]
fn lines_comments_and_ivs_are_read() {
    let folder = Folder::new();
    let uri = folder.write(
        "# keys of a channel\n\n\
         audio 10000000-1000-1000-1000-100000000001 5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d 0102030405060708 # stereo\n\
         * 0c1d2e3f405162738495a6b7c8d9eafb W31bfVt9W31bfVt9W31bfQ==\n",
        0o400,
    );
    let ring = load(&uri, &*Host::system().files).unwrap();
    let entry = ring.select(&AUDIO, 0).unwrap().unwrap();
    assert_eq!(
        entry.kid.to_string(),
        "10000000-1000-1000-1000-100000000001"
    );
    assert_eq!(entry.key.as_bytes()[..2], [0x5b, 0x7d]);
    assert_eq!(entry.iv.unwrap().as_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn byte_order_mark_is_skipped_and_tracks_are_left_clear() {
    let folder = Folder::new();
    let uri = folder.write(
        "\u{feff}* 10000000-1000-1000-1000-100000000001 5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d\naudio clear # on purpose\n",
        0o600,
    );
    let ring = load(&uri, &*Host::system().files).unwrap();
    assert!(ring.select(&AUDIO, 0).unwrap().is_none());
    assert_eq!(ring.entries().len(), 1);
    assert_eq!(ring.clear_selectors(), [Selector::Audio]);
}

#[test]
fn bad_lines_are_named_by_number_without_their_content() {
    for (text, reason) in [
        ("* 1 2 3 4", "line 1: it has 5 words"),
        (
            "\nfoo 10000000-1000-1000-1000-100000000001 00",
            "line 2: unknown selector",
        ),
        ("* kid 00", "line 1: not a key id"),
        ("* clear 00ff", "line 1: not a key id"),
        ("audio", "line 1: it has 1 words"),
        (
            "audio@1 clear",
            "line 1: tracks stay clear in all crypto periods",
        ),
        ("sound clear", "line 1: unknown selector"),
        (
            "audio clear\naudio clear",
            "line 2: selector 'audio' is in a line above",
        ),
        (
            "* 10000000-1000-1000-1000-100000000001 00ff",
            "line 1: a content key is 16 bytes",
        ),
        (
            "* 00000000-0000-0000-0000-000000000000 00",
            "line 1: the nil key id",
        ),
        (
            "* 10000000100010001000100000000001 5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d 01",
            "line 1: an IV has 8 or 16 bytes",
        ),
    ] {
        let error = error(text);
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains("00ff"), "{error}");
    }
}

#[test]
fn file_that_others_may_read_is_refused() {
    for mode in [0o640, 0o604, 0o620, 0o700] {
        let folder = Folder::new();
        let error = KeyFile::open_or_create(&folder.write("", mode), &Host::system())
            .err()
            .unwrap();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn missing_file_is_made_once_for_its_owner_only() {
    let folder = Folder::new();
    let kid = || {
        let ring = made(&folder.uri());
        ring.select(&AUDIO, 0).unwrap().unwrap().kid
    };
    let first = kid();
    assert_eq!(first, kid());
    let file = fs::metadata(folder.0.join("a b.keys")).unwrap();
    assert_eq!(file.permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn all_who_make_the_file_at_once_get_one_key() {
    let folder = Folder::new();
    let uri = folder.uri();
    let kids = std::thread::scope(|scope| {
        let load = || made(&uri).select(&AUDIO, 0).unwrap().unwrap().kid;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
}

#[test]
fn missing_folder_and_foreign_uris_say_what_to_do() {
    let error = KeyFile::open_or_create("file:///nonexistent/folder/x.keys", &Host::system())
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("create its folder and make it writable"),
        "{error}"
    );
    for uri in [
        "",
        "x.keys",
        "file:x.keys",
        "https://host/x.keys",
        "file://other/x.keys",
        "file:///etc/x.cpix",
        "file:///etc/keys",
    ] {
        assert!(
            matches!(
                KeyFile::open_or_create(uri, &Host::system()),
                Err(Error::BadUri)
            ),
            "{uri}"
        );
    }
}

#[test]
fn file_is_read_again_when_a_period_comes_that_it_had_no_keys_for() {
    let folder = Folder::new();
    let line = |period: u8| format!("*@{period} {period:032x} {period:032x}\n");
    let uri = folder.write(&[line(1), line(2)].concat(), 0o600);
    let mut file = KeyFile::open_or_create(&uri, &Host::system()).unwrap();
    assert!(file.rotates());
    let kid = |file: &mut KeyFile, period| {
        let keys = file.period_keys(period)?;
        Ok::<_, Error>(keys.keys.select(&AUDIO, period)?.unwrap().kid.as_bytes()[15])
    };
    assert_eq!(kid(&mut file, 2).unwrap(), 2);
    let missing = kid(&mut file, 3).unwrap_err();
    assert!(missing.to_string().contains("'*@3'"), "{missing}");
    folder.write(&[line(3), line(4)].concat(), 0o600);
    assert_eq!(kid(&mut file, 3).unwrap(), 3);
    assert_eq!(kid(&mut file, 4).unwrap(), 4);
}
