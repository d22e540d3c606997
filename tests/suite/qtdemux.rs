// SPDX-License-Identifier: MPL-2.0
//! GStreamer's own demuxer reads the element's files: it gives caps, protection events and one meta for each buffer.
//!
//! The demuxer runs in a separate process, whose registry has none of the user's plugins.

use std::path::Path;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::enc;
use crate::in_process;
use crate::launch;
use crate::media::{Audio, FASTSTART, MP4MUX, Recipe, Video};
use crate::movie::{Movie, Sample};
use crate::scratch::Scratch;

const PLAYREADY: &str = "9a04f079-9840-4286-ab92-e65be0885f95";

#[test]
fn qtdemux_reads_avc_and_aac_under_both_schemes() {
    let muxers = [MP4MUX, FASTSTART];
    for (muxer, scheme) in muxers.into_iter().flat_map(|m| [(m, "cenc"), (m, "cbcs")]) {
        let folder = Scratch::new("qtdemux");
        let protected = folder.join("protected.mp4");
        let tail = format!(
            "{} ! filesink location={}",
            enc::one_key(scheme),
            protected.display()
        );
        let recipe = Recipe::new(muxer, Video::Avc, Audio::Aac);
        launch::pipeline(&recipe.pipeline(&tail)).succeeded();
        in_process::run("qtdemux::demuxes_the_given_file", protected.as_os_str());
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn demuxes_the_given_file() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    decryptor::register();
    let pads = demux(Path::new(&file));
    let movie = Movie::open(Path::new(&file));
    assert_eq!(pads.len(), movie.tracks.len(), "pads of the demuxer");
    for pad in &pads {
        let (handler, media_type) = match pad.original_media_type() {
            "video/x-h264" => (b"vide", "video/x-h264"),
            _ => (b"soun", "audio/mpeg"),
        };
        assert_eq!(pad.original_media_type(), media_type);
        let track = movie.track(handler);
        let scheme = track.entries[0].scheme.unwrap();
        pad.check_caps(std::str::from_utf8(&scheme).unwrap());
        pad.check_events(&movie);
        assert_eq!(pad.buffers.len(), track.samples.len(), "buffers");
        for (buffer, sample) in pad.buffers.iter().zip(&track.samples) {
            check_buffer(buffer, sample, movie.bytes(sample));
        }
    }
}

/// The output of one pad of the demuxer.
struct Seen {
    caps: gst::Caps,
    events: Vec<gst::Event>,
    buffers: Vec<gst::Buffer>,
}

/// Runs a file through qtdemux and collects what each pad pushes.
fn demux(file: &Path) -> Vec<Seen> {
    let line = format!("filesrc location={} ! qtdemux name=demux", file.display());
    let pipeline = gst::parse::launch(&line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let pads = Arc::new(Mutex::new(Vec::<Seen>::new()));
    let (weak, added) = (pipeline.downgrade(), Arc::clone(&pads));
    let demuxer = pipeline.by_name("demux").unwrap();
    demuxer.connect_pad_added(move |_, pad| {
        let sink = gst::ElementFactory::make("fakesink").build().unwrap();
        weak.upgrade().unwrap().add(&sink).unwrap();
        sink.sync_state_with_parent().unwrap();
        let mut pads = added.lock().unwrap();
        let index = pads.len();
        pads.push(Seen {
            caps: pad.current_caps().unwrap(),
            events: Vec::new(),
            buffers: Vec::new(),
        });
        drop(pads);
        record(pad, index, Arc::clone(&added));
        pad.link(&sink.static_pad("sink").unwrap()).unwrap();
    });
    in_process::run_to_the_end(&pipeline);
    drop((demuxer, pipeline));
    std::mem::take(&mut pads.lock().unwrap())
}

fn record(pad: &gst::Pad, index: usize, pads: Arc<Mutex<Vec<Seen>>>) {
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| {
        let seen = &mut pads.lock().unwrap()[index];
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => seen.buffers.push(buffer.clone()),
            Some(gst::PadProbeData::Event(event))
                if event.type_() == gst::EventType::Protection =>
            {
                seen.events.push(event.clone());
            }
            _ => (),
        }
        gst::PadProbeReturn::Ok
    });
}

impl Seen {
    fn field(&self, name: &str) -> &str {
        let value = self.caps.structure(0).unwrap().value(name);
        value
            .unwrap_or_else(|_| panic!("no {name} in {}", self.caps))
            .get()
            .unwrap()
    }

