// SPDX-License-Identifier: MPL-2.0
//! The shell completions and manual pages of `playready-packager`.

use std::process::Command;

#[test]
fn every_command_has_completions_and_a_page() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    for shell in ["bash", "zsh", "fish"] {
        let (code, script) = run(&["completions", shell]);
        assert!(code == 0 && script.contains("key-seed-file"), "{shell}");
    }
    for command in [
        ["man"].as_slice(),
        &["man", "protect"],
        &["man", "header", "build"],
    ] {
        let (code, page) = run(command);
        assert!(code == 0 && page.contains(".SH NAME"), "{command:?}");
    }
    assert_eq!(run(&["man", "nothing"]).0, 2);
}
