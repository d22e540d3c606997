// SPDX-License-Identifier: MPL-2.0
//! Crypto periods and clear leads of elementary streams, which cencenc protects and clearkeydec decrypts.

use std::ffi::OsStr;

use super::{SECOND, key_file, key_of};
use crate::in_process;
use crate::media::{Audio, Recipe, Video};
use crate::scratch::Scratch;
use crate::seen::{self, Seen};

#[test]
fn samples_change_keys_where_decoding_can_begin() {
    for (video, audio) in [
        (Video::Avc, Audio::None),
        (Video::AvcInBand, Audio::None),
        (Video::None, Audio::Aac),
    ] {
        let clear = Recipe::new("mp4mux", video, audio).clear();
        in_process::run(
            "periods::elementary::comes_back_under_each_key",
            clear.as_os_str(),
        );
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn comes_back_under_each_key() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let folder = Scratch::new("periods");
    let keys = key_file(&folder);
    let clear = through("identity", &file);
    for scheme in ["cenc", "cbcs"] {
        let element = format!("cencenc scheme={scheme} {keys} crypto-period={SECOND}");
        let protected = through(&element, &file);
        let back = through(&format!("{element} ! clearkeydec {keys}"), &file);
        assert!(back.bytes() == clear.bytes(), "{scheme}: other samples");
        assert_eq!(kid_changes(&protected).len(), 3, "{scheme}");
        let origins: Vec<_> = protected.events().iter().map(|event| event.2).collect();
        assert_eq!(origins, ["isobmff/moov", "isobmff/moof", "isobmff/moof"]);
    }
    let element = format!("cencenc {keys} clear-lead={SECOND}");
    let protected = through(&element, &file);
    let clear_samples = protected.buffers().len() - encrypted(&protected);
    assert!((24..=48).contains(&clear_samples), "{clear_samples}");
    let back = through(&format!("{element} ! clearkeydec {keys}"), &file);
    assert!(back.bytes() == clear.bytes(), "clear lead: other samples");
}

#[test]
fn periods_and_clear_leads_count_from_the_start_of_the_segment() {
    in_process::run(
        "periods::elementary::counts_in_stream_time",
        OsStr::new("x264enc"),
    );
}

// The timestamps of x264enc begin at 1000 hours, and so does its segment.
#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn counts_in_stream_time() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let folder = Scratch::new("stream-time");
    let keys = key_file(&folder);
    let through = |element: &str| {
        seen::of(&format!(
            "videotestsrc num-buffers=75 ! video/x-raw,format=I420,width=64,height=64,framerate=25/1 \
             ! x264enc key-int-max=25 tune=zerolatency ! h264parse ! {element} ! fakesink name=out"
        ))
    };
    let protected = through(&format!("cencenc {keys} crypto-period={SECOND}"));
    assert!(protected.buffers()[0].pts().unwrap().hours() >= 1000);
    assert_eq!(kid_changes(&protected).len(), 3);
    let protected = through(&format!("cencenc {keys} clear-lead={SECOND}"));
    assert_eq!(encrypted(&protected), 50);
}

fn through(element: &str, file: &OsStr) -> Seen {
    seen::of(&format!(
        "filesrc location={} ! qtdemux ! {element} ! fakesink name=out",
        file.display()
    ))
}

/// The buffers at which the KID changes. Panics if video changes it elsewhere than at a key frame.
fn kid_changes(seen: &Seen) -> Vec<String> {
    let mut kids: Vec<String> = Vec::new();
    for buffer in seen.buffers() {
        let kid = seen::meta(buffer)
            .into_iter()
            .find(|f| f.starts_with("kid="));
        let kid = kid.expect("each buffer has a KID");
        if kids.last() != Some(&kid) {
            let delta = buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
            assert!(!delta, "{kid}");
            kids.push(kid);
        }
    }
    let first = u8::from_str_radix(&key_of(0, 0)[0][..2], 16).unwrap();
    assert!(kids.iter().all(|kid| kid.contains(&format!("{first:02x}"))));
    kids
}

fn encrypted(seen: &Seen) -> usize {
    let buffers = seen.buffers().into_iter();
    let encrypted = |buffer: &&gst::Buffer| {
        let meta = buffer.meta::<gst::meta::ProtectionMeta>().unwrap();
        meta.info().get::<bool>("encrypted") == Ok(true)
    };
    buffers.filter(encrypted).count()
}
