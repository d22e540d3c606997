// SPDX-License-Identifier: MPL-2.0
//! The muxer of `playreadymp4mux`.

use std::sync::LazyLock;

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use crate::action_signals;

use super::imp::{MuxBin, properties};
use super::parts::Inner;
use super::{MP4_CATEGORY, templates};

/// mp4mux of GStreamer's good plugins, which writes fragments only if their duration is set.
#[derive(Default)]
pub struct Mp4;

const FRAGMENT_DURATION: u32 = 2000;

impl Inner for Mp4 {
    const FACTORY: &'static str = "mp4mux";
    const ORIGIN: &'static str = "the plugin isomp4 of gst-plugins-good";

    fn configure(muxer: &gst::Element) {
        muxer.set_property("fragment-duration", FRAGMENT_DURATION);
    }

    fn category() -> gst::DebugCategory {
        *MP4_CATEGORY
    }

    fn metadata() -> &'static gst::subclass::ElementMetadata {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "PlayReady MP4 muxer",
                "Codec/Muxer",
                "Writes fragmented MP4, protected by Common Encryption, with PlayReady signaling",
                "The gst-plugin-playready developers",
            )
        });
        &METADATA
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            vec![
                templates::video(),
                templates::audio(),
                templates::subtitle(),
                templates::source("iso"),
            ]
        });
        &TEMPLATES
    }

    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            properties(
                glib::ParamSpecUInt::builder("fragment-duration")
                    .nick("Fragment duration")
                    .blurb("Duration of each fragment in milliseconds, passed to mp4mux; 0 is refused when the stream starts")
                    .default_value(FRAGMENT_DURATION)
                    .mutable_ready()
                    .build(),
            )
        });
        &PROPERTIES
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: LazyLock<Vec<Signal>> = LazyLock::new(action_signals::signals::<Mp4Bin>);
        &SIGNALS
    }
}

type Mp4Bin = MuxBin<Mp4>;

#[glib::object_subclass]
impl ObjectSubclass for Mp4Bin {
    const NAME: &'static str = "GstPlayReadyMp4Mux";
    type Type = super::PlayReadyMp4Mux;
    type ParentType = gst::Bin;
    type Interfaces = (gst::ChildProxy,);
}
