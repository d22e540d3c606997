// SPDX-License-Identifier: MPL-2.0
//! The top-level boxes of a protected file, and the byte ranges of its clear file in it.

use cenc_types::KeyId;
use drm_signaling::Drm;

/// A range of bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The offset of the first byte.
    pub start: u64,
    /// The offset after the last byte.
    pub end: u64,
}

/// The kind of a top-level box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileBoxKind {
    /// `moov`.
    Movie,
    /// `sidx`.
    Index,
    /// `moof`.
    Fragment,
    /// `mdat`.
    Media,
    /// Any other box.
    Other,
}

/// A top-level box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileBox {
    /// Its kind.
    pub kind: FileBoxKind,
    /// The offset of the box in the file.
    pub position: u64,
    /// The size of the box in bytes.
    pub size: u64,
    /// The number of these bytes that protection added. Only those of fragments are known.
    pub added: u64,
    /// The keys that a fragment itself names.
    pub keys: FragmentKeys,
}

/// The keys in the `seig` groups and the `pssh` boxes of a fragment. There are none if the defaults of `moov` apply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FragmentKeys {
    /// The KIDs of the protected groups, each once.
    pub kids: Vec<KeyId>,
    /// The DRM systems that have a `pssh` box in the fragment.
    pub drms: Vec<Drm>,
}

/// The top-level boxes of a file or segment, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileLayout {
    /// The boxes.
    pub boxes: Vec<FileBox>,
}

impl FileBox {
    const fn end(&self) -> u64 {
        self.position.saturating_add(self.size)
    }

    const fn range(&self) -> ByteRange {
        ByteRange {
            start: self.position,
            end: self.end(),
        }
    }
}

impl FileLayout {
    /// Returns the range from the start of the file to the end of `moov`.
    pub(crate) fn init_range(&self) -> Option<ByteRange> {
        self.boxes
            .iter()
            .find(|found| found.kind == FileBoxKind::Movie)
            .map(|moov| ByteRange {
                start: 0,
                end: moov.end(),
            })
    }

    /// Returns the range of the `sidx` boxes that precede the first fragment after `start`.
    pub(crate) fn index_range(&self, start: u64) -> Option<ByteRange> {
        let index: Vec<_> = self
            .boxes
            .iter()
            .skip_while(|found| found.position < start)
            .take_while(|found| found.kind != FileBoxKind::Fragment)
            .skip_while(|found| found.kind != FileBoxKind::Index)
            .take_while(|found| found.kind == FileBoxKind::Index)
            .collect();
        Some(ByteRange {
            start: index.first()?.position,
            end: index.last()?.end(),
        })
    }

    /// Returns the keys of the fragments that start in `range`.
    pub(crate) fn fragment_keys(
        &self,
        range: Option<ByteRange>,
    ) -> impl Iterator<Item = &FragmentKeys> {
        self.boxes
            .iter()
            .filter(move |found| {
                found.kind == FileBoxKind::Fragment
                    && range.is_none_or(|range| (range.start..range.end).contains(&found.position))
            })
            .map(|found| &found.keys)
    }

    /// Maps the byte ranges of the media segments of the clear file to those of this file; None if they do not match its boxes.
    pub(crate) fn map_ranges(&self, clear: &[ByteRange]) -> Option<Vec<ByteRange>> {
        let media = self.media_boxes();
        if fit_boxes(media, clear) {
            return Some(clear.to_vec());
        }
        map_by_size(media, clear).or_else(|| map_by_count(media, clear))
    }

    /// Returns the boxes after `moov`, or all of a media segment.
    fn media_boxes(&self) -> &[FileBox] {
        let first = self
            .boxes
            .iter()
            .position(|found| found.kind == FileBoxKind::Movie)
            .map_or(0, |moov| moov + 1);
        self.boxes.get(first..).unwrap_or_default()
    }
}

/// True if each range is one of whole fragments of this file, as in a manifest that was written for it.
fn fit_boxes(media: &[FileBox], ranges: &[ByteRange]) -> bool {
    ranges.iter().all(|range| {
        let first = media.binary_search_by_key(&range.start, |found| found.position);
        let last = media.binary_search_by_key(&range.end, FileBox::end);
        matches!((first, last), (Ok(first), Ok(last)) if media.get(first..=last).is_some_and(
            |part| part.iter().any(|found| found.kind == FileBoxKind::Fragment)))
    })
}

/// Maps the ranges by the sizes that the boxes have without protection. Ranges of I-frames may end within an `mdat`.
fn map_by_size(media: &[FileBox], clear: &[ByteRange]) -> Option<Vec<ByteRange>> {
    let start = clear.iter().map(|range| range.start).min()?;
    let first_fragment = media
        .iter()
        .position(|found| found.kind == FileBoxKind::Fragment)?;
    // The first range may start with boxes that precede the fragment, such as `styp`.
    (0..=first_fragment).rev().find_map(|anchor| {
        let anchored = media.get(anchor..)?;
        let positions: Vec<u64> = anchored
            .iter()
            .scan(start, |next, found| {
                let end = next.saturating_add(found.size.saturating_sub(found.added));
                Some(std::mem::replace(next, end))
            })
            .collect();
        clear
            .iter()
            .map(|range| map_range(anchored, &positions, *range))
            .collect()
    })
}

