// SPDX-License-Identifier: MPL-2.0
//! The keys of an asset, and the tracks that each of them protects.

use cenc_types::{ContentKey, Iv, KeyId, Media, Track};

use super::error::LineError;
use super::{Error, Selector};

/// A key and the tracks that it protects.
pub struct KeyEntry {
    /// The tracks.
    pub selector: Selector,
    /// The KID.
    pub kid: KeyId,
    /// The key.
    pub key: ContentKey,
    /// The first IV; None for a random one.
    pub iv: Option<Iv>,
    /// The only crypto period of the key; None for all periods.
    pub period: Option<u64>,
}

/// All keys of an asset, and the tracks that stay clear.
///
/// ```
/// use cenc_types::{ContentKey, Media, Track};
/// use content_keys::{KeyEntry, KeyRing};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut ring = KeyRing::default();
/// for (selector, kid, key) in [
///     ("*", "0c1d2e3f405162738495a6b7c8d9eafb", "5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d"),
///     ("uhd1", "10000000-1000-1000-1000-100000000001", "OiobaN0r2bLusl6ExHdmaA=="),
/// ] {
///     ring.add(KeyEntry {
///         selector: selector.parse()?,
///         kid: kid.parse()?,
///         key: ContentKey::parse(key)?,
///         iv: None,
///         period: None,
///     })?;
/// }
/// let video = Track { track_id: 1, media: Media::Video { width: 3840, height: 2160 } };
/// let entry = ring.select(&video, 0)?.ok_or("video is protected")?;
/// assert_eq!(entry.kid.to_string(), "10000000-1000-1000-1000-100000000001");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct KeyRing {
    keys: Vec<KeyEntry>,
    clear: Vec<Selector>,
}

impl KeyRing {
    /// Creates a ring of one key, for every track but text.
    pub fn single(kid: KeyId, key: ContentKey) -> Self {
        Self {
            keys: vec![KeyEntry {
                selector: Selector::Any,
                kid,
                key,
                iv: None,
                period: None,
            }],
            clear: Vec::new(),
        }
    }

    /// Adds a key.
    ///
    /// # Errors
    /// [`LineError::SelectorTaken`] if the selector has a key in the same period or leaves tracks clear,
    /// [`LineError::ConflictingKid`] if the KID has another key or IV.
    pub fn add(&mut self, entry: KeyEntry) -> Result<(), LineError> {
        let is_taken = self
            .keys
            .iter()
            .any(|other| other.selector == entry.selector && other.period == entry.period);
        if is_taken || self.clear.contains(&entry.selector) {
            return Err(LineError::SelectorTaken(entry.selector));
        }
        if self
            .keys
            .iter()
            .any(|other| other.kid == entry.kid && !other.has_same_key(&entry))
        {
            return Err(LineError::ConflictingKid(entry.kid));
        }
        self.keys.push(entry);
        Ok(())
    }

    /// Leaves the tracks of a selector clear, in all crypto periods.
    ///
    /// # Errors
    /// [`LineError::SelectorTaken`] if the selector has a key, or leaves tracks clear already.
    pub fn add_clear(&mut self, selector: Selector) -> Result<(), LineError> {
        let has_key = self.keys.iter().any(|entry| entry.selector == selector);
        if has_key || self.clear.contains(&selector) {
            return Err(LineError::SelectorTaken(selector));
        }
        self.clear.push(selector);
        Ok(())
    }

    /// Returns all keys, in the order in which they were added.
    pub fn entries(&self) -> &[KeyEntry] {
        &self.keys
    }

    /// Returns the selectors of the tracks that stay clear.
    pub fn clear_selectors(&self) -> &[Selector] {
        &self.clear
    }

    /// Returns true if any key is for one crypto period only.
    pub fn rotates(&self) -> bool {
        self.keys.iter().any(|entry| entry.period.is_some())
    }

    /// Returns true if there are keys for a crypto period.
    pub fn covers(&self, period: u64) -> bool {
        !self.rotates() || self.keys.iter().any(|entry| entry.period == Some(period))
    }

    /// Returns the key of a track in a crypto period, or None for a track that stays clear: text, or one that a selector leaves clear.
    ///
    /// The most specific selector wins; of two equal ones, the one that names the period.
    ///
    /// # Errors
    /// [`Error::NoKey`] for any other track that no selector matches.
    pub fn select(&self, track: &Track, period: u64) -> Result<Option<&KeyEntry>, Error> {
        let best = self
            .keys
            .iter()
            .filter(|entry| entry.period.is_none_or(|own| own == period))
            .filter_map(|entry| Some((entry.selector.specificity(track)?, entry)))
            .max_by_key(|(specificity, entry)| (*specificity, entry.period.is_some()));
        let clear = self.clear.iter().filter_map(|s| s.specificity(track)).max();
        match (best, clear) {
            (Some((specificity, entry)), clear) if Some(specificity) > clear => Ok(Some(entry)),
            (None, None) if track.media != Media::Text => Err(Error::NoKey(*track)),
            (Some(_) | None, Some(_) | None) => Ok(None),
        }
    }
}

