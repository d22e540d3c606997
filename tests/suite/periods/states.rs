// SPDX-License-Identifier: MPL-2.0
//! What an application and downstream are told of clear leads and of `protect`, and what a period and a lead are measured in.

use std::ffi::OsStr;

use gst::prelude::*;

use super::{SECOND, key_file, kid_of_picture, moofs, protected};
use crate::between::{Between, Flow, Received, Stream};
use crate::boxes::top_level;
use crate::decrypt::unhex;
use crate::enc::{KEY, KID};
use crate::in_process;
use crate::media::{Audio, CMAFMUX, MP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen;

/// Three fragments of a second, 25 samples each.
const FRAGMENTED: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);

fn run(test: &str) {
    let clear = FRAGMENTED.clear();
    in_process::run(&format!("periods::states::{test}"), clear.as_os_str());
}

fn element(name: &str, properties: &str) -> String {
    format!("{name} name=element key-id={KID} key={KEY} {properties}")
}

fn takes_all(_: &Received) -> Flow {
    Ok(gst::FlowSuccess::Ok)
}

/// The samples of the file, whose timestamps begin at 0.
fn samples(file: &OsStr) -> Stream {
    let line = format!(
        "filesrc location={} ! qtdemux ! fakesink name=out",
        file.display()
    );
    let seen = seen::of(&line);
    let buffers = seen.buffers().into_iter().cloned().collect();
    Stream::of_samples(seen.caps().clone(), buffers)
}

/// The file, a buffer for `ftyp` and `moov` and one for each fragment.
fn fragments(file: &OsStr) -> Stream {
    let bytes = std::fs::read(file).unwrap();
    let boxes = top_level(&bytes);
    let mut cuts: Vec<usize> = boxes
        .iter()
        .filter(|found| &found.kind == b"moof")
        .map(|found| found.start)
        .collect();
    cuts.insert(0, 0);
    // What follows the fragments, such as `mfra`, is left out.
    let end = boxes
        .iter()
        .rfind(|found| &found.kind == b"mdat")
        .unwrap()
        .end;
    cuts.push(end);
    let mut stream = Stream::of_bytes(&[]);
    stream.buffers = cuts
        .windows(2)
        .map(|cut| gst::Buffer::from_slice(bytes[cut[0]..cut[1]].to_vec()))
        .collect();
    stream
}

#[test]
fn end_of_a_clear_lead_is_announced() {
    run("plays_a_clear_lead");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn plays_a_clear_lead() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let lead = "clear-lead=900000000";
    let between = Between::play(&element("cencenc", lead), takes_all);
    between.send(samples(&file), false).unwrap();
    assert_eq!(
        between.states(),
        ["clear at 0 after 0", "protected at 1000 after 25"]
    );
    let in_file = format!(
        "filesrc location={} ! queue ! {}",
        file.display(),
        element("playreadyenc", lead)
    );
    let bin = |name: &str, properties: &str| {
        let bin = element(name, &format!("{lead} {properties}"));
        format!("{} ! {bin}", FRAGMENTED.stream())
    };
    let mut lines = vec![in_file, bin("playreadymp4mux", "fragment-duration=1000")];
    match Recipe::new(CMAFMUX, Video::Avc, Audio::None).missing() {
        None => lines.push(bin(
            "playreadycmafmux",
            "fragment-duration=1000000000 mux::send-force-keyunit=false",
        )),
        Some(element) => crate::tools::skip("clear lead of playreadycmafmux", element),
    }
    for line in lines {
        let between = Between::play(&line, takes_all);
        between.until_end();
        let states: Vec<String> = between
            .states()
            .into_iter()
            .map(|state| state.split(" after").next().unwrap().to_owned())
            .collect();
        assert_eq!(states, ["clear at 0", "protected at 1000"], "{line}");
    }
}

#[test]
fn changes_of_protect_are_announced() {
    run("switches_protection");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn switches_protection() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    for (name, stream, first) in [
        ("cencenc", samples(&file), 0),
        ("playreadyenc", fragments(&file), 1),
    ] {
        let between = Between::play(&element(name, ""), takes_all);
        between.start(&stream);
        let each = (stream.buffers.len() - first) / 3;
        let mut states = Vec::new();
        for (at, buffer) in stream.buffers.into_iter().enumerate() {
            // The second of three fragments is to be clear.
            between
                .element
                .set_property("protect", (at + each - first) / each != 2);
            between.push(buffer).unwrap();
            states.extend(between.states());
        }
        let times: Vec<&str> = states
            .iter()
            .map(|s| s.split(" after").next().unwrap())
            .collect();
        assert_eq!(times, ["clear at 1000", "protected at 2000"], "{name}");
        if name == "cencenc" {
            assert_eq!(
                states,
                ["clear at 1000 after 25", "protected at 2000 after 50"]
            );
            let buffers = between.buffers();
            let is_encrypted = buffers.iter().map(|buffer| {
                let meta = buffer.meta::<gst::meta::ProtectionMeta>().unwrap();
                meta.info().get::<bool>("encrypted").unwrap()
            });
            let expected = (0..75).map(|at| !(25..50).contains(&at));
            assert!(is_encrypted.eq(expected));
        }
        assert_eq!(between.messages(), Vec::<String>::new());
    }
}

