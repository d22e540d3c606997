// SPDX-License-Identifier: MPL-2.0
//! The `gst-launch-1.0` command that protects a file with a content's settings and the packagers' source of keys. It is complete: it
//! runs as it is in a folder with the clear file and, for a key server, the packager's credentials.

use content_key_store::Content;
use url::form_urlencoded::byte_serialize;

use super::PackagerKeys;
use crate::operations::content::labels;

/// The file with the packager's credentials, in the folder in which the command runs.
pub const CREDENTIALS: &str = "packager.auth";
/// The file with the certificate of a server that has signed it itself.
pub const CERTIFICATE: &str = "certificate.pem";

/// Returns the command for a shell.
pub fn line(content: &Content, keys: &PackagerKeys) -> String {
    let properties: String = [
        ("scheme", Some(content.scheme.to_string())),
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
    .filter_map(|(name, value)| Some(format!(" {name}={}", quoted(&for_pipeline(&value?)))))
    .collect();
    format!(
        "gst-launch-1.0 filesrc location=clear.mp4 ! playreadyenc{properties} key-uri={} ! filesink location=protected.mp4",
        key_uri(content, keys)
    )
}

/// Returns the value of `key-uri` for a shell. Files are named by whole paths, which the shell makes of its current folder.
fn key_uri(content: &Content, keys: &PackagerKeys) -> String {
    match keys {
        PackagerKeys::Store { uri } => quoted(&for_pipeline(uri)),
        PackagerKeys::Speke {
            address,
            is_self_signed,
        } => {
            let tracks: Vec<String> = labels(content)
                .into_iter()
                .map(|label| byte_serialize(label.as_bytes()).collect())
                .collect();
            let start = format!(
                "{address}?speke-version=2.0&speke-tracks={}&speke-auth-file=",
                tracks.join(",")
            );
            let authority = match is_self_signed {
                true => format!("&speke-ca-file=$PWD/{CERTIFICATE}"),
                false => String::new(),
            };
            format!("{}\"$PWD/{CREDENTIALS}{authority}\"", quoted(&start))
        }
    }
}

/// Quotes a value for GStreamer's description of a pipeline, in which white space, quotes and backslashes have a meaning.
fn for_pipeline(value: &str) -> String {
    match value.contains(|c: char| c.is_whitespace() || "\"'\\".contains(c)) {
        true => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
        false => value.to_owned(),
    }
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
