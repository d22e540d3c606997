// SPDX-License-Identifier: MPL-2.0
//! ContentKeyUsageRule: the tracks and periods that a key is for.

use cenc_types::KeyId;

use super::xml::{Attributes, Element, Namespace, XmlWriter};
use super::{AudioFilter, BitrateFilter, Error, VideoFilter};

/// A ContentKeyUsageRule element. Filters of one type are alternatives; filters of different types must all match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRule {
    /// The id for references of other elements.
    pub id: Option<String>,
    /// The key.
    pub kid: KeyId,
    /// A name of the tracks, such as `UHD+HD`, which does not affect the choice.
    pub intended_track_type: Option<String>,
    /// KeyPeriodFilter: ids of the periods.
    pub periods: Vec<String>,
    /// LabelFilter: names that the tracks have.
    pub labels: Vec<String>,
    /// VideoFilter.
    pub video: Vec<VideoFilter>,
    /// AudioFilter.
    pub audio: Vec<AudioFilter>,
    /// BitrateFilter.
    pub bitrate: Vec<BitrateFilter>,
    /// The first unknown filter. A document with one cannot choose keys.
    pub not_understood: Option<String>,
}

impl UsageRule {
    /// Creates a rule that matches every track.
    pub const fn new(kid: KeyId) -> Self {
        Self {
            id: None,
            kid,
            intended_track_type: None,
            periods: Vec::new(),
            labels: Vec::new(),
            video: Vec::new(),
            audio: Vec::new(),
            bitrate: Vec::new(),
            not_understood: None,
        }
    }

    /// Returns the name of the rule in errors.
    pub(super) fn name(&self) -> String {
        match self.intended_track_type.as_ref().or(self.id.as_ref()) {
            Some(name) => format!("the usage rule '{name}' of KID {}", self.kid),
            None => format!("the usage rule of KID {}", self.kid),
        }
    }

    pub(super) fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        let mut rule = Self::new(element.required_kid("ContentKeyUsageRule")?);
        rule.id = element.owned_attribute("id");
        rule.intended_track_type = element.owned_attribute("intendedTrackType");
        for filter in element.elements() {
            if rule.add_filter(filter).is_none() && rule.not_understood.is_none() {
                rule.not_understood = Some(filter.name().to_owned());
            }
        }
        Ok(rule)
    }

    /// Adds a filter. Returns None if it is unknown.
    fn add_filter(&mut self, filter: Element<'_, '_>) -> Option<()> {
        if !filter.is(Namespace::Cpix, filter.name()) {
            return None;
        }
        match filter.name() {
            "KeyPeriodFilter" => self.periods.push(filter.owned_attribute("periodId")?),
            "LabelFilter" => self.labels.push(filter.owned_attribute("label")?),
            "VideoFilter" => self.video.push(VideoFilter::read(filter)?),
            "AudioFilter" => self.audio.push(AudioFilter::read(filter)?),
            "BitrateFilter" => self.bitrate.push(BitrateFilter::read(filter)?),
            _ => return None,
        }
        Some(())
    }

    pub(super) fn write(&self, xml: &mut XmlWriter) {
        if let Some(filter) = &self.not_understood {
            xml.fail(Error::UnusableRule {
                rule: self.name(),
                filter: filter.clone(),
            });
        }
        let attributes = Attributes::default()
            .maybe("id", self.id.as_ref())
            .with("kid", &self.kid)
            .maybe("intendedTrackType", self.intended_track_type.as_ref());
        xml.element("ContentKeyUsageRule", attributes, |xml| {
            for id in &self.periods {
                xml.element(
                    "KeyPeriodFilter",
                    Attributes::default().with("periodId", id),
                    |_| (),
                );
            }
            for label in &self.labels {
                xml.element(
                    "LabelFilter",
                    Attributes::default().with("label", label),
                    |_| (),
                );
            }
            self.video.iter().for_each(|filter| filter.write(xml));
            self.audio.iter().for_each(|filter| filter.write(xml));
            self.bitrate.iter().for_each(|filter| filter.write(xml));
        });
    }
}
