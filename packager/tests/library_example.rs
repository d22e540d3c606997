// SPDX-License-Identifier: MPL-2.0
//! `examples/protect_stream.rs`: the libraries protect a stream without GStreamer.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use test_support::{iv_ledger, tools};

#[test]
fn example_protects_a_stream_that_an_independent_tool_decrypts() {
    let test = "library_example::example_protects_a_stream_that_an_independent_tool_decrypts";
    let (Some(vectors), Some(cencbox)) = (tools::vectors(), tools::cencbox()) else {
        return tools::skip(test, "no ../shared, or no pycryptodome");
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("library-example");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let parts = ["init.mp4", "1.m4s"].map(|part| vectors.join("clear/o-avc-frag").join(part));
    let clear = folder.join("clear.mp4");
    fs::write(&clear, parts.map(|part| fs::read(part).unwrap()).concat()).unwrap();
    let (keys, protected) = (folder.join("film.keys"), folder.join("protected.mp4"));

    // `cargo test` builds the examples of a package, but not with `--test`.
    let program = Path::new(env!("CARGO_BIN_EXE_playready-packager"))
        .with_file_name("examples")
        .join("protect_stream");
    if !program.exists() && std::env::var_os("CI").is_none() {
        return tools::skip(test, "not built: cargo build --examples");
    }
    let run = Command::new(program)
        .arg(&keys)
        .stdin(File::open(&clear).unwrap())
        .stdout(File::create(&protected).unwrap())
        .output()
        .unwrap();
    let texts = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{texts}");
    assert!(
        texts.contains("urn:mpeg:dash:mp4protection:2011"),
        "{texts}"
    );
    assert!(texts.contains("#EXT-X-KEY:METHOD=SAMPLE-AES,"), "{texts}");

    iv_ledger::record(&protected);
    let keys = fs::read_to_string(keys).unwrap();
    let line = keys.lines().find(|line| !line.starts_with('#')).unwrap();
    let [_, kid, key] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("a line of {} words", line.split_whitespace().count());
    };
    let compared = Command::new(tools::python())
        .arg(cencbox)
        .arg("cmp")
        .args([clear, protected])
        .args(["-k", &format!("{}:{key}", kid.replace('-', ""))])
        .output()
        .unwrap();
    let compared = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.contains("-> SAME"), "{compared}");
    assert!(!compared.contains("-> DIFF"), "{compared}");
}
