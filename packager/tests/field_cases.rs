// SPDX-License-Identifier: MPL-2.0
//! Files of phones, cameras, editors and other packagers: `protect` protects each of them, or refuses it with cause and
//! remedy. `cencbox.py`, which shares no code with this project, decrypts the results.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]
#![expect(
    clippy::indexing_slicing,
    reason = "a test that reads past the end fails there"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use test_support::{iv_ledger, tools};

const PROGRAM: &str = env!("CARGO_BIN_EXE_playready-packager");
/// The key of `all.keys`.
const KEY_PAIR: &str = "0c1d2e3f405162738495a6b7c8d9eafb:00112233445566778899aabbccddeeff";

/// A file that can be protected.
struct Accepted {
    file: &'static str,
    key_file: &'static str,
    arguments: &'static str,
    /// The numbers of the tracks that stay clear; all others are protected.
    clear_tracks: &'static [u64],
    /// Words of the warning on standard error. Empty if nothing needs a warning.
    warning: &'static str,
}

impl Accepted {
    const fn new(file: &'static str) -> Self {
        Self {
            file,
            key_file: "all.keys",
            arguments: "",
            clear_tracks: &[],
            warning: "",
        }
    }
}

/// A file that cannot be protected as asked.
struct Refused {
    file: &'static str,
    key_file: &'static str,
    arguments: &'static str,
    /// Words of the cause and of the remedy.
    words: &'static [&'static str],
}

const ACCEPTED: &[Accepted] = &[
    Accepted::new("base-audio.mp4"),
    Accepted::new("base-av.mp4"),
    Accepted::new("base-progressive.mp4"),
    Accepted::new("base-video.mp4"),
    with_trailer(
        "06-4-zero-bytes-at-the-end-progressive.mp4",
        "dropped 4 bytes",
    ),
    with_trailer("06-4-zero-bytes-at-the-end.mp4", "dropped 4 bytes"),
    with_trailer("06-64-zero-bytes-at-the-end.mp4", "dropped 64 bytes"),
    with_trailer("06-samsung-trailer-progressive.mp4", "dropped 22 bytes"),
    Accepted::new("07-mdat-before-moof.mp4"),
    Accepted::new("07-padding-at-the-end-of-mdat.mp4"),
    Accepted::new("07-two-mdat.mp4"),
    Accepted::new("08-samples-in-moov-and-fragments.mp4"),
    // The sample entry has bytes after its last child box.
    Accepted::new("01-audio-entry-4-zero-bytes.mp4"),
    Accepted::new("01-audio-entry-4-zero-bytes-progressive.mp4"),
    Accepted::new("01-video-entry-8-zero-bytes.mp4"),
    Accepted {
        warning: "warning: dropped the box of system",
        ..Accepted::new("03-old-pssh-in-moov.mp4")
    },
    // These tracks have handlers that are neither picture nor sound.
    with_clear_track("05-track-camm.mp4"),
    with_clear_track("05-track-dfxp.mp4"),
    with_clear_track("05-track-gpmd.mp4"),
    with_clear_track("05-track-id3.mp4"),
    with_clear_track("05-track-rtp.mp4"),
    in_cenc("05-track-jpeg.mov"),
    Accepted::new("10-audio-entry-version-1.mp4"),
    Accepted::new("11-hevc-two-layers.mp4"),
    in_cenc("11-mp4v.mp4"),
    in_cenc("11-pcm-twos.mov"),
    Accepted::new("18-subs-progressive.mp4"),
    Accepted::new("15-zero-bytes-at-the-end-of-moov.mp4"),
    Accepted::new("18-other-saiz-saio.mp4"),
    Accepted {
        key_file: "04-key-for-cbcs.cpix",
        arguments: "--scheme cbcs",
        ..Accepted::new("base-video.mp4")
    },
    Accepted {
        key_file: "14-with-byte-order-mark.keys",
        ..Accepted::new("base-video.mp4")
    },
    Accepted {
        key_file: "16-video-only.keys",
        arguments: "--clear-tracks audio",
        clear_tracks: &[2],
        ..Accepted::new("base-av.mp4")
    },
    Accepted {
        arguments: "--clear-tracks track:1,text",
        clear_tracks: &[1],
        ..Accepted::new("base-av.mp4")
    },
    Accepted {
        arguments: "--clear-tracks *",
        clear_tracks: &[1],
        ..Accepted::new("base-video.mp4")
    },
    Accepted {
        warning: "video and audio have one key",
        ..Accepted::new("base-av.mp4")
    },
];

const fn with_trailer(file: &'static str, warning: &'static str) -> Accepted {
    Accepted {
        warning,
        ..Accepted::new(file)
    }
}

const fn with_clear_track(file: &'static str) -> Accepted {
    Accepted {
        clear_tracks: &[3],
        ..Accepted::new(file)
    }
}

