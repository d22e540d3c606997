// SPDX-License-Identifier: MPL-2.0
//! The properties that choose among a few names.

use std::collections::BTreeSet;

use gst::glib;

use cenc_types::Scheme;
use common_encryption::Flavor;
use drm_signaling::System;
use playready_header::{HeaderVersion, VersionChoice};
use protection_policy::{OnKeyMissing, PeriodClock};

/// `scheme`, as GStreamer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyScheme")]
pub enum SchemeProperty {
    /// `cenc`.
    #[default]
    #[enum_value(name = "AES-CTR; plays on every PlayReady client", nick = "cenc")]
    Cenc,
    /// `cens`.
    #[enum_value(
        name = "AES-CTR with a pattern; no PlayReady client plays it",
        nick = "cens"
    )]
    Cens,
    /// `cbc1`.
    #[enum_value(name = "AES-CBC; no PlayReady client plays it", nick = "cbc1")]
    Cbc1,
    /// `cbcs`.
    #[enum_value(
        name = "AES-CBC with a pattern; PlayReady 4.0 and later, FairPlay",
        nick = "cbcs"
    )]
    Cbcs,
}

/// `flavor`, as GStreamer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyFlavor")]
pub enum FlavorProperty {
    /// ISO/IEC 23001-7.
    #[default]
    #[enum_value(name = "Common Encryption, ISO/IEC 23001-7", nick = "cenc")]
    Cenc,
    /// PIFF 1.1.
    #[enum_value(
        name = "PIFF 1.1, for Smooth Streaming; scheme cenc only",
        nick = "piff"
    )]
    Piff,
}

/// `period-clock`, as GStreamer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyPeriodClock")]
pub enum PeriodClockProperty {
    /// The media's time.
    #[default]
    #[enum_value(name = "The media's own time, from 0", nick = "stream")]
    Stream,
    /// The wall clock.
    #[enum_value(
        name = "The wall clock, from 1970-01-01 UTC: for live streams",
        nick = "utc"
    )]
    Utc,
}

/// `on-key-missing`, as GStreamer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyOnKeyMissing")]
pub enum OnKeyMissingProperty {
    /// End the stream.
    #[default]
    #[enum_value(name = "Stop with an error", nick = "stop")]
    Stop,
    /// Go on under the last key.
    #[enum_value(
        name = "Go on under the last key until the next is there, with warnings",
        nick = "hold"
    )]
    Hold,
}

impl From<PeriodClockProperty> for PeriodClock {
    fn from(property: PeriodClockProperty) -> Self {
        match property {
            PeriodClockProperty::Stream => Self::Stream,
            PeriodClockProperty::Utc => Self::Utc,
        }
    }
}

impl From<OnKeyMissingProperty> for OnKeyMissing {
    fn from(property: OnKeyMissingProperty) -> Self {
        match property {
            OnKeyMissingProperty::Stop => Self::Stop,
            OnKeyMissingProperty::Hold => Self::Hold,
        }
    }
}

/// `header-version`, as GStreamer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyHeaderVersion")]
pub enum HeaderVersionProperty {
    /// The lowest that holds what is asked.
    #[default]
    #[enum_value(name = "The lowest version that holds what is asked", nick = "auto")]
    Auto,
    /// 4.0.
    #[enum_value(name = "One KID; clients from 1.0", nick = "4.0")]
    V4_0,
    /// 4.1.
    #[enum_value(name = "At most one KID; clients from 2.0", nick = "4.1")]
    V4_1,
    /// 4.2.
    #[enum_value(name = "Several KIDs; clients from 3.0", nick = "4.2")]
    V4_2,
    /// 4.3.
    #[enum_value(name = "AES-CBC; clients from 4.0", nick = "4.3")]
    V4_3,
}

/// `track-type`, as GStreamer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyTrackType")]
pub enum TrackTypeProperty {
    /// Whatever the caps say.
    #[default]
    #[enum_value(name = "As the caps say", nick = "auto")]
    Auto,
    /// Video alone.
    #[enum_value(name = "Video; anything else is refused", nick = "video")]
    Video,
    /// Audio alone.
    #[enum_value(name = "Audio; anything else is refused", nick = "audio")]
    Audio,
}

impl From<SchemeProperty> for Scheme {
    fn from(property: SchemeProperty) -> Self {
        match property {
            SchemeProperty::Cenc => Self::Cenc,
            SchemeProperty::Cens => Self::Cens,
            SchemeProperty::Cbc1 => Self::Cbc1,
            SchemeProperty::Cbcs => Self::Cbcs,
        }
    }
}

impl From<FlavorProperty> for Flavor {
    fn from(property: FlavorProperty) -> Self {
        match property {
            FlavorProperty::Cenc => Self::Cenc,
            FlavorProperty::Piff => Self::Piff,
        }
    }
}

impl From<HeaderVersionProperty> for VersionChoice {
    fn from(property: HeaderVersionProperty) -> Self {
        Self::Only(match property {
            HeaderVersionProperty::Auto => return Self::Auto,
            HeaderVersionProperty::V4_0 => HeaderVersion::V4_0,
            HeaderVersionProperty::V4_1 => HeaderVersion::V4_1,
            HeaderVersionProperty::V4_2 => HeaderVersion::V4_2,
            HeaderVersionProperty::V4_3 => HeaderVersion::V4_3,
        })
    }
}

macro_rules! systems_property {
    ($(($system:ident, $module:ident, $flag:ident = $bit:literal, $nick:literal, $words:literal))+) => {
        /// `systems`, as GStreamer shows it.
        #[glib::flags(name = "GstPlayReadySystems")]
        pub enum SystemsProperty {
            $(
                #[doc = $words]
                #[flags_value(name = $words, nick = $nick)]
                $flag = 1 << $bit,
            )+
        }

        impl From<SystemsProperty> for BTreeSet<System> {
            fn from(property: SystemsProperty) -> Self {
                let chosen = [$((SystemsProperty::$flag, System::$system)),+].into_iter();
                let chosen = chosen.filter(|(flag, _)| property.contains(*flag));
                chosen.map(|(_, system)| system).collect()
            }
        }
    };
}

drm_signaling::drm_systems!(systems_property);

impl Default for SystemsProperty {
    fn default() -> Self {
        Self::PLAYREADY
    }
}
