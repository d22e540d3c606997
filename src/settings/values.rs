// SPDX-License-Identifier: MPL-2.0
//! Conversion between GObject values and those of the table of properties.

use std::collections::BTreeSet;

use gst::glib;
use gst::prelude::*;
use zeroize::Zeroizing;

use drm_signaling::System;
use protection_policy::properties::PROPERTIES;
use protection_policy::{PropertyKind, PropertySpec, PropertyValue, PropertyValues};

use super::enums::SystemsProperty;

const CHECKED: &str = "GObject has checked the value's type";

/// Sets a property.
pub(super) fn set(values: &mut PropertyValues, name: &str, value: &glib::Value) {
    let property = property(name).expect("GObject knows only the properties of the table");
    values.set(property, read(&property.kind, value));
}

/// Sets a property with named values.
pub(super) fn set_choice(values: &mut PropertyValues, name: &str, nick: &'static str) {
    let property = property(name).expect("the elements name only properties of the table");
    values.set(property, PropertyValue::Choice(nick));
}

/// Returns the value of a readable property; None for one that is not in the table.
pub(super) fn get(values: &PropertyValues, name: &str) -> Option<glib::Value> {
    let property = property(name)?;
    write(&property.kind, values.shown(property)?)
}

fn property(name: &str) -> Option<&'static PropertySpec> {
    PROPERTIES.iter().find(|property| property.name == name)
}

fn read(kind: &PropertyKind, value: &glib::Value) -> PropertyValue {
    match kind {
        PropertyKind::Text { .. } | PropertyKind::Texts { .. } | PropertyKind::Location => {
            PropertyValue::Text(value.get().expect(CHECKED))
        }
        PropertyKind::Secret => PropertyValue::Secret(
            value
                .get::<Option<String>>()
                .expect(CHECKED)
                .map(Zeroizing::new),
        ),
        PropertyKind::Number { .. } => PropertyValue::Number(value.get().expect(CHECKED)),
        PropertyKind::Time { .. } => PropertyValue::Time(value.get().expect(CHECKED)),
        PropertyKind::Flag { .. } => PropertyValue::Flag(value.get().expect(CHECKED)),
        PropertyKind::Choice(_) => {
            let (_, choice) = glib::EnumValue::from_value(value).expect(CHECKED);
            PropertyValue::Choice(choice.nick())
        }
        PropertyKind::Systems => {
            let systems: SystemsProperty = value.get().expect(CHECKED);
            PropertyValue::Systems(BTreeSet::<System>::from(systems))
        }
    }
}

/// Returns None for a name that the type does not have.
fn write(kind: &PropertyKind, value: PropertyValue) -> Option<glib::Value> {
    Some(match value {
        PropertyValue::Text(text) => text.to_value(),
        PropertyValue::Secret(_) => return None,
        PropertyValue::Number(number) => number.to_value(),
        PropertyValue::Time(nanoseconds) => nanoseconds.to_value(),
        PropertyValue::Flag(flag) => flag.to_value(),
        PropertyValue::Systems(systems) => SystemsProperty::from(&systems).to_value(),
        PropertyValue::Choice(nick) => {
            let PropertyKind::Choice(choices) = kind else {
                return None;
            };
            glib::EnumClass::with_type(glib::Type::from_name(choices.type_name)?)?
                .to_value_by_nick(nick)?
        }
    })
}
