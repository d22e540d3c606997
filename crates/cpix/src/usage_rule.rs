// SPDX-License-Identifier: MPL-2.0
//! ContentKeyUsageRule: the tracks and periods that a key is for.

use cenc_types::KeyId;

use super::xml::{Attributes, Element, Namespace, XmlWriter};
use super::{AudioFilter, BitrateFilter, Error, VideoFilter};

/// A ContentKeyUsageRule element. Filters of one type are alternatives; filters of different types must all match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRule {
    /// What other elements call it.
    pub id: Option<String>,
    /// The key.
    pub kid: KeyId,
    /// A name of the tracks, such as `UHD+HD`; it has no part in the choice.
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
    /// The first filter that is not understood; no key can be chosen by a document that has one.
    pub not_understood: Option<String>,
}

impl UsageRule {
    /// A rule that matches every track.
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

    /// What errors call the rule.
    pub(super) fn name(&self) -> String {
        let named = self.intended_track_type.as_ref().or(self.id.as_ref());
        match named {
            Some(name) => format!("the usage rule '{name}' of KID {}", self.kid),
            None => format!("the usage rule of KID {}", self.kid),
        }
    }

    pub(super) fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        let mut rule = Self::new(element.required_kid("ContentKeyUsageRule")?);
        rule.id = element.owned_attribute("id");
        rule.intended_track_type = element.owned_attribute("intendedTrackType");
        for filter in element.elements() {
            if rule.add(filter).is_none() && rule.not_understood.is_none() {
                rule.not_understood = Some(filter.name().to_owned());
            }
        }
        Ok(rule)
    }

    /// None when the filter is not understood.
    fn add(&mut self, filter: Element<'_, '_>) -> Option<()> {
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
            let (rule, filter) = (self.name(), filter.clone());
            xml.fail(Error::UnusableRule { rule, filter });
        }
        let attributes = Attributes::default()
            .maybe("id", self.id.as_ref())
            .with("kid", &self.kid)
            .maybe("intendedTrackType", self.intended_track_type.as_ref());
        xml.element("ContentKeyUsageRule", attributes, |xml| {
            for id in &self.periods {
                let attributes = Attributes::default().with("periodId", id);
                xml.element("KeyPeriodFilter", attributes, |_| ());
            }
            for label in &self.labels {
                let attributes = Attributes::default().with("label", label);
                xml.element("LabelFilter", attributes, |_| ());
            }
            self.video.iter().for_each(|filter| filter.write(xml));
            self.audio.iter().for_each(|filter| filter.write(xml));
            self.bitrate.iter().for_each(|filter| filter.write(xml));
        });
    }
}
