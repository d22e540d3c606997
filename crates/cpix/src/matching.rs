// SPDX-License-Identifier: MPL-2.0
//! The key of a track, by the usage rules. CPIX 2.4, "Usage rules": none or one may match a track.

use cenc_types::FrameRate;

use super::filter::VideoFacts;
use super::{ContentKey, Document, Error, Period, Position, UsageRule};

/// The known facts of a track. A rule that needs another fact cannot be evaluated, which is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackFacts {
    /// The kind of the track.
    pub kind: TrackKind,
    /// Nominal bits a second.
    pub bitrate: Option<u64>,
    /// Names that the operator gave it.
    pub labels: Vec<String>,
}

/// A kind of track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackKind {
    /// Pictures.
    Video {
        /// Coded width times height.
        pixels: u64,
        /// Frames a second; of interlaced video, half the fields.
        frame_rate: Option<FrameRate>,
        /// True if the dynamic range is high.
        hdr: Option<bool>,
        /// True if the gamut is wide.
        wcg: Option<bool>,
    },
    /// Sound.
    Audio {
        /// Its channels.
        channels: Option<u64>,
    },
    /// Anything else.
    Other,
}

/// The result of a match. An unknown fact counts only if the other facts do not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    No,
    Unknown(&'static str),
}

impl Verdict {
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown(fact), _) | (_, Self::Unknown(fact)) => Self::Unknown(fact),
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown(fact), _) | (_, Self::Unknown(fact)) => Self::Unknown(fact),
            (Self::No, Self::No) => Self::No,
        }
    }

    /// Matches if one of the filters matches, or if there are none.
    fn any<T>(filters: &[T], matches: impl Fn(&T) -> Self) -> Self {
        filters
            .iter()
            .map(matches)
            .reduce(Self::or)
            .unwrap_or(Self::Yes)
    }
}

impl From<bool> for Verdict {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

impl UsageRule {
    fn matches(&self, track: &TrackFacts, period: Option<&str>) -> Verdict {
        Verdict::any(&self.periods, |id| Verdict::from(period == Some(id)))
            .and(Verdict::any(&self.labels, |label| {
                track.labels.contains(label).into()
            }))
            .and(self.matches_kind(&track.kind))
            .and(Verdict::any(&self.bitrate, |filter| {
                filter.matches(track.bitrate)
            }))
    }

    /// Video and audio filters are alternatives, since no track is both: SPEKE's rule for all tracks has one of each.
    fn matches_kind(&self, kind: &TrackKind) -> Verdict {
        if self.video.is_empty() && self.audio.is_empty() {
            return Verdict::Yes;
        }
        match *kind {
            TrackKind::Video {
                pixels,
                frame_rate,
                hdr,
                wcg,
            } if !self.video.is_empty() => {
                let facts = VideoFacts {
                    pixels,
                    frame_rate,
                    hdr,
                    wcg,
                };
                Verdict::any(&self.video, |filter| filter.matches(&facts))
            }
            TrackKind::Audio { channels } if !self.audio.is_empty() => {
                Verdict::any(&self.audio, |filter| filter.matches(channels))
            }
            TrackKind::Video { .. } | TrackKind::Audio { .. } | TrackKind::Other => Verdict::No,
        }
    }
}

impl Document {
    /// Returns the first period that contains a position in the stream.
    pub fn period_at(&self, position: Position) -> Option<&Period> {
        self.periods.iter().find(|period| period.contains(position))
    }

    /// Returns the rule that matches a track in the period with an id. Rules without a period match in all periods, and outside them.
    ///
    /// # Errors
    /// [`Error::TwoRules`], [`Error::UnusableRule`] if any rule has an unknown filter, [`Error::UnknownFact`].
    pub fn rule_for(
        &self,
        track: &TrackFacts,
        period: Option<&str>,
    ) -> Result<Option<&UsageRule>, Error> {
        for rule in &self.usage_rules {
            if let Some(filter) = &rule.not_understood {
                return Err(Error::UnusableRule {
                    rule: rule.name(),
                    filter: filter.clone(),
                });
            }
        }
        let mut found: Option<&UsageRule> = None;
        for rule in &self.usage_rules {
            match (rule.matches(track, period), found) {
                (Verdict::No, _) => (),
                (Verdict::Yes, None) => found = Some(rule),
                (Verdict::Yes, Some(first)) => {
                    return Err(Error::TwoRules {
                        first: first.name(),
                        second: rule.name(),
                    });
                }
                (Verdict::Unknown(fact), _) => {
                    return Err(Error::UnknownFact {
                        rule: rule.name(),
                        fact,
                    });
                }
            }
        }
        Ok(found)
    }

    /// Returns the key of a track in a period, or None if no rule matches, so that the track stays clear.
    ///
    /// # Errors
    /// As [`Self::rule_for`].
    pub fn key_for(
        &self,
        track: &TrackFacts,
        period: Option<&str>,
    ) -> Result<Option<&ContentKey>, Error> {
        self.rule_for(track, period)?
            .map(|rule| {
                self.content_key(rule.kid).ok_or(Error::UnknownKid {
                    by: "a usage rule",
                    kid: rule.kid,
                })
            })
            .transpose()
    }
}

#[cfg(test)]
mod tests;
