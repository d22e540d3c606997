// SPDX-License-Identifier: MPL-2.0
//! The language of a track: `elng`, or else the code in `mdhd`, in the shortest form of RFC 5646.

use isobmff_boxes::{BoxTree, FourCc};

use super::Error;
use super::language_codes::two_letters;

/// Reads the language of an `mdia`; None if it is undetermined.
pub(super) fn read(mdia: &BoxTree<'_>, mdhd: &BoxTree<'_>) -> Result<Option<String>, Error> {
    if let Some(elng) = mdia.all(FourCc(*b"elng")).next()
        && let Some(language) = shorten(&isobmff_boxes::read_extended_language(elng.reader())?)
    {
        return Ok(Some(language));
    }
    let code = isobmff_boxes::read_language(mdhd.reader())?;
    Ok(code.and_then(|code| shorten(&String::from_utf8_lossy(&code))))
}

/// Returns a tag with two letters in place of a language code of three; None for what is no tag, and for `und`.
fn shorten(tag: &str) -> Option<String> {
    let is_tag = tag.split('-').all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let language = tag.split('-').next().unwrap_or_default();
    let lower = language.to_ascii_lowercase();
    if !is_tag || lower == "und" {
        return None;
    }
    let rest = tag.get(language.len()..).unwrap_or_default();
    Some(format!("{}{rest}", two_letters(&lower).unwrap_or(&lower)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 5646, clause 2.2.1: the shortest code of ISO 639; codes of ISO 639-2/T and /B name the same language.
    #[test]
    fn shortest_code_is_used() {
        for (tag, expected) in [
            ("eng", Some("en")),
            ("deu", Some("de")),
            ("ger", Some("de")),
            ("fre", Some("fr")),
            ("zho", Some("zh")),
            ("gsw", Some("gsw")),
            ("zxx", Some("zxx")),
            ("qaa", Some("qaa")),
            ("por-BR", Some("pt-BR")),
            ("zh-Hant-TW", Some("zh-Hant-TW")),
            ("und", None),
            ("und-Latn", None),
            ("", None),
            ("e\"n", None),
        ] {
            assert_eq!(shorten(tag).as_deref(), expected, "{tag}");
        }
    }
}
