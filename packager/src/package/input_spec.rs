// SPDX-License-Identifier: MPL-2.0
//! An input on the command line: a file, and properties that its tracks get.

use std::path::PathBuf;
use std::str::FromStr;

use presentation::model::{Role, is_language_tag};
use segment_packaging::TrackProperties;

/// A file with properties of its tracks, `FILE[,NAME=VALUE…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSpec {
    /// The file.
    pub path: PathBuf,
    /// The properties.
    pub properties: TrackProperties,
}

/// Errors of an input on the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputSpecError {
    /// A role that does not exist.
    #[error("{0:?} is no role: give one of {ROLES}")]
    Role(String),
    /// A language that is none.
    #[error("{0:?} is no language tag of RFC 5646: give one such as en, de-AT or zh-Hans")]
    Language(String),
    /// No file.
    #[error("there is no file before the first comma")]
    NoFile,
}

/// The names of the roles.
const ROLES: &str =
    "main, alternate, commentary, dub, description, subtitle, caption, forced-subtitle";

impl FromStr for InputSpec {
    type Err = InputSpecError;

    /// Reads properties from the end, so that the name of a file may have commas.
    fn from_str(text: &str) -> Result<Self, InputSpecError> {
        let mut properties = TrackProperties::default();
        let mut path = text;
        while let Some((before, property)) = path.rsplit_once(',') {
            match property.split_once('=').unwrap_or((property, "")) {
                ("language", tag) => properties.language = Some(language(tag)?),
                ("label", label) => properties.label = Some(label.to_owned()),
                ("role", name) => properties.roles.push(role(name)?),
                ("forced", "") => properties.roles.push(Role::ForcedSubtitle),
                _ => break,
            }
            path = before;
        }
        properties.roles.sort_unstable();
        match path {
            "" => Err(InputSpecError::NoFile),
            path => Ok(Self {
                path: path.into(),
                properties,
            }),
        }
    }
}

fn language(tag: &str) -> Result<String, InputSpecError> {
    match is_language_tag(tag) {
        true => Ok(tag.to_owned()),
        false => Err(InputSpecError::Language(tag.to_owned())),
    }
}

fn role(name: &str) -> Result<Role, InputSpecError> {
    Role::from_dash_value(name).ok_or_else(|| InputSpecError::Role(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_follow_the_name_of_the_file() {
        let spec: InputSpec = "a,b.mp4,language=de-AT,role=dub,label=Deutsch"
            .parse()
            .unwrap();
        assert_eq!(spec.path, PathBuf::from("a,b.mp4"));
        assert_eq!(spec.properties.language.as_deref(), Some("de-AT"));
        assert_eq!(spec.properties.label.as_deref(), Some("Deutsch"));
        assert_eq!(spec.properties.roles, [Role::Dub]);
        let plain: InputSpec = "film.mp4".parse().unwrap();
        assert_eq!(plain.properties, TrackProperties::default());
        let forced: InputSpec = "signs.vtt,forced".parse().unwrap();
        assert_eq!(forced.properties.roles, [Role::ForcedSubtitle]);
        for (text, error) in [
            ("a.mp4,role=star", InputSpecError::Role("star".into())),
            ("a.mp4,language=d e", InputSpecError::Language("d e".into())),
            (",language=de", InputSpecError::NoFile),
        ] {
            assert_eq!(text.parse::<InputSpec>(), Err(error));
        }
    }
}
