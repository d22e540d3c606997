// SPDX-License-Identifier: MPL-2.0
//! The description of a property: name, type, default, range and command option.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::ops::RangeInclusive;
use std::str::FromStr;

use drm_signaling::System;
use zeroize::Zeroizing;

use super::choices::ChoiceType;
use super::duration;

/// The reason why a text is not a valid value. It never contains a secret.
pub type ValueError = Box<dyn StdError + Send + Sync>;

/// A property of the encryptors, which may also be an option of commands.
#[derive(Debug, Clone)]
pub struct PropertySpec {
    /// The name of the property, and the long name of the option.
    pub name: &'static str,
    /// A short name for display.
    pub nick: &'static str,
    /// A description in one line.
    pub blurb: &'static str,
    /// Type, default and range.
    pub kind: PropertyKind,
    /// True if it may be set while a stream runs.
    pub is_mutable_in_playing: bool,
    /// The command option that sets it, if there is one.
    pub option: Option<CommandOption>,
}

/// The type of a property, with its default and its range.
#[derive(Debug, Clone)]
pub enum PropertyKind {
    /// A text, unset by default.
    Text {
        /// Checks one text.
        check: fn(&str) -> Result<(), ValueError>,
    },
    /// Texts separated by commas, none by default.
    Texts {
        /// Checks one text.
        check: fn(&str) -> Result<(), ValueError>,
    },
    /// A URI, which is shown without user, password and query; unset by default.
    Location,
    /// A secret text, which is never shown; unset by default.
    Secret,
    /// A number.
    Number {
        /// The lowest and the highest value.
        range: RangeInclusive<u32>,
        /// The value if none is set.
        default: u32,
        /// The valid values; empty if all values in the range are valid.
        only: &'static [u32],
    },
    /// A time: nanoseconds in a property, a number with a unit in a command option.
    Time {
        /// The value if none is set, in nanoseconds.
        default: u64,
    },
    /// A truth value.
    Flag {
        /// The value if none is set.
        default: bool,
    },
    /// One of several names, the first by default.
    Choice(&'static ChoiceType),
    /// A set of DRM systems, PlayReady alone by default.
    Systems,
}

/// The command option that sets a property.
#[derive(Debug, Clone, Copy)]
pub struct CommandOption {
    /// The group under which help lists it.
    pub group: OptionGroup,
    /// The value in the usage line.
    pub value_name: &'static str,
    /// A description in one line; None uses the property's blurb.
    pub help: Option<&'static str>,
}

/// A group of options under one heading in a command's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionGroup {
    /// Keys and their periods.
    Keys,
    /// Encryption and signaling.
    Encryption,
    /// The content of the PlayReady Header.
    Header,
}

/// The value of a property.
#[derive(Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// A text, several texts or a location; None if unset.
    Text(Option<String>),
    /// A secret text; None if unset.
    Secret(Option<Zeroizing<String>>),
    /// A number.
    Number(u32),
    /// A time in nanoseconds.
    Time(u64),
    /// A truth value.
    Flag(bool),
    /// One of several names.
    Choice(&'static str),
    /// A set of DRM systems.
    Systems(BTreeSet<System>),
}

/// The ways in which a text is not a valid value.
#[derive(Debug, thiserror::Error)]
enum InvalidValue {
    #[error("{text:?} is not a valid name: give one of {names}")]
    Name { text: String, names: String },
    #[error("not a truth value: give true or false")]
    Flag,
    #[error("{number} is out of range: give {} to {}", range.start(), range.end())]
    Number {
        number: u32,
        range: RangeInclusive<u32>,
    },
    #[error(
        "unknown DRM system {name:?}: give one or several of {}, such as playready+widevine",
        system_names()
    )]
    System { name: String },
}

/// Returns the names of all DRM systems, separated by commas.
pub fn system_names() -> String {
    System::ALL.map(System::nick).join(", ")
}

impl OptionGroup {
    /// Returns the heading of the group.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Keys => "Keys",
            Self::Encryption => "Encryption",
            Self::Header => "PlayReady Header",
        }
    }
}

impl PropertySpec {
    pub(super) const fn new(
        name: &'static str,
        nick: &'static str,
        kind: PropertyKind,
        blurb: &'static str,
    ) -> Self {
        Self {
            name,
            nick,
            blurb,
            kind,
            is_mutable_in_playing: false,
            option: None,
        }
    }

    /// Makes the property a command option whose help is the property's blurb.
    pub(super) const fn option(self, group: OptionGroup, value_name: &'static str) -> Self {
        Self {
            option: Some(CommandOption {
                group,
                value_name,
                help: None,
            }),
            ..self
        }
    }

