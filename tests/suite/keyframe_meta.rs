// SPDX-License-Identifier: MPL-2.0
//! The key frames that a muxer describes on its headers for I-frame playlists: their bytes are exact after protection and back.
//!
//! Debian 12's gst-plugins-rs is older than FMP4KeyframeMeta, so that the test adds it, by the rule of the muxer's source: the offset
//! is that of the `moof` in the header, and the length goes from there to the end of the first sample. tests/newer-gstreamer
//! shows the same with the muxer's own meta and hlscmafsink.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex};

use gst::meta::CustomMeta;
use gst::prelude::*;

use crate::enc::{AUDIO_KEY, AUDIO_KID, KEY, KID};
use crate::in_process;
use crate::media::{Audio, CHUNKED_CMAFMUX, ISOFMP4MUX, Recipe, Video};
use crate::scratch::Scratch;
use crate::tools::skip;

const META: &str = "FMP4KeyframeMeta";
const MUXERS: [&str; 2] = [ISOFMP4MUX, CHUNKED_CMAFMUX];

#[test]
fn ranges_of_key_frames_are_exact_after_protection_and_back() {
    for muxer in MUXERS {
        match Recipe::new(muxer, Video::Avc, Audio::None).missing() {
            Some(element) => skip("ranges of key frames", &format!("no element {element}")),
            None => in_process::run("keyframe_meta::follows_the_ranges", OsStr::new(muxer)),
        }
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn follows_the_ranges() {
    let Some(argument) = in_process::argument() else {
        return;
    };
    let muxer = MUXERS.into_iter().find(|muxer| *muxer == argument).unwrap();
    gst::init().unwrap();
    CustomMeta::register(META, &[]);
    for scheme in ["cenc", "cbcs"] {
        let folder = Scratch::new("keyframes");
        // The key changes after two fragments, and so does the size of the header in its moof.
        let lines = format!("*@0 {KID} {KEY}\n*@1 {AUDIO_KID} {AUDIO_KEY}\n");
        let keys = folder.write_secret("periods.keys", &lines);
        let keys = format!("key-uri=file://{}", keys.display());
        let line = Recipe::new(muxer, Video::Avc, Audio::None).pipeline(&format!(
            "playreadyenc name=enc scheme={scheme} {keys} crypto-period=2000000000 \
             ! clearkeydec name=dec {keys} ! fakesink"
        ));
        let pipeline = in_process::pipeline(&line);
        let pad = |element, pad| pipeline.by_name(element).unwrap().static_pad(pad).unwrap();
        describe_key_frames(&pad("enc", "sink"));
        let [clear, protected, back] =
            [pad("enc", "sink"), pad("enc", "src"), pad("dec", "src")].map(|pad| record(&pad));
        in_process::run_to_the_end(&pipeline);
        let [clear, protected, back] =
            [clear, protected, back].map(|lists| std::mem::take(&mut *lists.lock().unwrap()));
        assert_eq!(clear, back, "{muxer} {scheme}");
        assert_eq!(clear.len(), protected.len(), "headers");
        let mut key_frames = 0;
        for (clear, protected) in clear.iter().zip(&protected) {
            assert_eq!(
                clear.is_some(),
                protected.is_some(),
                "{clear:?} {protected:?}"
            );
            if let (Some(clear), Some(protected)) = (clear, protected) {
                key_frames += 1;
                clear.is_exact();
                protected.is_exact();
                assert!(protected.len > clear.len, "{clear:?} {protected:?}");
            }
        }
        assert!(key_frames >= 2, "{clear:?}");
    }
}

/// A key frame that a header describes, and what the header's list shows.
#[derive(Debug, PartialEq, Eq)]
struct KeyFrame {
    offset: u64,
    len: u64,
    duration: gst::ClockTime,
    eos: bool,
    /// The first byte of the `moof`, and the bytes from there to the end of the first sample.
    exact: [u64; 2],
}

impl KeyFrame {
    /// Reads the description on the header that starts `list`.
    fn of(list: &[&gst::BufferRef]) -> Option<Self> {
        let meta = CustomMeta::from_buffer(list[0], META).ok()?;
        let key_frame = meta.structure().get::<gst::Structure>("keyframe").unwrap();
        let moof = moof(list[0]).unwrap();
        let exact = [moof, list[0].size() - moof + list[1].size()];
        Some(Self {
            offset: key_frame.get("keyframe-offset").unwrap(),
            len: key_frame.get("keyframe-length").unwrap(),
            duration: key_frame.get("keyframe-duration").unwrap(),
            eos: meta.structure().get("eos").unwrap(),
            exact: exact.map(|bytes| bytes as u64),
        })
    }

    fn is_exact(&self) {
        assert_eq!([self.offset, self.len], self.exact);
    }
}

/// Where the `moof` of a header starts.
fn moof(header: &gst::BufferRef) -> Option<usize> {
    let map = header.map_readable().unwrap();
    map.windows(4)
        .position(|word| word == b"moof")
        .map(|name| name - 4)
}

/// Adds to each header of a fragment or chunk with a key frame what the muxer of gst-plugins-rs 0.15 adds.
fn describe_key_frames(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::BUFFER_LIST, |_, info| {
        let Some(gst::PadProbeData::BufferList(list)) = &mut info.data else {
            return gst::PadProbeReturn::Ok;
        };
        let Some(header) = list.iter().position(|buffer| moof(buffer).is_some()) else {
            return gst::PadProbeReturn::Ok;
        };
        let starts_fragment = !list
            .get(header)
            .unwrap()
            .flags()
            .contains(gst::BufferFlags::DELTA_UNIT);
        if starts_fragment {
            let sample = list.get(header + 1).unwrap().size();
            let list = list.make_mut();
            let header = list.get_mut(header).unwrap();
            let start = moof(header).unwrap();
            let len = header.size() - start + sample;
            let key_frame = gst::Structure::builder("keyframe")
                .field("keyframe-duration", header.duration().unwrap())
                .field("keyframe-length", len as u64)
                .field("keyframe-offset", start as u64)
                .build();
            let mut meta = CustomMeta::add(header, META).unwrap();
            meta.mut_structure().set("keyframe", key_frame);
            meta.mut_structure().set("eos", false);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Collects what the header of each list describes. It must be the first buffer of the list, or the first after the init segment.
fn record(pad: &gst::Pad) -> Arc<Mutex<Vec<Option<KeyFrame>>>> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&found);
    pad.add_probe(gst::PadProbeType::BUFFER_LIST, move |_, info| {
        let Some(gst::PadProbeData::BufferList(list)) = &info.data else {
            return gst::PadProbeReturn::Ok;
        };
        let init = gst::BufferFlags::DISCONT | gst::BufferFlags::HEADER;
        let fragment = list
            .iter()
            .skip_while(|buffer| buffer.flags().contains(init));
        let fragment: Vec<_> = fragment.collect();
        if !fragment.is_empty() {
            recorded.lock().unwrap().push(KeyFrame::of(&fragment));
        }
        gst::PadProbeReturn::Ok
    });
    found
}
