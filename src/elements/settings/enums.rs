// SPDX-License-Identifier: MPL-2.0
//! The properties that choose one of a few names.

use gst::glib;

use crate::cenc::Scheme;
use crate::playready::{HeaderVersion, VersionChoice};

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
