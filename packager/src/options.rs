// SPDX-License-Identifier: MPL-2.0
//! Options that several commands take: made of the table of properties, whose names and meaning they have.

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

/// The options of some groups of properties.
pub struct PropertyOptions<G> {
    values: PropertyValues,
    groups: PhantomData<G>,
}

/// The groups whose options a command takes.
pub trait OptionGroups {
    /// Whether those of a group are among them.
    fn has(group: OptionGroup) -> bool;
}

/// All groups.
pub struct AllGroups;

/// The group of the PlayReady Header.
pub struct HeaderGroup;

impl OptionGroups for AllGroups {
    fn has(_group: OptionGroup) -> bool {
        true
    }
}

impl OptionGroups for HeaderGroup {
    fn has(group: OptionGroup) -> bool {
        group == OptionGroup::Header
    }
}

impl<G> PropertyOptions<G> {
    /// What the options are set to.
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

/// Takes the names of the schemes.
pub fn scheme() -> impl TypedValueParser<Value = Scheme> {
    PossibleValuesParser::new(names(&SCHEME)).try_map(|name| name.parse::<Scheme>())
}

fn options<G: OptionGroups>() -> impl Iterator<Item = (&'static PropertySpec, CommandOption)> {
    let options = PROPERTIES.iter().filter_map(|p| Some((p, p.option?)));
    options.filter(|(_, option)| G::has(option.group))
}

fn arg(property: &'static PropertySpec, option: CommandOption) -> Arg {
    let arg = Arg::new(property.name)
        .long(property.name)
        .help(help(property, option))
        .help_heading(option.group.heading());
    if matches!(property.kind, PropertyKind::Flag { .. }) {
        return arg.action(ArgAction::SetTrue);
    }
    let arg = arg.value_name(option.value_name);
    let arg = match default(property) {
        Some(default) => arg.default_value(default),
        None => arg,
    };
    let arg = match &property.kind {
        PropertyKind::Texts { .. } => arg.action(ArgAction::Append).value_delimiter(','),
        _ => arg,
    };
    match names(property) {
        names if names.is_empty() => arg.value_parser(|text: &str| property.parse(text)),
        names => {
            arg.value_parser(PossibleValuesParser::new(names).try_map(|text| property.parse(&text)))
        }
    }
}

fn help(property: &PropertySpec, option: CommandOption) -> String {
    let help = option.help.unwrap_or(property.blurb);
    match &property.kind {
        PropertyKind::Systems => format!("{help}: {}, with + between them", system_names()),
        _ => help.to_owned(),
    }
}

/// The only values, where there are few.
fn names(property: &PropertySpec) -> Vec<String> {
    match &property.kind {
        PropertyKind::Choice(choices) => choices.nicks.iter().map(ToString::to_string).collect(),
        PropertyKind::Number { only, .. } => only.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// The default as it would be typed; None where nothing is set by default.
fn default(property: &PropertySpec) -> Option<String> {
    match property.kind.default_value() {
        PropertyValue::Number(number) => Some(number.to_string()),
        PropertyValue::Time(nanoseconds) => Some(format!("{}s", nanoseconds / 1_000_000_000)),
        PropertyValue::Choice(nick) => Some(nick.to_owned()),
        PropertyValue::Systems(systems) => {
            let names: Vec<_> = systems.into_iter().map(System::nick).collect();
            Some(names.join("+"))
        }
        PropertyValue::Text(_) | PropertyValue::Secret(_) | PropertyValue::Flag(_) => None,
    }
}

/// None for an option that is not given and has no default.
fn value(property: &PropertySpec, matches: &ArgMatches) -> Option<PropertyValue> {
    match &property.kind {
        PropertyKind::Flag { .. } => Some(PropertyValue::Flag(matches.get_flag(property.name))),
        PropertyKind::Texts { .. } => {
            let given = matches.get_many::<PropertyValue>(property.name)?;
            let texts = given.filter_map(|value| match value {
                PropertyValue::Text(text) => text.as_deref(),
                _ => None,
            });
            Some(PropertyValue::Text(Some(
                texts.collect::<Vec<_>>().join(","),
            )))
        }
        _ => matches.get_one(property.name).cloned(),
    }
}
