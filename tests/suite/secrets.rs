// SPDX-License-Identifier: MPL-2.0
//! No key appears in the output when GStreamer logs all it can, whatever the source of the key and whatever the element.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::KeyId;
use gst::prelude::*;
use memchr::memmem;
use playready_header::KeySeed;

use crate::decrypt;
use crate::enc::KID;
use crate::in_process;
use crate::launch;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;

const CLEAR: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
const LIMIT: Duration = Duration::from_secs(600);
/// A text that is no secret, which the search must find: this shows that the search works.
const CONTROL: &[u8] = b"playreadyenc0";

#[test]
fn a_key_from_a_file_appears_in_no_log_and_no_dot_file() {
    let folder = Scratch::new("secrets");
    let key = random::<16>();
    let keys = folder.write_secret("one.keys", &format!("* {KID} {}\n", decrypt::hex(&key)));
    let pipeline = format!(
        "filesrc location={} ! playreadyenc key-uri=file://{} ! filesink location={}",
        CLEAR.clear().display(),
        keys.display(),
        folder.join("protected.mp4").display()
    );
    let mut command = launch::command();
    command.arg("-v").args(launch::words(&pipeline));
    says_no_secret(command, &folder, &[&key]);
}

#[test]
fn a_fixed_key_appears_in_no_log_no_dot_file_and_no_error() {
    let key = random::<16>();
    child("fixed", &decrypt::hex(&key), &[&key]);
}

#[test]
fn keys_of_a_file_appear_in_no_log_no_dot_file_and_no_error() {
    let key = random::<16>();
    let line = format!("* {KID} {}\n", decrypt::hex(&key));
    child("x.keys", &line, &[&key]);
}

#[test]
fn a_key_seed_and_its_keys_appear_in_no_log_no_dot_file_and_no_error() {
    let seed = random::<30>();
    let kid: KeyId = KID.parse().unwrap();
    let key = KeySeed::from_bytes(&seed).unwrap().content_key(&kid);
    let secrets: [&[u8]; 2] = [&seed, key.as_bytes()];
    child("seed", &STANDARD.encode(seed), &secrets);
}

#[test]
fn a_key_of_the_application_appears_in_no_log_no_dot_file_and_no_error() {
    let key = random::<16>();
    child("request", &decrypt::hex(&key), &[&key]);
}

#[test]
fn a_key_of_a_cpix_document_appears_in_no_log_no_dot_file_and_no_error() {
    let key = random::<16>();
    let document = format!(
        "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:p=\"urn:ietf:params:xml:ns:keyprov:pskc\" version=\"2.3\"><ContentKeyList>\
         <ContentKey kid=\"{KID}\" commonEncryptionScheme=\"cenc\"><Data><p:Secret><p:PlainValue>{}</p:PlainValue></p:Secret></Data>\
         </ContentKey></ContentKeyList></CPIX>",
        STANDARD.encode(key)
    );
    child("x.cpix", &document, &[&key]);
}