    /// Makes the property a command option with a help text of its own.
    pub(super) const fn option_with_help(
        self,
        group: OptionGroup,
        value_name: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            option: Some(CommandOption {
                group,
                value_name,
                help: Some(help),
            }),
            ..self
        }
    }

    /// Returns the error that names this property as the one with an invalid value.
    pub fn error(&self, source: impl Into<ValueError>) -> super::Error {
        super::Error::Property {
            property: self.name,
            source: source.into(),
        }
    }

    /// Reads the value from the text of a command option.
    ///
    /// # Errors
    /// The reason why the text is not a valid value.
    ///
    /// # Examples
    /// ```
    /// use protection_policy::PropertyValue;
    /// use protection_policy::properties::{CRYPTO_PERIOD, IV_SIZE};
    ///
    /// let period = CRYPTO_PERIOD.parse("1m30s").unwrap();
    /// assert!(period == PropertyValue::Time(90_000_000_000));
    /// assert!(IV_SIZE.parse("32").is_err());
    /// ```
    pub fn parse(&self, text: &str) -> Result<PropertyValue, ValueError> {
        self.kind.parse(text)
    }
}

impl PropertyKind {
    /// Describes a text that must be readable as a `T`.
    pub(super) const fn text_of<T>() -> Self
    where
        T: FromStr,
        T::Err: StdError + Send + Sync + 'static,
    {
        Self::Text {
            check: check_parse::<T>,
        }
    }

    /// Any text.
    pub(super) const fn any_text() -> Self {
        Self::Text { check: |_| Ok(()) }
    }

    /// Returns the default value.
    pub fn default_value(&self) -> PropertyValue {
        match self {
            Self::Text { .. } | Self::Texts { .. } | Self::Location => PropertyValue::Text(None),
            Self::Secret => PropertyValue::Secret(None),
            Self::Number { default, .. } => PropertyValue::Number(*default),
            Self::Time { default } => PropertyValue::Time(*default),
            Self::Flag { default } => PropertyValue::Flag(*default),
            Self::Choice(choices) => PropertyValue::Choice(choices.default_nick()),
            Self::Systems => PropertyValue::Systems([System::PlayReady].into()),
        }
    }

    fn parse(&self, text: &str) -> Result<PropertyValue, ValueError> {
        Ok(match self {
            Self::Text { check } => {
                check(text)?;
                PropertyValue::Text(Some(text.to_owned()))
            }
            Self::Texts { check } => {
                items(text).try_for_each(check)?;
                PropertyValue::Text(Some(text.to_owned()))
            }
            Self::Location => PropertyValue::Text(Some(text.to_owned())),
            Self::Secret => PropertyValue::Secret(Some(text.to_owned().into())),
            Self::Number { range, .. } => {
                PropertyValue::Number(check_number(range, text.parse()?)?)
            }
            Self::Time { .. } => {
                PropertyValue::Time(u64::try_from(duration::parse(text)?.as_nanos())?)
            }
            Self::Flag { .. } => PropertyValue::Flag(text.parse().map_err(|_| InvalidValue::Flag)?),
            Self::Choice(choices) => parse_choice(choices, text)?,
            Self::Systems => PropertyValue::Systems(parse_systems(text)?),
        })
    }
}

/// Splits a text at commas, leaving out empty parts.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn check_parse<T>(text: &str) -> Result<(), ValueError>
where
    T: FromStr,
    T::Err: StdError + Send + Sync + 'static,
{
    text.parse::<T>()?;
    Ok(())
}

fn check_number(range: &RangeInclusive<u32>, number: u32) -> Result<u32, InvalidValue> {
    match range.contains(&number) {
        true => Ok(number),
        false => Err(InvalidValue::Number {
            number,
            range: range.clone(),
        }),
    }
}

fn parse_choice(choices: &ChoiceType, text: &str) -> Result<PropertyValue, InvalidValue> {
    choices
        .find(text)
        .map(PropertyValue::Choice)
        .ok_or_else(|| InvalidValue::Name {
            text: text.to_owned(),
            names: choices.nicks.join(", "),
        })
}

/// Reads the names of DRM systems, separated by `+`, as `gst-launch-1.0` writes flags, or by commas.
fn parse_systems(text: &str) -> Result<BTreeSet<System>, InvalidValue> {
    text.split(['+', ','])
        .map(str::trim)
        .map(|name| {
            System::from_nick(name).ok_or_else(|| InvalidValue::System {
                name: name.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_read_as_gst_launch_writes_them() {
        let both = parse_systems("playready+widevine").unwrap();
        assert_eq!(both, [System::PlayReady, System::Widevine].into());
        assert_eq!(parse_systems("widevine,playready").unwrap(), both);
        assert!(parse_systems("playready+").is_err());
    }
}