/// A file with samples that only `cenc` can protect as a whole.
const fn in_cenc(file: &'static str) -> Accepted {
    Accepted {
        arguments: "--scheme cenc",
        ..Accepted::new(file)
    }
}

const REFUSED: &[Refused] = &[
    refused("02-cmov.mov", &["'cmov'", "ffmpeg -c copy"]),
    in_cbcs("05-track-jpeg.mov", &["'jpeg'", "scheme=cenc"]),
    in_cbcs("11-mp4v.mp4", &["'mp4v'", "scheme=cenc"]),
    in_cbcs("11-pcm-twos.mov", &["'twos'", "scheme=cenc"]),
    refused(
        "19-avc-slices-as-nal-type-20.mp4",
        &["SVC", "encode it without"],
    ),
    refused(
        "20-audio-entry-under-auxv-handler.mp4",
        &["'alac'", "'auxv'", "leave the track out"],
    ),
    refused(
        "21-unknown-handler-empty-stsd.mp4",
        &["no sample entry", "leave the track out"],
    ),
    refused("12-empty.mp4", &["there is no 'moov'", "empty"]),
    refused(
        "13-not-mp4.ts",
        &["not an MP4 file", "MPEG-TS", "ffmpeg", "-c copy"],
    ),
    Refused {
        file: "base-video.mp4",
        key_file: "04-key-for-cbcs.cpix",
        arguments: "",
        words: &["is for scheme cbcs", "set scheme=cbcs"],
    },
    Refused {
        file: "base-video.mp4",
        key_file: "all.keys",
        arguments: "--iv 0102030405060708",
        words: &["used again", "leave out iv", "scheme=cbcs"],
    },
    Refused {
        file: "base-av.mp4",
        key_file: "16-video-only.keys",
        arguments: "",
        words: &["no key for audio track 2", "track:2 clear"],
    },
];

const fn in_cbcs(file: &'static str, words: &'static [&'static str]) -> Refused {
    Refused {
        arguments: "--scheme cbcs",
        ..refused(file, words)
    }
}

const fn refused(file: &'static str, words: &'static [&'static str]) -> Refused {
    Refused {
        file,
        key_file: "all.keys",
        arguments: "",
        words,
    }
}

#[test]
fn files_that_can_be_protected_come_out_protected() {
    let test = "field_cases::files_that_can_be_protected_come_out_protected";
    let (Some(cases), Some(cencbox)) = (field_cases(), tools::cencbox()) else {
        return tools::skip(test, "no ../shared, or no pycryptodome");
    };
    for case in ACCEPTED {
        for scheme in ["cenc", "cbcs"] {
            if !case.arguments.contains("--scheme") || case.arguments.contains(scheme) {
                check_accepted(
                    case,
                    scheme,
                    &Places {
                        cases: &cases,
                        cencbox: &cencbox,
                    },
                );
            }
        }
    }
}

#[test]
fn files_that_cannot_be_protected_are_refused_with_cause_and_remedy() {
    let test = "field_cases::files_that_cannot_be_protected_are_refused_with_cause_and_remedy";
    let Some(cases) = field_cases() else {
        return tools::skip(test, "no ../shared");
    };
    for case in REFUSED {
        let output = scratch(case.file, "refused");
        let run = protect(&cases, case.file, case.key_file, case.arguments, &output);
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success(), "{} passes", case.file);
        for word in case.words {
            assert!(said.contains(word), "{}: no {word:?} in {said}", case.file);
        }
        assert!(!output.exists(), "{} leaves a file", case.file);
    }
}

#[test]
fn segments_are_protected_apart_from_their_init_segment() {
    let test = "field_cases::segments_are_protected_apart_from_their_init_segment";
    let (Some(cases), Some(cencbox)) = (field_cases(), tools::cencbox()) else {
        return tools::skip(test, "no ../shared, or no pycryptodome");
    };
    let folder = scratch_folder("segments");
    let (init, clear) = (cases.join("17-init.mp4"), cases.join("17-segment.m4s"));
    let clear_segment = fs::read(&clear).unwrap();
    let second = folder.join("2.m4s");
    fs::write(&second, &clear_segment).unwrap();
    let init_out = folder.join("init.mp4");
    let arguments = format!(
        "--init {} --init-out {}",
        init.display(),
        init_out.display()
    );
    let run = |inputs: &[&Path], arguments: &str, output: &Path| {
        let segments: Vec<_> = inputs.iter().map(|input| input.to_str().unwrap()).collect();
        let run = protect_with(&cases, &segments, "all.keys", arguments, output);
        String::from_utf8_lossy(&run.stderr).into_owned()
    };
    let out = folder.join("out");
    for inputs in [vec![clear.as_path()], vec![&clear, &second]] {
        let outputs = match inputs.len() {
            1 => vec![folder.join("one.m4s")],
            _ => vec![out.join("17-segment.m4s"), out.join("2.m4s")],
        };
        let output = if inputs.len() == 1 { &outputs[0] } else { &out };
        assert_eq!(run(&inputs, &arguments, output), "");
        let mut protected = fs::read(&init_out).unwrap();
        let mut whole = fs::read(&init).unwrap();
        for segment in outputs {
            protected.extend(fs::read(segment).unwrap());
            whole.extend(&clear_segment);
        }
        let files = ["clear.mp4", "protected.mp4"].map(|name| folder.join(name));
        fs::write(&files[0], whole).unwrap();
        fs::write(&files[1], protected).unwrap();
        let compared = compare(&cencbox, &files[0], &files[1]);
        assert!(compared.contains("-> SAME"), "{compared}");
    }

    fs::write(&second, b"").unwrap();
    let none = folder.join("none.m4s");
    for (inputs, arguments, words) in [
        (
            vec![second.as_path()],
            arguments.as_str(),
            "there is no 'moof' in this segment",
        ),
        (
            vec![&init, &clear],
            "",
            "give their init segment with --init",
        ),
        (vec![&clear], "", "there is no 'moov'"),
    ] {
        let said = run(&inputs, arguments, &none);
        assert!(said.contains(words), "{said}");
        assert!(!none.exists());
    }
}

struct Places<'a> {
    cases: &'a Path,
    cencbox: &'a Path,
}