impl KeyEntry {
    fn has_same_key(&self, other: &Self) -> bool {
        self.key.as_bytes() == other.key.as_bytes() && self.iv == other.iv
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn entry(selector: &str, kid: u8, key: u8) -> KeyEntry {
        KeyEntry {
            selector: selector.parse().unwrap(),
            kid: KeyId::from_bytes([kid; 16]),
            key: ContentKey::from_bytes(Zeroizing::new([key; 16])),
            iv: None,
            period: None,
        }
    }

    fn track(track_id: u32, media: Media) -> Track {
        Track { track_id, media }
    }

    #[test]
    fn most_specific_selector_rules() {
        let mut ring = KeyRing::default();
        for (selector, kid) in [("track:9", 4), ("*", 1), ("hd", 3), ("video", 2)] {
            ring.add(entry(selector, kid, kid)).unwrap();
        }
        let hd = Media::Video {
            width: 1920,
            height: 1080,
        };
        let sd = Media::Video {
            width: 320,
            height: 240,
        };
        let kid = |track| {
            ring.select(&track, 0)
                .unwrap()
                .map(|entry| entry.kid.as_bytes()[0])
        };
        assert_eq!(kid(track(1, Media::Audio)), Some(1));
        assert_eq!(kid(track(1, sd)), Some(2));
        assert_eq!(kid(track(1, hd)), Some(3));
        assert_eq!(kid(track(9, hd)), Some(4));
        assert_eq!(kid(track(1, Media::Text)), None);
    }

    #[test]
    fn track_is_clear_by_the_most_specific_selector_only() {
        let mut ring = KeyRing::default();
        for (selector, kid) in [("*", 1), ("hd", 2), ("track:5", 3)] {
            ring.add(entry(selector, kid, kid)).unwrap();
        }
        for selector in [Selector::Video, Selector::Track(7), Selector::Text] {
            ring.add_clear(selector).unwrap();
        }
        let kid = |track_id, media| {
            ring.select(&track(track_id, media), 0)
                .unwrap()
                .map(|entry| entry.kid.as_bytes()[0])
        };
        let video = |width, height| Media::Video { width, height };
        assert_eq!(kid(1, Media::Audio), Some(1));
        assert_eq!(kid(7, Media::Audio), None);
        assert_eq!(kid(1, video(320, 240)), None);
        assert_eq!(kid(1, video(1920, 1080)), Some(2));
        assert_eq!(kid(5, video(320, 240)), Some(3));
        assert_eq!(kid(7, video(1920, 1080)), None);
        assert_eq!(kid(9, Media::Text), None);
    }

    #[test]
    fn selector_cannot_have_a_key_and_leave_tracks_clear() {
        let mut ring = KeyRing::default();
        let taken = |selector| Err(LineError::SelectorTaken(selector));
        ring.add_clear(Selector::Audio).unwrap();
        assert_eq!(ring.add_clear(Selector::Audio), taken(Selector::Audio));
        let of_period = KeyEntry {
            period: Some(1),
            ..entry("audio", 1, 1)
        };
        assert_eq!(ring.add(of_period), taken(Selector::Audio));
        ring.add(entry("*", 1, 1)).unwrap();
        assert_eq!(ring.add_clear(Selector::Any), taken(Selector::Any));
    }

    #[test]
    fn unmatched_track_is_an_error_unless_it_is_text() {
        let mut ring = KeyRing::default();
        ring.add(entry("video", 1, 1)).unwrap();
        let audio = ring.select(&track(2, Media::Audio), 0);
        assert!(matches!(audio, Err(Error::NoKey(_))));
        assert!(ring.select(&track(3, Media::Text), 0).unwrap().is_none());
    }

    #[test]
    fn key_of_the_period_rules_before_that_of_all() {
        let mut ring = KeyRing::default();
        ring.add(entry("*", 1, 1)).unwrap();
        assert!(!ring.rotates() && ring.covers(7));
        for (selector, kid, period) in [("*", 2, 7), ("*", 3, 8), ("video", 4, 8)] {
            let period = Some(period);
            let entry = entry(selector, kid, kid);
            ring.add(KeyEntry { period, ..entry }).unwrap();
        }
        assert!(ring.rotates() && ring.covers(8) && !ring.covers(9));
        let kid = |period| {
            let entry = ring.select(&track(1, Media::Audio), period).unwrap();
            entry.unwrap().kid.as_bytes()[0]
        };
        assert_eq!([6, 7, 8].map(kid), [1, 2, 3]);
        let taken = ring.add(KeyEntry {
            period: Some(7),
            ..entry("*", 9, 9)
        });
        assert_eq!(taken, Err(LineError::SelectorTaken(Selector::Any)));
    }

    #[test]
    fn one_kid_means_one_key() {
        let mut ring = KeyRing::default();
        ring.add(entry("video", 1, 1)).unwrap();
        ring.add(entry("audio", 1, 1)).unwrap();
        let second = ring.add(entry("hd", 1, 2));
        assert_eq!(
            second,
            Err(LineError::ConflictingKid(KeyId::from_bytes([1; 16])))
        );
        let taken = ring.add(entry("video", 2, 2));
        assert_eq!(taken, Err(LineError::SelectorTaken(Selector::Video)));
    }
}