/// Runs all elements with one source of keys, in a process that logs everything. `source` is the name of the file with the
/// secret.
fn child(source: &str, secret: &str, secrets: &[&[u8]]) {
    let folder = Scratch::new("secrets");
    folder.write_secret(source, secret);
    std::os::unix::fs::symlink(CLEAR.clear(), folder.join("clear.mp4")).unwrap();
    let mut command = launch::program(std::env::current_exe().unwrap());
    command
        .args([
            "secrets::uses_the_key",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env("PLAYREADY_SUITE_ARGUMENT", folder.join(source));
    says_no_secret(command, &folder, secrets);
}

/// Runs a program at the highest log level. Neither its logs nor its DOT files contain a secret in any form.
fn says_no_secret(mut command: std::process::Command, folder: &Scratch, secrets: &[&[u8]]) {
    let mut forms: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    forms.push(CONTROL.to_vec());
    let control = forms.len() - 1;
    let dots = folder.join("dots");
    std::fs::create_dir(&dots).unwrap();
    command
        .env("GST_DEBUG", "*:9")
        .env("GST_DEBUG_DUMP_DOT_DIR", &dots)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdout = search(child.stdout.take().unwrap(), forms.clone());
    let stderr = search(child.stderr.take().unwrap(), forms.clone());
    let status = launch::wait(&mut child, LIMIT, || None);
    let status = status.expect("the pipelines end");
    assert!(status.success(), "{status}");
    for (name, found) in [("stdout", stdout), ("stderr", stderr)] {
        assert_eq!(found.join().unwrap(), [control], "forms on {name}");
    }
    let files: Vec<_> = std::fs::read_dir(&dots).unwrap().collect();
    assert!(!files.is_empty(), "no DOT file was written");
    let found = files.into_iter().flat_map(|file| {
        let file = std::fs::File::open(file.unwrap().path()).unwrap();
        search(file, forms.clone()).join().unwrap()
    });
    let mut found: Vec<usize> = found.collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, [control], "forms in DOT files");
}

/// Pipelines that use the samples of the clear file in all elements. Each ends without further checks.
const PIPELINES: [&str; 6] = [
    "playreadyenc ! clearkeydec ! fakesink",
    "qtdemux name=demux demux.video_0 ! h264parse ! cencenc ! clearkeydec ! fakesink",
    "qtdemux name=demux demux.video_0 ! h264parse ! playreadymp4mux ! fakesink",
    // h264parse of GStreamer 1.22 may read a key unit event after it was freed: see `test_support::media`.
    "qtdemux name=demux demux.video_0 ! h264parse ! playreadycmafmux mux::send-force-keyunit=false ! fakesink",
    "qtdemux name=demux playreadysink name=out location=PUBLISHED demux.video_0 ! h264parse ! out.video_0",
    "queue ! playreadyenc crypto-period=1000000000 clear-lead=1000000000 ! fakesink",
];

#[test]
#[ignore = "runs in a process of its own, started by tests above"]
#[expect(clippy::print_stdout, reason = "stdout is searched too")]
fn uses_the_key() {
    let Some(secret) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let secret = Path::new(&secret);
    let clear = secret.with_file_name("clear.mp4");
    for (number, tail) in PIPELINES.into_iter().enumerate() {
        if tail.contains("cmafmux") && gst::ElementFactory::find("cmafmux").is_none() {
            continue;
        }
        for is_wrong in [false, true] {
            let published = secret.with_file_name(format!("published-{number}-{is_wrong}"));
            let tail = tail.replace("PUBLISHED", &published.to_string_lossy());
            let line = format!("filesrc location={} ! {tail}", clear.display());
            let pipeline = in_process::pipeline(&line);
            for element in pipeline.children() {
                if element.find_property("key-seed").is_some() {
                    println!("{}", element.name());
                    give_key(&element, secret, is_wrong);
                }
            }
            println!("{line}: {}", play(&pipeline));
            let name = format!("{number}-{is_wrong}");
            pipeline.debug_to_dot_file(gst::DebugGraphDetails::all(), name);
            pipeline.set_state(gst::State::Null).unwrap();
        }
    }
    println!("{}", String::from_utf8_lossy(CONTROL));
}

/// Gives an element its key from the source that the file's name implies. With `is_wrong` the value is made invalid.
fn give_key(element: &gst::Element, file: &Path, is_wrong: bool) {
    let source = file.file_name().unwrap().to_str().unwrap();
    let mut secret = std::fs::read_to_string(file).unwrap();
    if is_wrong {
        secret.push_str("00 1");
    }
    let is_decryptor = element.name().starts_with("clearkeydec");
    match source {
        "seed" => {
            element.set_property("key-id", KID);
            element.set_property("key-seed", secret);
        }
        "request" if !is_decryptor => answer(element, secret),
        "fixed" | "request" => {
            element.set_property("key-id", KID);
            element.set_property("key", secret);
        }
        _ => {
            let mut path = file.to_owned();
            if is_wrong {
                path = file.with_file_name(format!("wrong-{source}"));
                std::fs::copy(file, &path).unwrap();
                std::fs::write(&path, secret).unwrap();
            }
            element.set_property("key-uri", format!("file://{}", path.display()));
        }
    }
}

fn answer(element: &gst::Element, key: String) {
    let bin = element.downcast_ref::<gst::Bin>();
    let inner = bin.and_then(|bin| bin.by_name("enc"));
    inner
        .as_ref()
        .unwrap_or(element)
        .connect("request-key", false, move |_| {
            let answer = gst::Structure::builder("keys")
                .field("key-id", KID)
                .field("key", &key)
                .build();
            Some(Some(answer).to_value())
        });
}

/// Plays to the end or to an error, and returns the text that an application would show.
fn play(pipeline: &gst::Pipeline) -> String {
    let _ = pipeline.set_state(gst::State::Playing);
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let limit = gst::ClockTime::from_seconds(LIMIT.as_secs() / 4);
    let message = bus.timed_pop_filtered(limit, &kinds);
    match message.expect("the pipeline ends").view() {
        gst::MessageView::Error(error) => format!("{} {:?}", error.error(), error.debug()),
        _ => "the end".to_owned(),
    }
}

fn random<const LEN: usize>() -> [u8; LEN] {
    let mut bytes = [0; LEN];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// The forms in which programs print bytes.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let lower = decrypt::hex(secret);
    let upper = lower.to_uppercase();
    let base64 = STANDARD.encode(secret);
    let join = |separator: &str, form: fn(&u8) -> String| {
        let bytes: Vec<String> = secret.iter().map(form).collect();
        bytes.join(separator)
    };
    let mut texts = vec![
        lower,
        upper,
        base64.trim_end_matches('=').to_owned(),
        join(", ", |byte| format!("{byte}")),
        join(", ", |byte| format!("{byte:#04x}")),
    ];
    if let Ok(uuid) = uuid::Uuid::from_slice(secret) {
        texts.push(uuid.hyphenated().to_string());
    }
    for separator in [" ", ":", ", "] {
        texts.push(join(separator, |byte| format!("{byte:02x}")));
        texts.push(join(separator, |byte| format!("{byte:02X}")));
    }
    let mut forms: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    forms.push(secret.to_vec());
    forms
}

/// Searches a stream of any length for the forms on a separate thread. Returns the indices of those that it contains.
fn search(mut stream: impl Read + Send + 'static, forms: Vec<Vec<u8>>) -> JoinHandle<Vec<usize>> {
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
                *found = *found || memmem::find(&window, form).is_some();
            }
            window.drain(..window.len().saturating_sub(overlap));
        }
        (0..found.len()).filter(|index| found[*index]).collect()
    })
}
