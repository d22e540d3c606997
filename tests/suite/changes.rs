// SPDX-License-Identifier: MPL-2.0
//! Changes in the middle of a stream: caps of another codec or with another stream header, and seeks from downstream.

use std::path::Path;

use gst::prelude::*;

use crate::between::{Between, Flow, Received, Stream, segment};
use crate::boxes::top_level;
use crate::decrypt;
use crate::enc::{self, KEY, KID};
use crate::flows::{Fed, all_fed, all_pulling, decryptor, encryptor, files};
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::seen;

fn takes_all(_: &Received) -> Flow {
    Ok(gst::FlowSuccess::Ok)
}

fn run(test: &str) {
    let folder = files();
    in_process::run(&format!("changes::{test}"), folder.path().as_os_str());
}

/// Calls `work` with the folder in the process of a test.
fn with_files(work: impl FnOnce(&Path)) {
    if let Some(folder) = in_process::argument() {
        gst::init().unwrap();
        work(Path::new(&folder));
    }
}

fn bytes(between: &Between) -> Vec<u8> {
    let buffers = between.buffers();
    let maps = buffers.iter().map(|buffer| buffer.map_readable().unwrap());
    maps.flat_map(|map| map.to_vec()).collect()
}

#[test]
fn elementary_stream_may_change_its_codec() {
    run("changes_the_codec");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn changes_the_codec() {
    with_files(|_| {
        let parts = [Video::Avc, Video::Vp8, Video::Avc].map(|video| {
            let seen = seen::of(&format!("{} ! fakesink name=out", video.stream().unwrap()));
            let buffers: Vec<_> = seen.buffers().into_iter().cloned().collect();
            (seen.caps().clone(), buffers)
        });
        for scheme in ["cenc", "cbcs"] {
            let element = format!("cencenc scheme={scheme} key-id={KID} key={KEY}");
            let (protected, error) = seen::feed(&element, parts.to_vec());
            assert!(error.is_none(), "{error:?}");
            let types = protected.0.iter().filter_map(|item| match item {
                seen::Item::Caps(caps) => caps.structure(0)?.get("original-media-type").ok(),
                _ => None,
            });
            let types: Vec<String> = types.collect();
            assert_eq!(
                types,
                ["video/x-h264", "video/x-vp8", "video/x-h264"],
                "{scheme}"
            );
            let clear: Vec<_> = parts
                .iter()
                .flat_map(|(_, buffers)| buffers)
                .map(|buffer| buffer.map_readable().unwrap().to_vec())
                .collect();
            let ciphertext = protected.bytes();
            let has_changed = clear
                .iter()
                .zip(&ciphertext)
                .all(|(one, other)| one != other);
            assert!(has_changed && ciphertext.len() == clear.len(), "{scheme}");
            let back = format!("{element} ! clearkeydec key-id={KID} key={KEY}");
            let (back, error) = seen::feed(&back, parts.to_vec());
            assert!(error.is_none(), "{error:?}");
            assert!(back.bytes() == clear, "{scheme}");
        }
    });
}

#[test]
fn stream_of_a_muxer_may_change_its_header() {
    run("changes_the_header");
}

/// The caps of a muxer with the header of a file, and the file.
fn muxed(file: &[u8]) -> Stream {
    let media = top_level(file);
    let media = media.iter().find(|found| &found.kind == b"moof").unwrap();
    let header = gst::Buffer::from_slice(file[..media.start].to_vec());
    let caps = gst::Caps::builder("video/quicktime")
        .field("variant", "iso-fragmented")
        .field("streamheader", gst::Array::new([header]));
    Stream {
        caps: Some(caps.build()),
        segment: segment(gst::Format::Time),
        ..Stream::of_bytes(file)
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn changes_the_header() {
    with_files(|folder| {
        let picture = std::fs::read(folder.join("fragmented.mp4")).unwrap();
        let sound = Recipe::new(MP4MUX, Video::None, Audio::Aac).clear();
        let parts = [picture.clone(), std::fs::read(sound).unwrap(), picture];
        let protected = plays_on(&encryptor("playreadyenc"), &parts);
        for (clear, protected) in parts.iter().zip(&protected) {
            let (clear, protected) = (Movie::parse(clear.clone()), Movie::parse(protected.clone()));
            assert_eq!(protected.tracks[0].entries[0].scheme, Some(*b"cbcs"));
            let keys = enc::one_key_known();
            let samples = decrypt::samples(&protected, &protected.tracks[0], &keys);
            assert!(samples == decrypt::samples(&clear, &clear.tracks[0], &keys));
        }
        let back = plays_on(&decryptor(), &protected);
        for (clear, back) in parts.iter().zip(back) {
            let (clear, back) = (Movie::parse(clear.clone()), Movie::parse(back));
            assert_eq!(back.tracks[0].entries[0].scheme, None);
            let none = decrypt::samples(&back, &back.tracks[0], &enc::one_key_known());
            assert!(none == decrypt::samples(&clear, &clear.tracks[0], &enc::one_key_known()));
        }
    });
}

/// Sends one muxed part after the other with its caps in one stream. Returns the output for each, whose header must be that of the caps.
fn plays_on(element: &str, parts: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let between = Between::play(element, takes_all);
    let input = between.element.static_pad("src").unwrap();
    let mut outputs = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let stream = muxed(part);
        match number {
            0 => between.start(&stream),
            _ => drop(between.event(gst::event::Caps::new(stream.caps.as_ref().unwrap()))),
        }
        for buffer in stream.buffers {
            between.push(buffer).unwrap();
        }
        if number + 1 == parts.len() {
            assert!(between.end());
        }
        let output = bytes(&between);
        let caps = input.current_caps().unwrap();
        let structure = caps.structure(0).unwrap();
        let header = structure.get::<gst::ArrayRef>("streamheader").unwrap();
        let header = header.as_slice()[0].get::<gst::Buffer>().unwrap();
        let header = header.map_readable().unwrap();
        let found = Movie::parse(output.clone()).tracks[0].entries[0].scheme;
        assert_eq!(
            Movie::parse(header.to_vec()).tracks[0].entries[0].scheme,
            found
        );
        outputs.push(output);
    }
    assert_eq!(between.messages(), Vec::<String>::new(), "{element}");
    outputs
}

#[test]
fn seeks_from_downstream_reach_sources_of_samples_and_change_no_bytes() {
    run("seeks");
}

fn seek(format: gst::Format) -> gst::Event {
    let (set, none) = (gst::SeekType::Set, gst::SeekType::None);
    let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
    let at = |value| gst::GenericFormattedValue::new(format, value);
    gst::event::Seek::new(1.0, flags, set, at(0), none, at(-1))
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn seeks() {
    with_files(|folder| {
        for Fed { element, stream } in all_fed(folder) {
            let plain = Between::play(&element, takes_all);
            plain.send(stream.clone(), false).unwrap();
            plain.end();
            let between = Between::play(&element, takes_all);
            between.start(&stream);
            for (number, buffer) in stream.buffers.iter().enumerate() {
                between.push(buffer.copy()).unwrap();
                if number % 4 == 0 {
                    for format in [gst::Format::Time, gst::Format::Bytes] {
                        // The source of the test takes no seek, so that nothing is flushed.
                        assert!(!between.event_from_downstream(seek(format)), "{element}");
                    }
                }
            }
            between.end();
            let is_of_samples = stream.segment.format() == gst::Format::Time;
            let expected = 2 * stream.buffers.len().div_ceil(4) * usize::from(is_of_samples);
            assert_eq!(between.seeks(), expected, "{element}");
            assert!(bytes(&between) == bytes(&plain), "{element}");
            assert_eq!(between.messages(), Vec::<String>::new(), "{element}");
        }
        for line in all_pulling(folder) {
            let plain = Between::play(&line, takes_all);
            plain.until_end();
            let between = Between::play(&line, takes_all);
            for format in [gst::Format::Time, gst::Format::Bytes] {
                assert!(!between.event_from_downstream(seek(format)), "{line}");
            }
            between.until_end();
            assert!(bytes(&between) == bytes(&plain), "{line}");
            assert_eq!(between.messages(), Vec::<String>::new(), "{line}");
        }
    });
}
