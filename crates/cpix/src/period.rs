// SPDX-License-Identifier: MPL-2.0
//! ContentKeyPeriod: a crypto period, by index, label or time.

use super::time::{Offset, Timestamp};
use super::xml::{Attributes, Element, XmlWriter};
use super::{Error, Version};

/// A ContentKeyPeriod element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Period {
    /// The id for references of usage rules.
    pub id: Option<String>,
    /// Its number.
    pub index: Option<u64>,
    /// Its name; from 2.4 on.
    pub label: Option<String>,
    /// Its start and end; None if the encryptor chooses them.
    pub bounds: Option<Bounds>,
}

/// The start and the exclusive end of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// Times of the clock, for a live stream.
    Time {
        /// The start.
        start: Timestamp,
        /// The end.
        end: Timestamp,
    },
    /// Times of the presentation, for a file. From 2.4 on.
    Offset {
        /// The start.
        start: Offset,
        /// The end.
        end: Offset,
    },
}

/// A position in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The number of the period.
    Index(u64),
    /// A time of the clock.
    Time(Timestamp),
    /// A time of the presentation.
    Offset(Offset),
}

impl Period {
    /// Creates a period with a number.
    pub fn with_index(id: &str, index: u64) -> Self {
        Self {
            id: Some(id.to_owned()),
            index: Some(index),
            ..Self::default()
        }
    }

    /// Returns true if the position is in the period. A period without bounds contains only its index.
    pub fn contains(&self, position: Position) -> bool {
        match (position, self.bounds) {
            (Position::Index(index), _) => self.index == Some(index),
            (Position::Time(time), Some(Bounds::Time { start, end })) => {
                (start..end).contains(&time)
            }
            (Position::Offset(at), Some(Bounds::Offset { start, end })) => {
                (start..end).contains(&at)
            }
            (Position::Time(_) | Position::Offset(_), _) => false,
        }
    }

    pub(super) fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        Ok(Self {
            id: element.owned_attribute("id"),
            index: element.parsed("index", "a number of at most 64 bits", |text| {
                text.parse().ok()
            })?,
            label: element.owned_attribute("label"),
            bounds: Bounds::read(element)?,
        })
    }

    pub(super) fn write(&self, xml: &mut XmlWriter, version: Version) {
        let attributes = Attributes::default()
            .maybe("id", self.id.as_ref())
            .maybe("index", self.index.as_ref())
            .maybe("label", self.label.as_ref());
        if self.label.is_some() {
            version.needs_2_4(xml, "ContentKeyPeriod@label");
        }
        let attributes = match self.bounds {
            None => attributes,
            Some(Bounds::Time { start, end }) => attributes.with("start", &start).with("end", &end),
            Some(Bounds::Offset { start, end }) => {
                version.needs_2_4(xml, "ContentKeyPeriod@startOffset");
                attributes
                    .with("startOffset", &start)
                    .with("endOffset", &end)
            }
        };
        xml.element("ContentKeyPeriod", attributes, |_| ());
    }
}

impl Bounds {
    /// Reads one of the four forms that CPIX 2.4 allows.
    fn read(element: Element<'_, '_>) -> Result<Option<Self>, Error> {
        let time = |name| element.parsed(name, "a date and time", |text| text.parse().ok());
        let offset = |name| element.parsed(name, "a duration", |text| text.parse().ok());
        let (start, end) = (time("start")?, time("end")?);
        let [start_offset, end_offset, duration] = [
            offset("startOffset")?,
            offset("endOffset")?,
            offset("duration")?,
        ];
        let bounds = match (start, end, start_offset, end_offset, duration) {
            (None, None, None, None, None) => return Ok(None),
            (Some(start), Some(end), None, None, None) => Some(Self::Time { start, end }),
            (Some(start), None, None, None, Some(long)) => {
                after(start, long).map(|end| Self::Time { start, end })
            }
            (None, None, Some(start), Some(end), None) => Some(Self::Offset { start, end }),
            (None, None, Some(start), None, Some(Offset(long))) => {
                let end = start.0.checked_add(long).map(Offset);
                end.map(|end| Self::Offset { start, end })
            }
            _ => None,
        };
        bounds.filter(Self::is_ordered).map(Some).ok_or(Error::BadValue {
            name: "ContentKeyPeriod",
            expected: "a start and a later end or a duration, both on the clock or both as offsets",
        })
    }

    fn is_ordered(&self) -> bool {
        match self {
            Self::Time { start, end } => start < end,
            Self::Offset { start, end } => start < end,
        }
    }
}

fn after(start: Timestamp, long: Offset) -> Option<Timestamp> {
    start.0.checked_add_unsigned(long.0).map(Timestamp)
}
