// SPDX-License-Identifier: MPL-2.0
//! The muxer of `playreadycmafmux`.

use std::sync::LazyLock;

use gst::glib;
use gst::glib::subclass::Signal;
use gst::prelude::*;
use gst::subclass::prelude::*;

use crate::action_signals;

use super::imp::{MuxBin, properties};
use super::parts::Inner;
use super::{CMAF_CATEGORY, templates};

/// cmafmux of gst-plugins-rs.
#[derive(Default)]
pub struct Cmaf;

impl Inner for Cmaf {
    const FACTORY: &'static str = "cmafmux";
    const ORIGIN: &'static str = "the plugin fmp4 of gst-plugins-rs";

    fn category() -> gst::DebugCategory {
        *CMAF_CATEGORY
    }

    fn metadata() -> &'static gst::subclass::ElementMetadata {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "PlayReady CMAF muxer",
                "Codec/Muxer",
                "Writes one track as CMAF, protected by Common Encryption, with PlayReady signaling",
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
                templates::source("cmaf"),
            ]
        });
        &TEMPLATES
    }

    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            properties(
                glib::ParamSpecUInt64::builder("fragment-duration")
                    .nick("Fragment duration")
                    .blurb("Duration of each fragment in nanoseconds, passed to cmafmux")
                    .default_value(10_000_000_000)
                    .mutable_ready()
                    .build(),
            )
        });
        &PROPERTIES
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: LazyLock<Vec<Signal>> = LazyLock::new(action_signals::signals::<CmafBin>);
        &SIGNALS
    }
}

type CmafBin = MuxBin<Cmaf>;

#[glib::object_subclass]
impl ObjectSubclass for CmafBin {
    const NAME: &'static str = "GstPlayReadyCmafMux";
    type Type = super::PlayReadyCmafMux;
    type ParentType = gst::Bin;
    type Interfaces = (gst::ChildProxy,);
}
