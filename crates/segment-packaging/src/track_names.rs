// SPDX-License-Identifier: MPL-2.0
//! Names of tracks, which their files and playlists have.

use std::collections::HashSet;

use presentation::model::TrackMedia;

/// The names that are taken.
#[derive(Default)]
pub struct TrackNames(HashSet<String>);

impl TrackNames {
    /// Returns a name that says what the track is, such as `video-1080p` or `audio-en`, with a number if it is taken.
    pub fn choose(&mut self, media: &TrackMedia, language: Option<&str>) -> String {
        let detail = match media {
            TrackMedia::Video { height, .. } => format!("-{height}p"),
            _ => language.map_or_else(String::new, |language| format!("-{language}")),
        };
        let kind = match media {
            TrackMedia::Video { .. } => "video",
            TrackMedia::Audio { .. } => "audio",
            TrackMedia::Text => "text",
        };
        let plain = format!("{kind}{detail}");
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| self.0.insert(name.clone()))
            .unwrap_or(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_get_numbers() {
        let mut names = TrackNames::default();
        let chosen: Vec<String> = [Some("en"), None, Some("en"), None]
            .into_iter()
            .map(|language| names.choose(&TrackMedia::Text, language))
            .collect();
        assert_eq!(chosen, ["text-en", "text", "text-en-2", "text-2"]);
    }
}
