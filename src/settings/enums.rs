// SPDX-License-Identifier: MPL-2.0
//! The GObject enumerations and flags of the properties, generated from the tables of choices and of DRM systems.

use std::collections::BTreeSet;

use gst::glib;

use drm_signaling::System;
use protection_policy::properties::SYSTEMS;
use protection_policy::{ChoiceType, PropertySpec, PropertyValue};

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

            impl $type {
                fn of_nick(nick: &str) -> Option<Self> {
                    [$(($nick, Self::$choice)),+]
                        .into_iter()
                        .find_map(|(own, choice)| (own == nick).then_some(choice))
                }
            }
        )+

        /// Returns the GObject description of a property with named values.
        /// `default` names the default, if it is not the first value.
        pub(super) fn choice_spec(
            choices: &ChoiceType,
            property: &PropertySpec,
            default: Option<&str>,
        ) -> glib::ParamSpec {
            match choices.type_name {
                $(
                    $type_name => {
                        let default = default.and_then($type::of_nick).unwrap_or_default();
                        let builder = glib::ParamSpecEnum::builder::<$type>(property.name)
                            .default_value(default);
                        described(builder, property).build()
                    }
                )+
                other => unreachable!("{other} is no row of the table of choices"),
            }
        }
    };
}

protection_policy::property_choices!(choice_enums);

/// The values of `track-type` in GObject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstPlayReadyTrackType")]
pub enum TrackTypeProperty {
    /// The type in the caps.
    #[default]
    #[enum_value(name = "The type given by the caps", nick = "auto")]
    Auto,
    /// Only video.
    #[enum_value(name = "Video; other streams are refused", nick = "video")]
    Video,
    /// Only audio.
    #[enum_value(name = "Audio; other streams are refused", nick = "audio")]
    Audio,
}

macro_rules! systems_property {
    ($(($system:ident, $module:ident, $flag:ident = $bit:literal, $nick:literal, $words:literal))+) => {
        /// The flags of `systems` in GObject.
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
                [$((SystemsProperty::$flag, System::$system)),+]
                    .into_iter()
                    .filter(|(flag, _)| property.contains(*flag))
                    .map(|(_, system)| system)
                    .collect()
            }
        }

        impl From<&BTreeSet<System>> for SystemsProperty {
            fn from(systems: &BTreeSet<System>) -> Self {
                systems
                    .iter()
                    .map(|system| match system {
                        $(System::$system => Self::$flag,)+
                    })
                    .collect()
            }
        }
    };
}

drm_signaling::drm_systems!(systems_property);

impl Default for SystemsProperty {
    fn default() -> Self {
        match SYSTEMS.kind.default_value() {
            PropertyValue::Systems(systems) => Self::from(&systems),
            _ => Self::empty(),
        }
    }
}
