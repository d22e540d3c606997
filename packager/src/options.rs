// SPDX-License-Identifier: MPL-2.0
//! Command-line options that are generated from the table of properties, with the same names and meaning.

use std::fmt;
use std::marker::PhantomData;

use cenc_types::Scheme;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use drm_signaling::System;
use protection_policy::properties::{PROPERTIES, SCHEME};
use protection_policy::{
    CommandOption, OptionGroup, PropertyKind, PropertySpec, PropertyValue, PropertyValues,
    system_names,
};

/// The options of the property groups in `G`.
pub struct PropertyOptions<G> {
    values: PropertyValues,
    groups: PhantomData<G>,
}

/// The property groups whose options a command takes.
pub trait OptionGroups {
    /// True if `group` is one of them.
    fn contains(group: OptionGroup) -> bool;
}

/// Every group.
pub struct AllGroups;

/// The group of the PlayReady Header.
pub struct HeaderGroup;

impl OptionGroups for AllGroups {
    fn contains(_group: OptionGroup) -> bool {
        true
    }
}

impl OptionGroups for HeaderGroup {
    fn contains(group: OptionGroup) -> bool {
        group == OptionGroup::Header
    }
}

impl<G> PropertyOptions<G> {
    /// Returns the values of the options.
    pub const fn values(&self) -> &PropertyValues {
        &self.values
    }
}

impl<G> fmt::Debug for PropertyOptions<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.values.fmt(f)
    }
}

impl<G: OptionGroups> Args for PropertyOptions<G> {
    fn augment_args(command: Command) -> Command {
        options::<G>().fold(command, |command, (property, option)| {
            command.arg(arg(property, option))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<G: OptionGroups> FromArgMatches for PropertyOptions<G> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Self {
            values: PropertyValues::default(),
            groups: PhantomData,
        };
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for (property, _) in options::<G>() {
            if let Some(value) = value(property, matches) {
                self.values.set(property, value);
            }
        }
        Ok(())
    }
}

/// Parses the name of a scheme.
pub fn scheme_parser() -> impl TypedValueParser<Value = Scheme> {
    PossibleValuesParser::new(allowed_values(&SCHEME)).try_map(|name| name.parse::<Scheme>())
}

fn options<G: OptionGroups>() -> impl Iterator<Item = (&'static PropertySpec, CommandOption)> {
    PROPERTIES
        .iter()
        .filter_map(|property| Some((property, property.option?)))
        .filter(|(_, option)| G::contains(option.group))
}

fn arg(property: &'static PropertySpec, option: CommandOption) -> Arg {
    let mut arg = Arg::new(property.name)
        .long(property.name)
        .help(help_text(property, option))
        .help_heading(option.group.heading());
    if matches!(property.kind, PropertyKind::Flag { .. }) {
        return arg.action(ArgAction::SetTrue);
    }
    arg = arg.value_name(option.value_name);
    if let Some(default) = default_text(property) {
        arg = arg.default_value(default);
    }
    if matches!(property.kind, PropertyKind::Texts { .. }) {
        arg = arg.action(ArgAction::Append).value_delimiter(',');
    }
    match allowed_values(property) {
        values if values.is_empty() => arg.value_parser(|text: &str| property.parse(text)),
        values => arg
            .value_parser(PossibleValuesParser::new(values).try_map(|text| property.parse(&text))),
    }
}

fn help_text(property: &PropertySpec, option: CommandOption) -> String {
    let help = option.help.unwrap_or(property.blurb);
    match &property.kind {
        PropertyKind::Systems => format!("{help}: {}, joined by +", system_names()),
        _ => help.to_owned(),
    }
}

/// Returns the allowed values; empty if any text is parsed.
fn allowed_values(property: &PropertySpec) -> Vec<String> {
    match &property.kind {
        PropertyKind::Choice(choices) => choices.nicks.iter().map(ToString::to_string).collect(),
        PropertyKind::Number { only, .. } => only.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// Returns the default as a user would type it; None if nothing is set by default.
fn default_text(property: &PropertySpec) -> Option<String> {
    match property.kind.default_value() {
        PropertyValue::Number(number) => Some(number.to_string()),
        PropertyValue::Time(nanoseconds) => Some(format!("{}s", nanoseconds / 1_000_000_000)),
        PropertyValue::Choice(nick) => Some(nick.to_owned()),
        PropertyValue::Systems(systems) => Some(
            systems
                .into_iter()
                .map(System::nick)
                .collect::<Vec<_>>()
                .join("+"),
        ),
        PropertyValue::Text(_) | PropertyValue::Secret(_) | PropertyValue::Flag(_) => None,
    }
}

/// Returns the value of an option; None if it is not given and has no default.
fn value(property: &PropertySpec, matches: &ArgMatches) -> Option<PropertyValue> {
    match &property.kind {
        PropertyKind::Flag { .. } => Some(PropertyValue::Flag(matches.get_flag(property.name))),
        PropertyKind::Texts { .. } => {
            let texts: Vec<_> = matches
                .get_many::<PropertyValue>(property.name)?
                .filter_map(|value| match value {
                    PropertyValue::Text(text) => text.as_deref(),
                    _ => None,
                })
                .collect();
            Some(PropertyValue::Text(Some(texts.join(","))))
        }
        _ => matches.get_one(property.name).cloned(),
    }
}
