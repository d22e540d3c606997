// SPDX-License-Identifier: MPL-2.0
//! The byte ranges of SegmentBase and SegmentList, ISO/IEC 23009-1, 5.3.9.2 and 5.3.9.3.

use roxmltree::Node;
use url::Url;

use super::segment::base_url;
use crate::edit::Edit;
use crate::xml::children;
use crate::{ByteRange, Error, PresentationFiles};

/// Plans the edits that replace the byte ranges of the clear file by those of the protected one.
///
/// # Errors
/// [`Error::Ranges`], [`Error::MalformedRange`].
pub(super) fn plan_ranges<F: PresentationFiles>(
    representation: Node<'_, '_>,
    init_url: &Url,
    files: &mut F,
) -> Result<Vec<Edit>, F::Error> {
    let base = base_url(representation, files.manifest_url())?;
    let mut edits = Vec::new();
    let levels: Vec<_> = representation
        .ancestors()
        .filter(Node::is_element)
        .take(3)
        .collect();
    for element in ["SegmentBase", "SegmentTemplate", "SegmentList"]
        .iter()
        // The innermost of each kind is in force.
        .filter_map(|name| {
            levels
                .iter()
                .find_map(|level| children(*level, name).next())
        })
    {
        for init in children(element, "Initialization").take(1) {
            if let Some(written) = WrittenRange::read(init, "range")? {
                let layout = files.layout(init_url)?;
                let range = layout
                    .and_then(|layout| layout.init_range())
                    .filter(|_| written.range.start == 0);
                edits.push(written.replace_by(range, init_url)?);
            }
        }
        for (node, name) in children(element, "RepresentationIndex")
            .take(1)
            .map(|index| (index, "range"))
            .chain([(element, "indexRange")])
        {
            if let Some(written) = WrittenRange::read(node, name)? {
                let url = match node.attribute("sourceURL") {
                    Some(url) => base.join(url).map_err(Error::Url)?,
                    None => base.clone(),
                };
                let range = files.layout(&url)?.and_then(|layout| layout.index_range(0));
                edits.push(written.replace_by(range, &url)?);
            }
        }
    }
    if let Some(list) = levels
        .iter()
        .find_map(|level| children(*level, "SegmentList").next())
    {
        plan_list(list, &base, files, &mut edits)?;
    }
    Ok(edits)
}

/// A SegmentURL with byte ranges.
struct ListedSegment {
    url: Url,
    media: WrittenRange,
    /// The range of the `sidx` boxes at its start.
    index: Option<WrittenRange>,
}

fn plan_list<F: PresentationFiles>(
    list: Node<'_, '_>,
    base: &Url,
    files: &mut F,
    edits: &mut Vec<Edit>,
) -> Result<(), F::Error> {
    let mut segments: Vec<ListedSegment> = Vec::new();
    for node in children(list, "SegmentURL") {
        let url = match node.attribute("media") {
            Some(media) => base.join(media).map_err(Error::Url)?,
            None => base.clone(),
        };
        let index = WrittenRange::read(node, "indexRange")?;
        match WrittenRange::read(node, "mediaRange")? {
            Some(media) => segments.push(ListedSegment { url, media, index }),
            None => {
                if let Some(index) = index {
                    let range = files.layout(&url)?.and_then(|layout| layout.index_range(0));
                    edits.push(index.replace_by(range, &url)?);
                }
            }
        }
    }
    while let Some(url) = segments.first().map(|segment| segment.url.clone()) {
        let (same, others): (Vec<_>, Vec<_>) =
            segments.into_iter().partition(|segment| segment.url == url);
        segments = others;
        let clear: Vec<_> = same.iter().map(|segment| segment.media.range).collect();
        let unmapped = || Error::Ranges(url.to_string());
        let layout = files.layout(&url)?.ok_or_else(unmapped)?;
        let mapped = layout.map_ranges(&clear).ok_or_else(unmapped)?;
        for (segment, range) in same.iter().zip(mapped) {
            edits.push(segment.media.replace_by(Some(range), &url)?);
            if let Some(index) = &segment.index {
                let range = layout
                    .index_range(range.start)
                    .filter(|index| index.end <= range.end);
                edits.push(index.replace_by(range, &url)?);
            }
        }
    }
    Ok(())
}

/// A byte range in the text.
struct WrittenRange {
    /// The offset of its text in bytes.
    at: usize,
    /// The length of its text in bytes.
    len: usize,
    range: ByteRange,
}

impl WrittenRange {
    /// Reads an attribute of the form `first-last`, RFC 7233, 2.1; None if it is missing.
    fn read(node: Node<'_, '_>, name: &str) -> Result<Option<Self>, Error> {
        let Some(attribute) = node.attribute_node(name) else {
            return Ok(None);
        };
        let text = attribute.value();
        let number = |digits: &str| digits.trim().parse::<u64>().ok();
        let range = text
            .split_once('-')
            .and_then(|(first, last)| {
                Some(ByteRange {
                    start: number(first)?,
                    end: number(last)?.checked_add(1)?,
                })
            })
            .ok_or_else(|| Error::MalformedRange(text.to_owned()))?;
        let place = attribute.range_value();
        Ok(Some(Self {
            at: place.start,
            len: place.len(),
            range,
        }))
    }

    /// Returns the edit that replaces the range.
    fn replace_by(&self, range: Option<ByteRange>, url: &Url) -> Result<Edit, Error> {
        let last = range.and_then(|range| Some((range.start, range.end.checked_sub(1)?)));
        let (first, last) = last.ok_or_else(|| Error::Ranges(url.to_string()))?;
        Ok(Edit {
            at: self.at,
            remove: self.len,
            text: format!("{first}-{last}"),
        })
    }
}
