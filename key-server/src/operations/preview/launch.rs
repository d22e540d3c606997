// SPDX-License-Identifier: MPL-2.0
//! The `gst-launch-1.0` command that protects a file with a content's settings and the packagers' source of keys.

use content_key_store::Content;

/// Returns the command for a shell.
pub fn line(content: &Content, key_uri: &str) -> String {
    let properties: String = [
        ("scheme", Some(content.scheme.to_string())),
        ("key-uri", Some(key_uri.to_owned())),
        ("content-id", Some(content.id.clone())),
        ("header-version", content.header_version.clone()),
        ("la-url", content.la_url.clone()),
        ("lui-url", content.lui_url.clone()),
        ("ds-id", content.ds_id.clone()),
        ("custom-attributes", content.custom_attributes.clone()),
        (
            "crypto-period",
            content
                .crypto_period
                .map(|period| period.as_nanos().to_string()),
        ),
        (
            "period-clock",
            content.crypto_period.map(|_| "utc".to_owned()),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!(" {name}={}", quoted(&value?))))
    .collect();
    format!(
        "gst-launch-1.0 filesrc location=clear.mp4 ! playreadyenc{properties} ! filesink location=protected.mp4"
    )
}

/// Quotes a word for the shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::quoted;

    #[test]
    fn shell_passes_each_word_on_as_it_is() {
        for word in [
            "", "film", "it's", "a b", "$HOME", "`id`", "a&b;c|d", "\"", "\\", "ä*?~",
        ] {
            let command = format!("printf %s {}", quoted(word));
            let shell = Command::new("sh").args(["-c", &command]).output().unwrap();
            assert_eq!(String::from_utf8(shell.stdout).unwrap(), word);
        }
    }
}
