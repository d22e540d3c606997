// SPDX-License-Identifier: MPL-2.0
//! The GObject descriptions of the shared properties, which `gst-inspect-1.0` shows. They are generated from the table of properties.

use gst::glib::{
    ParamSpec, ParamSpecBoolean, ParamSpecFlags, ParamSpecString, ParamSpecUInt, ParamSpecUInt64,
};
use gst::prelude::*;

use protection_policy::properties::{KEY, KEY_ID, KEY_SEED, KEY_TIMEOUT, KEY_URI, PROPERTIES};
use protection_policy::{PropertyKind, PropertySpec};

use super::enums::{SystemsProperty, choice_spec};

/// Returns the writable properties of all encryptors.
pub(crate) fn specs() -> Vec<ParamSpec> {
    PROPERTIES
        .iter()
        .map(|property| spec(property, None))
        .collect()
}

/// Returns the writable properties for an element in which the one called `name`, which has named values, has another default.
pub(crate) fn specs_with_default(name: &str, nick: &str) -> Vec<ParamSpec> {
    PROPERTIES
        .iter()
        .map(|property| spec(property, (property.name == name).then_some(nick)))
        .collect()
}

/// Returns the key properties of a decryptor; `key_uri_blurb` describes `key-uri`.
pub(crate) fn key_specs(key_uri_blurb: &'static str) -> Vec<ParamSpec> {
    let key_uri = PropertySpec {
        blurb: key_uri_blurb,
        ..KEY_URI
    };
    let properties = [key_uri, KEY_ID, KEY, KEY_SEED, KEY_TIMEOUT];
    properties
        .iter()
        .map(|property| spec(property, None))
        .collect()
}

/// Describes a property; `default` names the default among named values, if it is not the first.
fn spec(property: &PropertySpec, default: Option<&str>) -> ParamSpec {
    let name = property.name;
    match &property.kind {
        PropertyKind::Text { .. } | PropertyKind::Texts { .. } | PropertyKind::Location => {
            described(ParamSpecString::builder(name), property).build()
        }
        PropertyKind::Secret => described(ParamSpecString::builder(name), property)
            .write_only()
            .build(),
        PropertyKind::Number {
            range,
            default,
            only,
        } => {
            // GObject would ignore a number out of range. Where a range alone does not say what is valid, the start fails instead.
            let range = match only.is_empty() || only.len() == range.clone().count() {
                true => range.clone(),
                false => 0..=u32::MAX,
            };
            described(ParamSpecUInt::builder(name), property)
                .minimum(*range.start())
                .maximum(*range.end())
                .default_value(*default)
                .build()
        }
        PropertyKind::Time { default } => described(ParamSpecUInt64::builder(name), property)
            .default_value(*default)
            .build(),
        PropertyKind::Flag { default } => described(ParamSpecBoolean::builder(name), property)
            .default_value(*default)
            .build(),
        PropertyKind::Choice(choices) => choice_spec(choices, property, default),
        PropertyKind::Systems => {
            described(ParamSpecFlags::builder::<SystemsProperty>(name), property)
                .default_value(SystemsProperty::default())
                .build()
        }
    }
}

/// Sets the texts of a property and the states in which it may be set.
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
