// SPDX-License-Identifier: MPL-2.0
//! The key of a track, by the usage rules. CPIX 2.4, "Usage rules": none or one may match a track.

use super::filter::VideoFacts;
use super::{ContentKey, Document, Error, Period, Position, UsageRule};

/// What is known of a track. A rule that asks for more cannot be judged, which is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackFacts {
    /// What the track holds.
    pub kind: TrackKind,
    /// Nominal bits a second.
    pub bitrate: Option<u64>,
    /// Names that the operator gave it.
    pub labels: Vec<String>,
}

/// What a track holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackKind {
    /// Pictures.
    Video {
        /// Coded width times height.
        pixels: u64,
        /// Frames a second; of interlaced video, half the fields.
        frame_rate: Option<FrameRate>,
        /// Whether the dynamic range is high.
        hdr: Option<bool>,
        /// Whether the gamut is wide.
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

/// Frames in a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    /// The frames.
    pub frames: u32,
    /// The seconds, not 0.
    pub seconds: u32,
}

impl FrameRate {
    pub(super) fn is_above(self, limit: u64) -> bool {
        u128::from(self.frames) > u128::from(limit) * u128::from(self.seconds)
    }
}

/// Whether something matches, in three values: what is not known counts only where the rest does not decide.
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

    /// Whether one of the filters matches; no filters match everything.
    fn any<T>(filters: &[T], matches: impl Fn(&T) -> Self) -> Self {
        let verdicts = filters.iter().map(matches);
        verdicts.reduce(Self::or).unwrap_or(Self::Yes)
    }
}

impl From<bool> for Verdict {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

impl UsageRule {
    fn matches(&self, track: &TrackFacts, period: Option<&str>) -> Verdict {
        let in_period = Verdict::any(&self.periods, |id| Verdict::from(period == Some(id)));
        let labelled = Verdict::any(&self.labels, |label| track.labels.contains(label).into());
        let bitrate = Verdict::any(&self.bitrate, |filter| filter.matches(track.bitrate));
        in_period
            .and(labelled)
            .and(self.media(&track.kind))
            .and(bitrate)
    }

    /// Video and audio filters together are taken as alternatives, since no track is both: SPEKE's rule for all tracks has one of each.
    fn media(&self, kind: &TrackKind) -> Verdict {
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
    /// The period of a place in the stream; the first, where several hold it.
    pub fn period_at(&self, position: Position) -> Option<&Period> {
        self.periods.iter().find(|period| period.contains(position))
    }

    /// The rule that matches a track in a period, which is given by its id. Rules of no period hold in all, and outside them.
    ///
    /// # Errors
    /// [`Error::TwoRules`], [`Error::UnusableRule`] for a filter that is not understood in any rule, [`Error::UnknownFact`].
    pub fn rule_for(
        &self,
        track: &TrackFacts,
        period: Option<&str>,
    ) -> Result<Option<&UsageRule>, Error> {
        for rule in &self.usage_rules {
            if let Some(filter) = &rule.not_understood {
                let (rule, filter) = (rule.name(), filter.clone());
                return Err(Error::UnusableRule { rule, filter });
            }
        }
        let mut found: Option<&UsageRule> = None;
        for rule in &self.usage_rules {
            match (rule.matches(track, period), found) {
                (Verdict::No, _) => (),
                (Verdict::Yes, None) => found = Some(rule),
                (Verdict::Yes, Some(first)) => {
                    let (first, second) = (first.name(), rule.name());
                    return Err(Error::TwoRules { first, second });
                }
                (Verdict::Unknown(fact), _) => {
                    let rule = rule.name();
                    return Err(Error::UnknownFact { rule, fact });
                }
            }
        }
        Ok(found)
    }

    /// The key of a track in a period; None when no rule matches, so that the track stays clear.
    ///
    /// # Errors
    /// As [`Self::rule_for`].
    pub fn key_for(
        &self,
        track: &TrackFacts,
        period: Option<&str>,
    ) -> Result<Option<&ContentKey>, Error> {
        let rule = self.rule_for(track, period)?;
        rule.map(|rule| {
            let (by, kid) = ("a usage rule", rule.kid);
            self.content_key(kid).ok_or(Error::UnknownKid { by, kid })
        })
        .transpose()
    }
}

#[cfg(test)]
mod tests;