/// Maps a range; `positions` has the offsets of the boxes in the clear file.
fn map_range(boxes: &[FileBox], positions: &[u64], range: ByteRange) -> Option<ByteRange> {
    let first = boxes.get(positions.binary_search(&range.start).ok()?)?;
    // The last box that starts before the end.
    let index = positions
        .partition_point(|position| *position < range.end)
        .checked_sub(1)?;
    let last = boxes.get(index)?;
    let used = range.end - positions.get(index)?;
    let clear_size = last.size.saturating_sub(last.added);
    let end = match used == clear_size {
        true => last.end(),
        false if last.kind == FileBoxKind::Media && used < clear_size => last.position + used,
        false => return None,
    };
    (first.kind != FileBoxKind::Media && end > first.position).then_some(ByteRange {
        start: first.position,
        end,
    })
}

/// Maps the ranges to fragments if there are as many, each with the boxes between it and the fragment before.
fn map_by_count(media: &[FileBox], clear: &[ByteRange]) -> Option<Vec<ByteRange>> {
    let mut fragments: Vec<ByteRange> = Vec::new();
    let mut start = None;
    let mut has_media = true;
    for found in media {
        match found.kind {
            FileBoxKind::Index if fragments.is_empty() => start = None,
            FileBoxKind::Fragment => {
                if !has_media {
                    return None;
                }
                fragments.push(ByteRange {
                    start: start.take().unwrap_or(found.position),
                    end: found.end(),
                });
                has_media = false;
            }
            FileBoxKind::Media => {
                fragments.last_mut()?.end = found.range().end;
                has_media = true;
                start = None;
            }
            _ => start = start.or(Some(found.position)),
        }
    }
    let is_ordered = clear
        .windows(2)
        .all(|pair| matches!(pair, [one, next] if one.end <= next.start));
    (is_ordered && fragments.len() == clear.len()).then_some(fragments)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a layout of boxes with these kinds, sizes and added bytes.
    fn layout(boxes: &[(FileBoxKind, u64, u64)]) -> FileLayout {
        let mut position = 0;
        let boxes = boxes.iter().map(|&(kind, size, added)| {
            let found = FileBox {
                kind,
                position,
                size,
                added,
                keys: FragmentKeys::default(),
            };
            position += size;
            found
        });
        FileLayout {
            boxes: boxes.collect(),
        }
    }

    fn mapped(layout: &FileLayout, ranges: &[[u64; 2]]) -> Option<Vec<[u64; 2]>> {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|&[start, end]| ByteRange { start, end })
            .collect();
        let mapped = layout.map_ranges(&ranges)?;
        Some(
            mapped
                .iter()
                .map(|range| [range.start, range.end])
                .collect(),
        )
    }

    #[test]
    fn clear_ranges_become_those_of_the_protected_fragments() {
        use FileBoxKind::{Fragment, Index, Media, Movie, Other};
        // Without protection: ftyp 20, moov 70, sidx 10, and fragments of 30 + 50 (two of them in the first segment).
        let whole = layout(&[
            (Other, 20, 0),
            (Movie, 100, 0),
            (Index, 10, 0),
            (Fragment, 40, 10),
            (Media, 50, 0),
            (Fragment, 45, 15),
            (Media, 50, 0),
            (Fragment, 40, 10),
            (Media, 60, 0),
        ]);
        assert_eq!(whole.init_range(), Some(ByteRange { start: 0, end: 120 }));
        assert_eq!(
            whole.index_range(0),
            Some(ByteRange {
                start: 120,
                end: 130
            })
        );
        for (clear, expected) in [
            // Segments of two fragments and of one.
            (
                &[[100, 260], [260, 350]][..],
                Some(vec![[130, 315], [315, 415]]),
            ),
            // The I-frames in front of each fragment.
            (
                &[[100, 140], [180, 215]],
                Some(vec![[130, 180], [220, 270]]),
            ),
            // The ranges of the protected file itself.
            (
                &[[130, 315], [315, 415]],
                Some(vec![[130, 315], [315, 415]]),
            ),
            // Other sizes, but as many as there are fragments.
            (
                &[[90, 150], [150, 200], [200, 250]],
                Some(vec![[130, 220], [220, 315], [315, 415]]),
            ),
            (&[[90, 150], [150, 200]], None),
            (&[[100, 120], [120, 350]], None),
        ] {
            assert_eq!(mapped(&whole, clear), expected, "{clear:?}");
        }
        assert_eq!(mapped(&layout(&[(Movie, 9, 0)]), &[[9, 20]]), None);
    }
}
