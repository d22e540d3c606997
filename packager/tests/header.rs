// SPDX-License-Identifier: MPL-2.0
//! `playready-packager header`, compared with headers of another implementation.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use test_support::tools;

/// An example of version 4.0 in the PlayReady Header specification. Its key comes from the public test key seed.
const KID: &str = "09e091ab-f838-41d2-9e35-58531fd19ec7";
const KEY: &str = "nLBhFktwE+rvzH1tGEJMLA==";
const CHECKSUM: &str = "w+OZVr8vzrQ=";
const TEST_SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";

fn header(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
        .arg("header")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command may have ended without reading its input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn report(arguments: &[&str], stdin: &[u8]) -> Value {
    let output = header(&[arguments, &["--json"]].concat(), stdin);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str], code: i32, why: &str) {
    let output = header(arguments, b"");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(why), "{why} not in {stderr}");
}

fn secret(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// The samples of the oracle for headers that have a header record.
fn samples(test: &str) -> Vec<(String, Value)> {
    let Some(vectors) = tools::vectors_for(test) else {
        return Vec::new();
    };
    let file = vectors.join("../oracles/playready_headers.json");
    let Ok(text) = fs::read(file) else {
        tools::skip(test, "no oracle for headers");
        return Vec::new();
    };
    let samples: serde_json::Map<String, Value> = serde_json::from_slice(&text).unwrap();
    let headers = samples.into_iter().filter(|(_, of)| of["xml"].is_string());
    headers.collect()
}

#[test]
fn every_notation_is_read_as_the_same_header() {
    for (name, of) in samples("header::every_notation_is_read_as_the_same_header") {
        for notation in ["xml", "pro_b64", "pssh_v0_b64", "pssh_v1_b64"] {
            let Some(text) = of[notation].as_str() else {
                continue;
            };
            let report = report(&["decode", text], b"");
            assert_eq!(report["xml"], of["xml"], "{name} {notation}");
            let object = &report["signaling"]["playready_object"];
            assert_eq!(*object, of["pro_b64"], "{name} {notation}");
            let pssh = match notation {
                "pssh_v1_b64" => "pssh_v1_b64",
                _ => "pssh_v0_b64",
            };
            assert_eq!(report["pssh"], of[pssh], "{name} {notation}");
            assert_eq!(report["signaling"]["kids"], of["kids"], "{name}");
        }
    }
}

#[test]
fn files_and_standard_input_are_read_in_bytes_hex_and_utf_16() {
    let Some((_, of)) = samples("header::files_and_standard_input").pop() else {
        return;
    };
    let xml = of["xml"].as_str().unwrap();
    let wide: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let object = object(&wide);
    let hex: String = object.iter().map(|byte| format!("{byte:02X}\n")).collect();
    for bytes in [wide.as_slice(), &object, hex.as_bytes(), xml.as_bytes()] {
        assert_eq!(report(&["decode", "-"], bytes)["xml"], xml);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header.bin");
        fs::write(&file, bytes).unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(report(&["decode", file], b"")["xml"], xml);
    }
}

/// Layout of the PlayReady Object in the PlayReady Header specification.
fn object(header: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap();
    let mut object = (u32::from(length) + 10).to_le_bytes().to_vec();
    object.extend([1, 0, 1, 0]);
    object.extend(length.to_le_bytes());
    object.extend(header);
    object
}

#[test]
fn checksum_comes_from_a_key_file_or_a_key_seed() {
    let key = secret("checksum.key", KEY);
    let seed = secret("checksum.seed", TEST_SEED);
    for source in [
        ["--key-file", key.to_str().unwrap()],
        ["--key-seed-file", seed.to_str().unwrap()],
    ] {
        let built = report(
            &[&["build", "--key-id", KID], source.as_slice()].concat(),
            b"",
        );
        let of = &built["header"]["key_ids"][0];
        assert_eq!(of["kid"], KID);
        assert_eq!(of["checksum"], CHECKSUM, "{source:?}");
        assert_eq!(built["header"]["version"], "4.0");
    }
}

#[test]
fn several_kids_and_cbc_choose_their_versions() {
    let other = "10000000-1000-1000-1000-100000000001";
    let two = ["build", "--key-id", KID, "--key-id", other];
    assert_eq!(report(&two, b"")["header"]["version"], "4.2");
    let cbc = report(&[two.as_slice(), &["--scheme", "cbcs"]].concat(), b"");
    assert_eq!(cbc["header"]["version"], "4.3");
    let lines = cbc["signaling"]["hls_key"].as_str().unwrap();
    assert!(lines.contains("METHOD=SAMPLE-AES,"), "{lines}");
    // The algorithm determines the scheme.
    let again = report(&["decode", cbc["pssh"].as_str().unwrap()], b"");
    assert_eq!(again, cbc);
    let shown = header(&two, b"").stdout;
    let shown = String::from_utf8(shown).unwrap();
    for part in [
        "\nXML:\n<WRMHEADER",
        "\npssh:\nAAA",
        "\nMPD:\n<ContentProtection",
        "\nSmooth:\n<Protection",
    ] {
        assert!(shown.contains(part), "{part} not in {shown}");
    }
}

#[test]
fn what_is_no_header_is_refused() {
    let common = "AAAANHBzc2gBAAAAEHfv7MCyTQKs4zweUuL7SwAAAAEQAAAAEAAQABAAEAAAAACqAAAAAA==";
    refused(
        &["decode", "no such file"],
        1,
        "neither a file nor a header",
    );
    refused(&["decode", common], 1, "not for PlayReady");
    refused(&["decode", "BgAAAAAA"], 1, "no header record");
    refused(&["decode", "<html></html>"], 1, "PlayReady Header: ");
    refused(&["build", "--key-id", "1"], 2, "not a key id");
    let two = ["build", "--key-id", KID, "--key-id", KID];
    refused(&two, 1, KID);
    let old = [
        "build",
        "--key-id",
        KID,
        "--scheme",
        "cbcs",
        "--header-version",
        "4.0",
    ];
    refused(&old, 1, "choose auto");
    let open = secret("open.key", KEY);
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let open = [
        "build",
        "--key-id",
        KID,
        "--key-file",
        open.to_str().unwrap(),
    ];
    refused(&open, 2, "chmod 600");
}

#[test]
fn header_that_breaks_the_specification_is_shown_with_its_faults() {
    let xml = "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"4.0.0.0\"> <DATA>\
               <PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>q5HgCTj40kGeNVhTH9Gexw==</KID>\
               </DATA></WRMHEADER>";
    let output = header(&["decode", xml], b"");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("ERROR white space"), "{shown}");
    assert!(shown.contains(KID), "{shown}");
}
