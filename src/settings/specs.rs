// SPDX-License-Identifier: MPL-2.0
//! What `gst-inspect-1.0` shows of the shared properties, the manual of the elements: made of the table of properties.

use gst::glib::{
    ParamSpec, ParamSpecBoolean, ParamSpecFlags, ParamSpecString, ParamSpecUInt, ParamSpecUInt64,
};
use gst::prelude::*;

use protection_policy::properties::{KEY, KEY_ID, KEY_SEED, KEY_URI, PROPERTIES};
use protection_policy::{PropertyKind, PropertySpec};

use super::enums::{SystemsProperty, choice_spec};

/// The writable properties that all encryptors have.
pub(crate) fn specs() -> Vec<ParamSpec> {
    PROPERTIES.iter().map(spec).collect()
}

/// The properties that say where keys come from; `locations` describes those of `key-uri`.
pub(crate) fn key_specs(locations: &'static str) -> Vec<ParamSpec> {
    let key_uri = PropertySpec {
        blurb: locations,
        ..KEY_URI
    };
    [key_uri, KEY_ID, KEY, KEY_SEED].iter().map(spec).collect()
}

fn spec(property: &PropertySpec) -> ParamSpec {
    let name = property.name;
    match &property.kind {
        PropertyKind::Text { .. } | PropertyKind::Texts { .. } | PropertyKind::Location => {
            described(ParamSpecString::builder(name), property).build()
        }
        PropertyKind::Secret => described(ParamSpecString::builder(name), property)
            .write_only()
            .build(),
        PropertyKind::Number {
            limits: (least, most),
            default,
            ..
        } => described(ParamSpecUInt::builder(name), property)
            .minimum(*least)
            .maximum(*most)
            .default_value(*default)
            .build(),
        PropertyKind::Time => described(ParamSpecUInt64::builder(name), property).build(),
        PropertyKind::Flag { default } => described(ParamSpecBoolean::builder(name), property)
            .default_value(*default)
            .build(),
        PropertyKind::Choice(choices) => choice_spec(choices, property),
        PropertyKind::Systems => {
            described(ParamSpecFlags::builder::<SystemsProperty>(name), property)
                .default_value(SystemsProperty::default())
                .build()
        }
    }
}

/// What properties of all types have: texts, and when they may be set.
pub(super) fn described<'a, B>(builder: B, property: &'a PropertySpec) -> B
where
    B: ParamSpecBuilderExt<'a> + GstParamSpecBuilderExt<'a>,
{
    let builder = builder.nick(property.nick).blurb(property.blurb);
    match property.is_mutable_in_playing {
        true => builder.mutable_playing(),
        false => builder.mutable_ready(),
    }
}
