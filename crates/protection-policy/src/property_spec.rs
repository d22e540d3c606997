// SPDX-License-Identifier: MPL-2.0
//! The columns of the table of properties.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::str::FromStr;

use drm_signaling::System;
use zeroize::Zeroizing;

use super::choices::ChoiceType;
use super::duration;

/// Why a text is no value; it never repeats a secret.
pub type ValueError = Box<dyn StdError + Send + Sync>;

/// A property of the encryptors, which is an option of commands too.
#[derive(Debug, Clone)]
pub struct PropertySpec {
    /// The name of the property, and the long name of the option.
    pub name: &'static str,
    /// A short name for people.
    pub nick: &'static str,
    /// A line about it.
    pub blurb: &'static str,
    /// Type, default and limits.
    pub kind: PropertyKind,
    /// Whether it may be set while a stream runs.
    pub is_mutable_in_playing: bool,
    /// The option of commands, if it is one.
    pub option: Option<CommandOption>,
}

/// The type of a property, with its default and its limits.
#[derive(Debug, Clone)]
pub enum PropertyKind {
    /// A text, unset by default.
    Text {
        /// Says what is wrong with one.
        check: fn(&str) -> Result<(), ValueError>,
    },
    /// Texts with commas between them, none by default.
    Texts {
        /// Says what is wrong with one.
        check: fn(&str) -> Result<(), ValueError>,
    },
    /// A URI that is shown without user, password and query; unset by default.
    Location,
    /// A text that is never shown, unset by default.
    Secret,
    /// A number.
    Number {
        /// The least and the most.
        limits: (u32, u32),
        /// The value where none is set.
        default: u32,
        /// The only values; empty where all within the limits are.
        only: &'static [u32],
    },
    /// A time, 0 by default: nanoseconds as a property, with units as an option.
    Time,
    /// Yes or no.
    Flag {
        /// The value where none is set.
        default: bool,
    },
    /// One of several names, by default the first.
    Choice(&'static ChoiceType),
    /// DRM systems, by default PlayReady.
    Systems,
}

/// The option of commands that sets a property.
#[derive(Debug, Clone, Copy)]
pub struct CommandOption {
    /// What it is listed with.
    pub group: OptionGroup,
    /// The value in the usage line.
    pub value_name: &'static str,
    /// A line about it; None where it is that of the property.
    pub help: Option<&'static str>,
}

/// Options that are listed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionGroup {
    /// Keys and their periods.
    Keys,
    /// How media are encrypted and what is signaled.
    Encryption,
    /// What the PlayReady Header says.
    Header,
}

/// The value of a property.
#[derive(Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// A text, texts or a location; None is unset.
    Text(Option<String>),
    /// A text that is never shown; None is unset.
    Secret(Option<Zeroizing<String>>),
    /// A number.
    Number(u32),
    /// A time in nanoseconds.
    Time(u64),
    /// Yes or no.
    Flag(bool),
    /// One of several names.
    Choice(&'static str),
    /// DRM systems.
    Systems(BTreeSet<System>),
}

/// A text that is no value of a kind.
#[derive(Debug, thiserror::Error)]
enum NoValue {
    #[error("{text:?} is none of the names: give {names}")]
    Name { text: String, names: String },
    #[error("not yes or no: give true or false")]
    Flag,
    #[error("{number} is out of range: give {least} to {most}")]
    Number { number: u32, least: u32, most: u32 },
    #[error(
        "unknown DRM system {name:?}: give {} or several of them, such as playready+widevine",
        system_names()
    )]
    System { name: String },
}

/// The names of all DRM systems.
pub fn system_names() -> String {
    System::ALL.map(System::nick).join(", ")
}

impl OptionGroup {
    /// The heading over them.
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

    /// The same property, as an option with its own line.
    pub(super) const fn option(self, group: OptionGroup, value_name: &'static str) -> Self {
        let option = Some(CommandOption {
            group,
            value_name,
            help: None,
        });
        Self { option, ..self }
    }

    /// The same property, as an option with another line.
    pub(super) const fn option_with_help(
        self,
        group: OptionGroup,
        value_name: &'static str,
        help: &'static str,
    ) -> Self {
        let option = Some(CommandOption {
            group,
            value_name,
            help: Some(help),
        });
        Self { option, ..self }
    }

    /// What is wrong with the value, by the property's name.
    pub fn error(&self, source: impl Into<ValueError>) -> super::Error {
        super::Error::Property {
            property: self.name,
            source: source.into(),
        }
    }

    /// Reads a value as an option takes it.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(&self, text: &str) -> Result<PropertyValue, ValueError> {
        self.kind.parse(text)
    }
}

impl PropertyKind {
    /// A text that is read as a `T`.
    pub(super) const fn text_of<T>() -> Self
    where
        T: FromStr,
        T::Err: StdError + Send + Sync + 'static,
    {
        Self::Text { check: reads::<T> }
    }

    /// Any text.
    pub(super) const fn any_text() -> Self {
        Self::Text { check: |_| Ok(()) }
    }

    /// The value where none is set.
    pub fn default_value(&self) -> PropertyValue {
        match self {
            Self::Text { .. } | Self::Texts { .. } | Self::Location => PropertyValue::Text(None),
            Self::Secret => PropertyValue::Secret(None),
            Self::Number { default, .. } => PropertyValue::Number(*default),
            Self::Time => PropertyValue::Time(0),
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
            Self::Number { limits, .. } => PropertyValue::Number(number(*limits, text.parse()?)?),
            Self::Time => {
                let time = duration::parse(text)?;
                PropertyValue::Time(u64::try_from(time.as_nanos())?)
            }
            Self::Flag { .. } => PropertyValue::Flag(text.parse().map_err(|_| NoValue::Flag)?),
            Self::Choice(choices) => choice(choices, text)?,
            Self::Systems => PropertyValue::Systems(systems(text)?),
        })
    }
}

/// The parts of a text with commas between them.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn reads<T>(text: &str) -> Result<(), ValueError>
where
    T: FromStr,
    T::Err: StdError + Send + Sync + 'static,
{
    text.parse::<T>()?;
    Ok(())
}

fn number((least, most): (u32, u32), number: u32) -> Result<u32, NoValue> {
    match (least..=most).contains(&number) {
        true => Ok(number),
        false => Err(NoValue::Number {
            number,
            least,
            most,
        }),
    }
}

fn choice(choices: &ChoiceType, text: &str) -> Result<PropertyValue, NoValue> {
    let found = choices.find(text).map(PropertyValue::Choice);
    found.ok_or_else(|| NoValue::Name {
        text: text.to_owned(),
        names: choices.nicks.join(", "),
    })
}

/// Reads names with `+`, as `gst-launch-1.0` writes flags, or commas between them.
fn systems(text: &str) -> Result<BTreeSet<System>, NoValue> {
    let names = text.split(['+', ',']).map(str::trim);
    let systems = names.map(|name| {
        System::from_nick(name).ok_or_else(|| NoValue::System {
            name: name.to_owned(),
        })
    });
    systems.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_read_as_gst_launch_writes_them() {
        let both = systems("playready+widevine").unwrap();
        assert_eq!(both, [System::PlayReady, System::Widevine].into());
        assert_eq!(systems("widevine,playready").unwrap(), both);
        assert!(systems("playready+").is_err());
    }
}
