// SPDX-License-Identifier: MPL-2.0
//! Languages of tracks.

/// True for the form of a language tag of RFC 5646: `xs:language` of XML Schema, which the schema of MPDs has.
///
/// ```
/// use presentation::model::is_language_tag;
///
/// assert!(is_language_tag("pt-BR"));
/// assert!(!is_language_tag("en_US") && !is_language_tag("../en") && !is_language_tag(""));
/// ```
pub fn is_language_tag(language: &str) -> bool {
    language.split('-').enumerate().all(|(index, part)| {
        (1..=8).contains(&part.len())
            && part.bytes().all(|byte| match index {
                0 => byte.is_ascii_alphabetic(),
                _ => byte.is_ascii_alphanumeric(),
            })
    })
}
