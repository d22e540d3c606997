// SPDX-License-Identifier: MPL-2.0
//! The variables of a playlist, EXT-X-DEFINE of draft-pantos-hls-rfc8216bis, 4.4.2.3.

use url::Url;

use super::PlaylistLine;

/// The variables that a playlist defines. References to others stay as they are.
#[derive(Debug, Default)]
pub(super) struct Variables(Vec<Variable>);

#[derive(Debug, Clone)]
struct Variable {
    /// The reference, such as `{$host}`.
    reference: String,
    value: String,
}

impl Variables {
    /// Reads the definitions of the playlist at `url`, which may import those of `multivariant`.
    pub(super) fn read(lines: &[PlaylistLine<'_>], url: &Url, multivariant: &Self) -> Self {
        Self(
            lines
                .iter()
                .filter(|line| line.is("#EXT-X-DEFINE"))
                .filter_map(|line| Variable::read(*line, url, multivariant))
                .collect(),
        )
    }

    /// Replaces the references in a URI by the values.
    pub(super) fn expand(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, variable| {
            text.replace(&variable.reference, &variable.value)
        })
    }
}

impl Variable {
    fn read(line: PlaylistLine<'_>, url: &Url, multivariant: &Variables) -> Option<Self> {
        if let Some(name) = line.attribute("NAME") {
            return Some(Self::new(name, line.attribute("VALUE")?));
        }
        if let Some(name) = line.attribute("QUERYPARAM") {
            let (_, value) = url.query_pairs().find(|(key, _)| key == name)?;
            return Some(Self::new(name, &value));
        }
        let reference = reference_to(line.attribute("IMPORT")?);
        multivariant
            .0
            .iter()
            .find(|variable| variable.reference == reference)
            .cloned()
    }

    fn new(name: &str, value: &str) -> Self {
        Self {
            reference: reference_to(name),
            value: value.to_owned(),
        }
    }
}

fn reference_to(name: &str) -> String {
    format!("{{${name}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hls::split_lines;

    #[test]
    fn references_become_values() {
        let url = Url::parse("https://cdn.example/a.m3u8?token=t%201").unwrap();
        let main = split_lines("#EXT-X-DEFINE:NAME=\"host\",VALUE=\"https://h.example\"\n");
        let main = Variables::read(&main, &url, &Variables::default());
        let media = "#EXT-X-DEFINE:IMPORT=\"host\"\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXT-X-DEFINE:IMPORT=\"none\"\n\
                     #EXT-X-DEFINE:NAME=\"path\",VALUE=\"v\"\n#EXT-X-DEFINE:NAME=\"cut\"\n";
        let media = Variables::read(&split_lines(media), &url, &main);
        assert_eq!(
            media.expand("{$host}/{$path}/{$path}.mp4?{$token}{$none}{$cut}"),
            "https://h.example/v/v.mp4?t 1{$none}{$cut}"
        );
    }
}
