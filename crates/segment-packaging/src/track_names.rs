// SPDX-License-Identifier: MPL-2.0
//! Names of tracks, which their files and playlists have.

use std::collections::HashSet;

use presentation::model::TrackMedia;

/// The names that are taken.
#[derive(Default)]
pub struct TrackNames(HashSet<String>);

impl TrackNames {
    /// Keeps a name of an earlier run for the track that had it.
    pub fn reserve(&mut self, name: &str) {
        self.0.insert(name.to_owned());
    }

    /// Returns a name that says what the track is, such as `video-1080p` or `audio-en`, with a number if it is taken. One of the reserved names
    /// that the track had in earlier runs, `earlier`, comes first.
    pub fn choose(
        &mut self,
        media: &TrackMedia,
        language: Option<&str>,
        earlier: &[String],
    ) -> String {
        let plain = plain_name(media, language);
        // A numeric subtag of a language has more digits, as in es-419.
        let is_number = |text: &str| {
            (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_numbered = |name: &&String| match name.strip_prefix(&plain) {
            Some("") => true,
            Some(rest) => rest.strip_prefix('-').is_some_and(is_number),
            None => false,
        };
        if let Some(name) = earlier.iter().find(is_numbered) {
            return name.clone();
        }
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| self.0.insert(name.clone()))
            .unwrap_or(plain)
    }
}

/// Returns the name of a track without a number.
fn plain_name(media: &TrackMedia, language: Option<&str>) -> String {
    let detail = match media {
        TrackMedia::Video { height, .. } => format!("-{height}p"),
        _ => language.map_or_else(String::new, |language| format!("-{language}")),
    };
    let kind = match media {
        TrackMedia::Video { .. } => "video",
        TrackMedia::Audio { .. } => "audio",
        TrackMedia::Text => "text",
    };
    format!("{kind}{detail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_get_numbers() {
        let mut names = TrackNames::default();
        let chosen: Vec<String> = [Some("en"), None, Some("en"), None]
            .into_iter()
            .map(|language| names.choose(&TrackMedia::Text, language, &[]))
            .collect();
        assert_eq!(chosen, ["text-en", "text", "text-en-2", "text-2"]);
    }

    #[test]
    fn track_has_its_earlier_name_again() {
        let mut names = TrackNames::default();
        let earlier = ["text-en".to_owned(), "text-en-2".to_owned()];
        earlier.iter().for_each(|name| names.reserve(name));
        let [first, second] = earlier;
        let mut choose =
            |language, earlier: &[String]| names.choose(&TrackMedia::Text, Some(language), earlier);
        // In another order than before, and one of them in another language.
        assert_eq!(choose("en", &[second]), "text-en-2");
        assert_eq!(choose("de", &[first]), "text-de");
        assert_eq!(choose("en", &[]), "text-en-3");
        assert_eq!(choose("es", &["text-es-419".to_owned()]), "text-es");
    }
}