    fn original_media_type(&self) -> &str {
        self.field("original-media-type")
    }

    fn check_caps(&self, scheme: &str) {
        assert_eq!(self.caps.structure(0).unwrap().name(), "application/x-cenc");
        assert_eq!(self.field("cipher-mode"), scheme);
        assert_eq!(self.field("protection-system"), PLAYREADY);
    }

    /// Checks that there is one event for the `moov`, with the whole `pssh` box.
    fn check_events(&self, movie: &Movie) {
        assert_eq!(self.events.len(), 1, "protection events");
        let gst::EventView::Protection(event) = self.events[0].view() else {
            panic!("{:?}", self.events[0]);
        };
        let (system, data, origin) = event.get();
        assert_eq!(system, PLAYREADY);
        assert_eq!(origin, Some("isobmff/moov"));
        let data = data.map_readable().unwrap();
        assert_eq!(&data[4..8], b"pssh");
        let is_there = movie
            .file
            .windows(data.len())
            .any(|bytes| bytes == data.as_slice());
        assert!(is_there, "the event's data is no box of the file");
    }
}

/// Checks that the meta agrees with `senc` and `tenc`, and that the bytes are those of the file.
fn check_buffer(buffer: &gst::Buffer, sample: &Sample, bytes: &[u8]) {
    assert_eq!(buffer.map_readable().unwrap().as_slice(), bytes);
    let meta = buffer.meta::<gst::meta::ProtectionMeta>();
    let meta = meta.expect("a buffer without protection meta");
    let info = meta.info();
    let protection = sample.protection.as_ref().unwrap();
    let data = |name: &str| {
        let buffer: gst::Buffer = info.get(name).unwrap_or_else(|e| panic!("{e}: {info}"));
        buffer.map_readable().unwrap().to_vec()
    };
    assert!(info.get::<bool>("encrypted").unwrap());
    assert_eq!(data("kid"), protection.rules.kid);
    assert_eq!(data("iv"), protection.iv);
    let number = |name: &str| info.get::<u32>(name).unwrap_or(0) as usize;
    let iv_size = number("iv_size").max(number("constant_iv_size"));
    assert_eq!(iv_size, protection.iv.len(), "{info}");
    assert_eq!(number("subsample_count"), protection.subsamples.len());
    if !protection.subsamples.is_empty() {
        let entries = protection.subsamples.iter();
        let entry = |(clear, protected): &(u16, u32)| {
            [clear.to_be_bytes().as_slice(), &protected.to_be_bytes()].concat()
        };
        let entries: Vec<u8> = entries.flat_map(entry).collect();
        assert_eq!(data("subsamples"), entries);
    }
    let pattern = (number("crypt_byte_block"), number("skip_byte_block"));
    let rules = &protection.rules;
    let expected = (rules.crypt_byte_block.into(), rules.skip_byte_block.into());
    assert_eq!(pattern, expected, "pattern");
}

/// An element that does nothing: qtdemux exposes a track only if a decryptor for its system exists.
mod decryptor {
    use std::sync::LazyLock;

    use gst::glib;
    use gst::prelude::*;
    use gst::subclass::prelude::*;

    #[derive(Default)]
    pub struct Decryptor;

    #[glib::object_subclass]
    impl ObjectSubclass for Decryptor {
        const NAME: &'static str = "SuiteDecryptor";
        type Type = Object;
        type ParentType = gst::Element;
    }

    impl ObjectImpl for Decryptor {}
    impl GstObjectImpl for Decryptor {}

    impl ElementImpl for Decryptor {
        fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
            static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
                let about = "Stands for a decryptor";
                gst::subclass::ElementMetadata::new(about, "Decryptor", about, "The tests")
            });
            Some(&METADATA)
        }

        fn pad_templates() -> &'static [gst::PadTemplate] {
            static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
                let caps = gst::Caps::builder("application/x-cenc")
                    .field("protection-system", super::PLAYREADY)
                    .build();
                let (sink, always) = (gst::PadDirection::Sink, gst::PadPresence::Always);
                vec![gst::PadTemplate::new("sink", sink, always, &caps).unwrap()]
            });
            &TEMPLATES
        }
    }

    glib::wrapper! {
        pub struct Object(ObjectSubclass<Decryptor>) @extends gst::Element, gst::Object;
    }

    pub fn register() {
        let rank = gst::Rank::MARGINAL;
        gst::Element::register(None, "suitedecryptor", rank, Object::static_type()).unwrap();
    }
}
