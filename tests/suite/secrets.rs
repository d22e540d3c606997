// SPDX-License-Identifier: MPL-2.0
//! With everything logged that GStreamer can log, the key given by a file appears nowhere.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::decrypt;
use crate::enc::KID;
use crate::launch;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;

#[test]
fn a_key_from_a_file_appears_in_no_log_and_no_dot_file() {
    let folder = Scratch::new("secrets");
    let key = random_key();
    let keys = folder.write_secret("one.keys", &format!("* {KID} {}\n", decrypt::hex(&key)));
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::Aac).clear();
    let pipeline = format!(
        "filesrc location={} ! playreadyenc key-uri=file://{} ! filesink location={}",
        clear.display(),
        keys.display(),
        folder.join("protected.mp4").display()
    );
    let dots = folder.join("dots");
    std::fs::create_dir(&dots).unwrap();
    let mut command = launch::command();
    command
        .arg("-v")
        .args(launch::words(&pipeline))
        .env("GST_DEBUG", "*:9")
        .env("GST_DEBUG_DUMP_DOT_DIR", &dots)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let forms = forms(&key);
    let stdout = search(child.stdout.take().unwrap(), forms.clone());
    let stderr = search(child.stderr.take().unwrap(), forms.clone());
    let status = launch::wait(&mut child, Duration::from_secs(120), || None);
    assert!(status.expect("the pipeline ends").success());
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    // The last form is no secret: it shows that the search finds what is there.
    let control = forms.len() - 1;
    assert_eq!(stdout, [control], "forms of the key on stdout");
    assert_eq!(stderr, [control], "forms of the key on stderr");
    let mut dot_files = 0;
    for file in std::fs::read_dir(&dots).unwrap() {
        let found = search(
            std::fs::File::open(file.unwrap().path()).unwrap(),
            forms.clone(),
        );
        assert_eq!(
            found.join().unwrap(),
            [control],
            "forms of the key in a DOT file"
        );
        dot_files += 1;
    }
    assert!(dot_files > 0, "no DOT file was written");
}

fn random_key() -> [u8; 16] {
    let mut key = [0; 16];
    let mut source = std::fs::File::open("/dev/urandom").unwrap();
    source.read_exact(&mut key).unwrap();
    key
}

/// The shapes in which programs print 16 bytes; at the end the element's name as control.
fn forms(key: &[u8; 16]) -> Vec<Vec<u8>> {
    let lower = decrypt::hex(key);
    let upper = lower.to_uppercase();
    let base64 = STANDARD.encode(key);
    let join = |separator: &str, form: fn(&u8) -> String| {
        let bytes: Vec<String> = key.iter().map(form).collect();
        bytes.join(separator)
    };
    let mut texts = vec![
        lower,
        upper,
        base64.trim_end_matches('=').to_owned(),
        uuid::Uuid::from_bytes(*key).hyphenated().to_string(),
        join(", ", |byte| format!("{byte}")),
        join(", ", |byte| format!("{byte:#04x}")),
    ];
    for separator in [" ", ":", ", "] {
        texts.push(join(separator, |byte| format!("{byte:02x}")));
        texts.push(join(separator, |byte| format!("{byte:02X}")));
    }
    let mut forms: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    forms.push(key.to_vec());
    forms.push(b"playreadyenc0".to_vec());
    forms
}

/// Which of the forms, by their index, a stream of any length has: searched on a thread of its own.
fn search(
    mut stream: impl Read + Send + 'static,
    forms: Vec<Vec<u8>>,
) -> std::thread::JoinHandle<Vec<usize>> {
    std::thread::spawn(move || {
        let overlap = forms.iter().map(Vec::len).max().unwrap() - 1;
        let mut found = vec![false; forms.len()];
        let mut window = Vec::new();
        let mut block = vec![0; 1 << 20];
        loop {
            let count = stream.read(&mut block).unwrap();
            if count == 0 {
                break;
            }
            window.extend_from_slice(&block[..count]);
            for (found, form) in found.iter_mut().zip(&forms) {
                *found = *found || contains(&window, form);
            }
            window.drain(..window.len().saturating_sub(overlap));
        }
        (0..found.len()).filter(|index| found[*index]).collect()
    })
}

fn contains(window: &[u8], form: &[u8]) -> bool {
    let mut rest = window;
    while let Some(at) = rest.iter().position(|byte| *byte == form[0]) {
        if rest[at..].starts_with(form) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
