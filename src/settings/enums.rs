// SPDX-License-Identifier: MPL-2.0
//! The types of GObject for properties that choose among names: made of the tables of choices and of DRM systems.

use std::collections::BTreeSet;

use gst::glib;

use drm_signaling::System;
use protection_policy::{ChoiceType, PropertySpec};

use super::specs::described;

macro_rules! choice_enums {
    ($(($constant:ident, $type:ident, $type_name:literal, $(($choice:ident, $nick:literal, $blurb:literal))+))+) => {
        $(
            #[doc = concat!("`", $type_name, "`.")]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, glib::Enum)]
            #[enum_type(name = $type_name)]
            pub enum $type {
                $(
                    #[doc = $blurb]
                    #[enum_value(name = $blurb, nick = $nick)]
                    $choice,
                )+
            }

            impl Default for $type {
                fn default() -> Self {
                    [$(Self::$choice),+][0]
                }
            }
        )+

        /// The description of a property that chooses among names.
        pub(super) fn choice_spec(choices: &ChoiceType, property: &PropertySpec) -> glib::ParamSpec {
            match choices.type_name {
                $(
                    $type_name => {
                        let builder = glib::ParamSpecEnum::builder::<$type>(property.name);
                        described(builder, property).build()
                    }
                )+
                other => unreachable!("{other} is no row of the table of choices"),
            }
        }
    };
}

protection_policy::property_choices!(choice_enums);

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

        impl From<&BTreeSet<System>> for SystemsProperty {
            fn from(systems: &BTreeSet<System>) -> Self {
                let flags = systems.iter().map(|system| match system {
                    $(System::$system => Self::$flag,)+
                });
                flags.collect()
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
