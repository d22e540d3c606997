// SPDX-License-Identifier: MPL-2.0
//! The media segments of a Representation, ISO/IEC 23009-1, 5.3.9.

use roxmltree::Node;
use url::Url;

use super::segment::{SegmentTimes, base_url, expand_media};
use crate::xml::children;
use crate::{Error, PresentationFiles};

/// The most segments of one Representation: those of two weeks with one per second.
const MAX_SEGMENTS: u64 = 1 << 20;

/// Returns the files of the media segments. Of those that a number distinguishes, only the ones that are there are returned, and at
/// least the first.
///
/// # Errors
/// [`Error::Url`], and those of `files`.
pub(super) fn urls<F: PresentationFiles>(
    representation: Node<'_, '_>,
    init_url: &Url,
    files: &mut F,
) -> Result<Vec<Url>, F::Error> {
    let base = base_url(representation, files.manifest_url())?;
    let levels: Vec<_> = representation
        .ancestors()
        .filter(Node::is_element)
        .take(3)
        .collect();
    let in_force = |name| {
        levels
            .iter()
            .find_map(|level| children(*level, name).next())
    };
    if let Some(list) = in_force("SegmentList") {
        return Ok(listed_urls(list, &base)?);
    }
    // Attributes and timelines may be at different levels.
    let templates: Vec<_> = levels
        .iter()
        .filter_map(|level| children(*level, "SegmentTemplate").next())
        .collect();
    let attribute = |name| templates.iter().find_map(|node| node.attribute(name));
    let Some(media) = attribute("media") else {
        return Ok(vec![init_url.clone()]);
    };
    let url_of = |segment: &SegmentTimes| {
        base.join(&expand_media(media, representation, segment))
            .map_err(Error::Url)
    };
    let first = attribute("startNumber")
        .and_then(|number| number.parse().ok())
        .unwrap_or(1);
    if let Some(timeline) = templates
        .iter()
        .find_map(|node| children(*node, "SegmentTimeline").next())
    {
        return Ok(timeline_segments(timeline, first)
            .iter()
            .map(url_of)
            .collect::<Result<_, _>>()?);
    }
    numbered_urls(first, files, |number| {
        url_of(&SegmentTimes { number, time: 0 })
    })
}

/// Returns the files of a SegmentList, 5.3.9.3. Neighbours in the same file count once.
fn listed_urls(list: Node<'_, '_>, base: &Url) -> Result<Vec<Url>, Error> {
    let mut found = children(list, "SegmentURL")
        .map(|segment| match segment.attribute("media") {
            Some(media) => base.join(media).map_err(Error::Url),
            None => Ok(base.clone()),
        })
        .collect::<Result<Vec<_>, _>>()?;
    found.dedup();
    Ok(found)
}

/// Returns the files of the segments from number `first` on that are there, and at least the first.
fn numbered_urls<F: PresentationFiles>(
    first: u64,
    files: &mut F,
    url_of: impl Fn(u64) -> Result<Url, Error>,
) -> Result<Vec<Url>, F::Error> {
    let mut found = Vec::new();
    for number in first..first.saturating_add(MAX_SEGMENTS) {
        let url = url_of(number)?;
        let is_last = found.last() == Some(&url);
        if is_last || (!found.is_empty() && files.layout(&url)?.is_none()) {
            break;
        }
        found.push(url);
    }
    Ok(found)
}

/// Returns the segments of a SegmentTimeline, 5.3.9.6. An endless repetition counts once.
fn timeline_segments(timeline: Node<'_, '_>, first: u64) -> Vec<SegmentTimes> {
    let mut found = Vec::new();
    let mut next = SegmentTimes {
        number: first,
        time: 0,
    };
    for entry in children(timeline, "S") {
        let value = |name| entry.attribute(name).and_then(|text| text.parse().ok());
        next.time = value("t").unwrap_or(next.time);
        let duration = value("d").unwrap_or(0);
        for _ in 0..=value("r").unwrap_or(0) {
            if found.len() as u64 >= MAX_SEGMENTS {
                return found;
            }
            found.push(next);
            next.number = next.number.saturating_add(1);
            next.time = next.time.saturating_add(duration);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    #[test]
    fn timelines_repeat_and_continue() {
        let text = "<T><S t='5' d='2' r='1'/><S d='3'/><S t='20' d='1' r='-1'/></T>";
        let document = Document::parse(text).unwrap();
        let found: Vec<_> = timeline_segments(document.root_element(), 7)
            .iter()
            .map(|segment| [segment.number, segment.time])
            .collect();
        assert_eq!(found, [[7, 5], [8, 7], [9, 9], [10, 20]]);
    }
}
