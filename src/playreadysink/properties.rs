// SPDX-License-Identifier: MPL-2.0
//! The properties that only this element has.

use std::path::PathBuf;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;

use super::error::SinkError;

/// The values of the properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SinkSettings {
    /// The folder.
    pub(super) location: Option<PathBuf>,
    pub(super) manifests: ManifestsProperty,
    pub(super) presentation_type: PresentationTypeProperty,
    /// Nanoseconds.
    pub(super) segment_duration: u64,
    /// Nanoseconds; 0 to keep all segments.
    pub(super) window: u64,
}

/// The formats of `manifests`.
#[glib::flags(name = "GstPlayReadyManifests")]
pub enum ManifestsProperty {
    /// `manifest.mpd`.
    #[flags_value(name = "DASH: manifest.mpd", nick = "dash")]
    DASH = 1,
    /// `manifest.m3u8`.
    #[flags_value(
        name = "HLS: manifest.m3u8 and a playlist for each track",
        nick = "hls"
    )]
    HLS = 2,
}

/// The values of `presentation-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyPresentationType")]
pub enum PresentationTypeProperty {
    /// As the source says.
    #[default]
    #[enum_value(name = "Dynamic if a source is live, else static", nick = "auto")]
    Auto,
    /// Live.
    #[enum_value(
        name = "Published while it grows, and static at the end",
        nick = "dynamic"
    )]
    Dynamic,
    /// On demand.
    #[enum_value(name = "Published at the end", nick = "static")]
    Static,
}

const SEGMENT_DURATION: u64 = 4_000_000_000;
const WINDOW: u64 = 60_000_000_000;

impl Default for SinkSettings {
    fn default() -> Self {
        Self {
            location: None,
            manifests: ManifestsProperty::DASH | ManifestsProperty::HLS,
            presentation_type: PresentationTypeProperty::default(),
            segment_duration: SEGMENT_DURATION,
            window: WINDOW,
        }
    }
}

impl SinkSettings {
    /// Sets a property; its type was checked by GObject. Returns false for a property that is not of this element alone.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) -> bool {
        const CHECKED: &str = "GObject has checked the value's type";
        match name {
            "location" => {
                let location: Option<String> = value.get().expect(CHECKED);
                self.location = location.map(PathBuf::from);
            }
            "manifests" => self.manifests = value.get().expect(CHECKED),
            "presentation-type" => self.presentation_type = value.get().expect(CHECKED),
            "segment-duration" => self.segment_duration = value.get().expect(CHECKED),
            "window" => self.window = value.get().expect(CHECKED),
            _ => return false,
        }
        true
    }

    /// Returns the value of a property of this element alone.
    pub(super) fn get(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "location" => self
                .location
                .as_ref()
                .map(|location| location.to_string_lossy().into_owned())
                .to_value(),
            "manifests" => self.manifests.to_value(),
            "presentation-type" => self.presentation_type.to_value(),
            "segment-duration" => self.segment_duration.to_value(),
            "window" => self.window.to_value(),
            _ => return None,
        })
    }

    /// Refuses settings that do not fit together.
    ///
    /// # Errors
    /// [`SinkError::ShortWindow`].
    pub(super) const fn check(&self) -> Result<(), SinkError> {
        let Self {
            window,
            segment_duration,
            ..
        } = *self;
        match window > 0 && window <= segment_duration.saturating_mul(3) {
            true => Err(SinkError::ShortWindow {
                window,
                segment_duration,
            }),
            false => Ok(()),
        }
    }

    /// Returns the length of a segment.
    pub(super) const fn segment_duration(&self) -> Duration {
        Duration::from_nanos(self.segment_duration)
    }

    /// Returns the time for which segments stay listed; None to keep them all.
    pub(super) fn window(&self) -> Option<Duration> {
        (self.window > 0).then(|| Duration::from_nanos(self.window))
    }
}

/// Returns the descriptions of the properties.
pub(super) fn specs() -> Vec<glib::ParamSpec> {
    vec![
        glib::ParamSpecString::builder("location")
            .nick("Location")
            .blurb("Folder of the presentation, which is created if it does not exist; an element that is started again goes on with what is there")
            .mutable_ready()
            .build(),
        glib::ParamSpecFlags::builder::<ManifestsProperty>("manifests")
            .nick("Manifests")
            .blurb("Formats of the manifests")
            .default_value(ManifestsProperty::DASH | ManifestsProperty::HLS)
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder::<PresentationTypeProperty>("presentation-type")
            .nick("Presentation type")
            .blurb("When the presentation is published")
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt64::builder("segment-duration")
            .nick("Segment duration")
            .blurb("Length of a segment in nanoseconds; key frames are requested of encoders at multiples of it")
            .minimum(100_000_000)
            .maximum(600_000_000_000)
            .default_value(SEGMENT_DURATION)
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt64::builder("window")
            .nick("Window")
            .blurb("Time in nanoseconds for which the segments of a dynamic presentation stay listed; 0 to keep all of them")
            .default_value(WINDOW)
            .mutable_ready()
            .build(),
    ]
}