#[test]
fn on_demand_the_first_period_has_its_header_in_its_fragments() {
    let folder = Scratch::new("periods");
    let element = format!(
        "playreadyenc on-demand=true crypto-period={SECOND} {}",
        key_file(&folder)
    );
    let movie = protected(&FRAGMENTED, &element, &folder).unwrap();
    let boxes = top_level(&movie.file);
    let moov = boxes.iter().find(|found| &found.kind == b"moov").unwrap();
    let header = moov.at(&[b"pssh"]).body().to_vec();
    for period in 0..3 {
        let kid = kid_in_header(&kid_of_picture(period));
        let moof = moofs(&movie)[usize::from(period)];
        assert!(has(moof.at(&[b"pssh"]).body(), &kid), "period {period}");
        assert!(!has(&header, &kid), "moov, period {period}");
    }
    assert!(has(&header, "ONDEMAND"));
}

/// A KID as a PlayReady Header has it, in base64 of the order of a GUID.
fn kid_in_header(kid: &str) -> String {
    let mut guid = unhex(kid);
    guid[..4].reverse();
    guid[4..6].reverse();
    guid[6..8].reverse();
    gst::glib::base64_encode(&guid).to_string()
}

/// True if the bytes have a text in UTF-16.
fn has(bytes: &[u8], text: &str) -> bool {
    let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn crypto_period_shorter_than_a_fragment_is_warned_of_once() {
    run("plays_short_periods");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn plays_short_periods() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let seed = "key-seed=XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
    for (name, stream) in [
        ("cencenc", samples(&file)),
        ("playreadyenc", fragments(&file)),
    ] {
        for (period, warnings) in [(400_000_000, 1), (SECOND, 0)] {
            let line = format!("{name} name=element key-id={KID} {seed} crypto-period={period}");
            let between = Between::play(&line, takes_all);
            between.send(stream.clone(), false).unwrap();
            // The seed is a published one, which is the first warning.
            let expected = vec!["warning resource Settings"; 1 + warnings];
            assert_eq!(between.messages(), expected, "{name}, {period}");
        }
    }
}

/// A segment, the timestamp of the first sample, a clear lead, and how many of 75 samples are protected.
struct TimedCase {
    what: &'static str,
    segment: fn(&mut gst::FormattedSegment<gst::ClockTime>),
    first: u64,
    lead: u64,
    protected: usize,
}

const THOUSAND_HOURS: u64 = 3_600_000 * SECOND;

/// stream time = (timestamp - start) * |applied rate| + time; running time = (timestamp - start) / |rate| + base: gstsegment.c.
const TIMED_CASES: [TimedCase; 8] = [
    TimedCase {
        what: "from 0",
        segment: |_| (),
        first: 0,
        lead: SECOND,
        protected: 50,
    },
    TimedCase {
        what: "time",
        segment: |segment| segment.set_time(gst::ClockTime::from_seconds(10)),
        first: 0,
        lead: SECOND,
        protected: 75,
    },
    TimedCase {
        what: "start",
        segment: |segment| segment.set_start(gst::ClockTime::from_nseconds(THOUSAND_HOURS)),
        first: THOUSAND_HOURS,
        lead: SECOND,
        protected: 50,
    },
    TimedCase {
        what: "timestamps before the start",
        segment: |segment| segment.set_start(gst::ClockTime::from_seconds(1)),
        first: 0,
        lead: SECOND,
        protected: 25,
    },
    TimedCase {
        what: "rate",
        segment: |segment| segment.set_rate(2.0),
        first: 0,
        lead: SECOND,
        protected: 50,
    },
    TimedCase {
        what: "applied rate",
        segment: |segment| segment.set_applied_rate(2.0),
        first: 0,
        lead: 3 * SECOND,
        protected: 25,
    },
    TimedCase {
        what: "no stream time",
        segment: |segment| {
            segment.set_start(gst::ClockTime::from_nseconds(THOUSAND_HOURS));
            segment.set_time(gst::ClockTime::NONE);
        },
        first: THOUSAND_HOURS,
        lead: SECOND,
        protected: 50,
    },
    TimedCase {
        what: "no stream time, rate",
        segment: |segment| {
            segment.set_rate(2.0);
            segment.set_time(gst::ClockTime::NONE);
        },
        first: 0,
        lead: SECOND,
        protected: 25,
    },
];

#[test]
fn clear_lead_of_samples_is_in_stream_time() {
    run("plays_segments");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn plays_segments() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    for case in TIMED_CASES {
        let mut stream = samples(&file);
        let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
        (case.segment)(&mut segment);
        stream.segment = segment.upcast();
        for buffer in &mut stream.buffers {
            let buffer = buffer.make_mut();
            let shift = gst::ClockTime::from_nseconds(case.first);
            buffer.set_pts(buffer.pts().map(|pts| pts + shift));
            buffer.set_dts(gst::ClockTime::NONE);
        }
        let line = element("cencenc", &format!("clear-lead={}", case.lead));
        let between = Between::play(&line, takes_all);
        between.send(stream, false).unwrap();
        let buffers = between.buffers();
        assert_eq!(buffers.len(), 75, "{}", case.what);
        let protected = buffers.iter().filter(|buffer| {
            let meta = buffer.meta::<gst::meta::ProtectionMeta>().unwrap();
            meta.info().get("encrypted") == Ok(true)
        });
        assert_eq!(protected.count(), case.protected, "{}", case.what);
    }
}