fn field_cases() -> Option<PathBuf> {
    let folder = tools::project().join("../shared/field-cases");
    folder.is_dir().then_some(folder)
}

/// The path of an output, where no file exists yet.
fn scratch(file: &str, kind: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("field-cases");
    fs::create_dir_all(&folder).unwrap();
    let output = folder.join(format!("{kind}-{file}"));
    let _ = fs::remove_file(&output);
    output
}

/// An empty folder.
fn scratch_folder(name: &str) -> PathBuf {
    let folder = scratch(name, "folder");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    folder
}

fn protect(cases: &Path, file: &str, key_file: &str, arguments: &str, output: &Path) -> Output {
    protect_with(cases, &[file], key_file, arguments, output)
}

fn protect_with(
    cases: &Path,
    files: &[&str],
    key_file: &str,
    arguments: &str,
    output: &Path,
) -> Output {
    // Other users may be able to read the key file of the field cases.
    let keys = output.with_extension(Path::new(key_file).extension().unwrap());
    let _ = fs::remove_file(&keys);
    fs::copy(cases.join(key_file), &keys).unwrap();
    fs::set_permissions(&keys, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let run = Command::new(PROGRAM)
        .arg("protect")
        .args(files.iter().map(|file| cases.join(file)))
        .arg(output)
        .args(["--key-uri", &format!("file://{}", keys.display())])
        .args(arguments.split_whitespace())
        .output();
    iv_ledger::record(output);
    run.unwrap()
}

fn check_accepted(case: &Accepted, scheme: &str, places: &Places<'_>) {
    let output = scratch(case.file, scheme);
    let mut arguments = case.arguments.to_owned();
    if !arguments.contains("--scheme") {
        arguments += &format!(" --scheme {scheme}");
    }
    let run = protect(places.cases, case.file, case.key_file, &arguments, &output);
    let said = String::from_utf8_lossy(&run.stderr);
    let name = format!("{} {arguments}", case.file);
    assert!(run.status.success(), "{name}: {said}");
    assert!(
        said.contains(case.warning),
        "{name}: no {:?} in {said}",
        case.warning
    );

    let info = Command::new(tools::python())
        .arg(places.cencbox)
        .arg("info")
        .arg(&output)
        .output()
        .unwrap();
    let info: Value = serde_json::from_slice(&info.stdout).unwrap();
    let tracks = info["tracks"].as_array().unwrap();
    assert!(!tracks.is_empty(), "{name}");
    for track in tracks {
        let is_clear = case.clear_tracks.contains(&track["id"].as_u64().unwrap());
        let protected = if is_clear {
            &Value::from(0)
        } else {
            &track["samples"]
        };
        assert_eq!(&track["protected_samples"], protected, "{name}: {track}");
        let scheme = if is_clear {
            Value::Null
        } else {
            Value::from(scheme)
        };
        assert_eq!(track["entries"][0]["scheme"], scheme, "{name}: {track}");
    }

    let compared = compare(places.cencbox, &places.cases.join(case.file), &output);
    assert_eq!(
        compared.matches("-> SAME").count(),
        tracks.len(),
        "{name}: {compared}"
    );
}

/// Compares a protected file with the clear one by an independent decryptor.
fn compare(cencbox: &Path, clear: &Path, protected: &Path) -> String {
    let compared = Command::new(tools::python())
        .arg(cencbox)
        .arg("cmp")
        .args([clear, protected])
        .args(["-k", KEY_PAIR])
        .output()
        .unwrap();
    String::from_utf8_lossy(&compared.stdout).into_owned()
}
