// SPDX-License-Identifier: MPL-2.0
//! `stsd`, the sample descriptions of a track, 14496-12 clause 8.5.2.

use std::ops::Range;

use super::entry_children::{EntryChildren, SAMPLE_ENTRY_FIELDS};
use super::{BoxTree, ChildBox, EntryLayout, Error, FourCc, Reader};

/// A sample entry: its format and the bytes after its box header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleEntry<'a> {
    /// The format, such as `avc1`.
    pub format: FourCc,
    /// All bytes after the entry's box header.
    pub body: &'a [u8],
    /// The version of the `stsd`, on which the layout of audio entries depends.
    pub stsd_version: u8,
}

/// The width and height that a visual sample entry states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisualSize {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
}

impl<'a> SampleEntry<'a> {
    /// Reads the entries of a `stsd`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn read_all(mut reader: Reader<'a>) -> Result<Vec<Self>, Error> {
        let stsd_version = reader.full_box_header()?.version;
        let mut entries = Vec::new();
        for _ in 0..reader.u32()? {
            let ChildBox { header, body } = reader.child()?;
            entries.push(Self {
                format: header.box_type,
                body,
                stsd_version,
            });
        }
        Ok(entries)
    }

    /// True if the format is that of a protected entry (14496-12 clause 8.12).
    pub fn is_protected(&self) -> bool {
        const PROTECTED: [FourCc; 5] = [
            FourCc::ENCV,
            FourCc::ENCA,
            FourCc::ENCT,
            FourCc::ENCS,
            FourCc::ENCM,
        ];
        PROTECTED.contains(&self.format)
    }

    /// Reads the coded size in a visual sample entry.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn visual_size(&self) -> Result<VisualSize, Error> {
        let mut reader = Reader::new(self.format, self.body);
        reader.bytes(SAMPLE_ENTRY_FIELDS + 16)?;
        Ok(VisualSize {
            width: reader.u16()?,
            height: reader.u16()?,
        })
    }

    /// Returns the body of the first child box of a type, such as `avcC`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn child(&self, layout: EntryLayout, box_type: FourCc) -> Result<Option<&'a [u8]>, Error> {
        let mut children = EntryChildren::new(self, layout)?;
        while let Some(child) = children.next()? {
            if child.box_type == box_type {
                return Ok(Some(child.body));
            }
        }
        Ok(None)
    }

    /// True if some bytes after the first fields can be read as a box of this type. This is for entries of unknown layout.
    pub fn may_contain(&self, box_type: FourCc) -> bool {
        self.search(box_type, 0).is_some()
    }

    /// Returns the body of the `sinf` of a protected entry.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn sinf(&self) -> Result<Option<&'a [u8]>, Error> {
        self.find_sinf(0)?
            .and_then(|range| self.body.get(range))
            .map(|whole| Ok(Reader::new(self.format, whole).child()?.body))
            .transpose()
    }

    /// Builds the entry with its original format and without any `sinf`.
    ///
    /// # Errors
    /// As [`SampleEntry::sinf`].
    pub fn without_sinf(&self, original_format: FourCc) -> Result<BoxTree<'static>, Error> {
        let mut kept = Vec::with_capacity(self.body.len());
        let mut at = 0;
        while let Some(sinf) = self.find_sinf(at)? {
            kept.extend_from_slice(self.body.get(at..sinf.start).unwrap_or_default());
            at = sinf.end;
        }
        kept.extend_from_slice(self.body.get(at..).unwrap_or_default());
        Ok(BoxTree::leaf(original_format, kept))
    }

    /// Finds the range of the next `sinf` in the body that starts at or after `from`.
    fn find_sinf(&self, from: usize) -> Result<Option<Range<usize>>, Error> {
        let layout = match self.format {
            FourCc::ENCV => EntryLayout::Visual,
            FourCc::ENCA => EntryLayout::Audio,
            // The fields of text and metadata entries depend on the original format.
            _ => return Ok(self.search(FourCc::SINF, from)),
        };
        let mut children = EntryChildren::new(self, layout)?;
        while let Some(child) = children.next()? {
            if child.box_type == FourCc::SINF && child.range.start >= from {
                return Ok(Some(child.range));
            }
        }
        Ok(None)
    }

    /// Finds the first range, at or after `from`, that can be read as a box of this type.
    fn search(&self, box_type: FourCc, from: usize) -> Option<Range<usize>> {
        let mut starts = SAMPLE_ENTRY_FIELDS.max(from)..self.body.len().saturating_sub(7);
        starts.find_map(|start| {
            let mut reader = Reader::new(self.format, self.body.get(start..)?);
            if reader.left().get(4..8)? != box_type.0 {
                return None;
            }
            reader.child().ok()?;
            Some(start..self.body.len() - reader.left().len())
        })
    }

    /// Builds the entry with another format and `child` after its last child box. Other children of that type are left out, and so are
    /// bytes after the last child box, since no reader finds a box after them.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`] or [`Error::TooLarge`].
    pub fn with_child(
        &self,
        layout: EntryLayout,
        format: FourCc,
        child: &BoxTree<'_>,
    ) -> Result<BoxTree<'static>, Error> {
        let mut body = self.without_children(layout, child.box_type)?;
        child.write(&mut body)?;
        Ok(BoxTree::leaf(format, body))
    }

    /// Builds the entry without the child boxes of a type, and without bytes after the last child box.
    ///
    /// # Errors
    /// As [`SampleEntry::with_child`].
    pub fn without_child(
        &self,
        layout: EntryLayout,
        box_type: FourCc,
    ) -> Result<BoxTree<'static>, Error> {
        let body = self.without_children(layout, box_type)?;
        Ok(BoxTree::leaf(self.format, body))
    }

    /// Returns the body up to the end of the last child box, without the child boxes of a type.
    fn without_children(&self, layout: EntryLayout, box_type: FourCc) -> Result<Vec<u8>, Error> {
        let mut children = EntryChildren::new(self, layout)?;
        let mut kept = self
            .body
            .get(..children.position())
            .unwrap_or_default()
            .to_vec();
        loop {
            match children.next() {
                Ok(Some(child)) if child.box_type == box_type => (),
                Ok(Some(child)) => {
                    kept.extend_from_slice(self.body.get(child.range).unwrap_or_default());
                }
                Ok(None) if layout != EntryLayout::Other || is_zero(children.rest()) => {
                    return Ok(kept);
                }
                Err(error) if layout != EntryLayout::Other => return Err(error),
                // The fields of an unknown format may be longer than assumed.
                Ok(None) | Err(_) => return Ok(self.body.to_vec()),
            }
        }
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Builds a `stsd` of the given entries, with version and flags as in `original`.
///
/// # Errors
/// [`Error::Truncated`] if `original` is too short, [`Error::TooLarge`].
pub fn build_stsd(
    mut original: Reader<'_>,
    entries: &[BoxTree<'_>],
) -> Result<BoxTree<'static>, Error> {
    let mut body = original.bytes(8)?.to_vec();
    for entry in entries {
        entry.write(&mut body)?;
    }
    Ok(BoxTree::leaf(FourCc::STSD, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(format: FourCc, body: &[u8]) -> SampleEntry<'_> {
        SampleEntry {
            format,
            body,
            stsd_version: 0,
        }
    }

    #[test]
    fn visual_entry_gives_its_size_and_children() {
        let mut body = vec![0; 78];
        body[24..28].copy_from_slice(&[0x07, 0x80, 0x04, 0x38]);
        body.extend_from_slice(b"\0\0\0\x0aavcC\x01\x02\0\0\0\x08pasp");
        let entry = entry(FourCc(*b"avc1"), &body);
        assert_eq!(
            entry.visual_size(),
            Ok(VisualSize {
                width: 1920,
                height: 1080
            })
        );
        let child = |box_type| entry.child(EntryLayout::Visual, FourCc(box_type));
        assert_eq!(child(*b"avcC"), Ok(Some([1, 2].as_slice())));
        assert_eq!(child(*b"hvcC"), Ok(None));
        assert!(entry.may_contain(FourCc(*b"avcC")) && !entry.may_contain(FourCc(*b"hvcC")));
    }

    /// Entries with all zero fields up to their children.
    struct Kind {
        layout: EntryLayout,
        /// The formats before and after protection.
        clear: &'static [u8; 4],
        protected: FourCc,
        fields: usize,
        /// The versions of the entry and of the `stsd`.
        version: u8,
        stsd_version: u8,
    }

    impl Kind {
        const fn new(layout: EntryLayout, clear: &'static [u8; 4], fields: usize) -> Self {
            Self {
                layout,
                clear,
                protected: match layout {
                    EntryLayout::Visual => FourCc::ENCV,
                    EntryLayout::Audio => FourCc::ENCA,
                    EntryLayout::Other => FourCc::ENCT,
                },
                fields,
                version: 0,
                stsd_version: 0,
            }
        }

        const fn versions(self, version: u8, stsd_version: u8) -> Self {
            Self {
                version,
                stsd_version,
                ..self
            }
        }

        fn fields(&self) -> Vec<u8> {
            let mut fields = vec![0; self.fields];
            fields[9] = self.version;
            fields
        }
    }

    // 14496-12 clauses 12.1.3, 12.2.3 and 12.3 to 12.6; QuickTime's sound description; 3GPP TS 26.245.
    const KINDS: [Kind; 11] = [
        Kind::new(EntryLayout::Visual, b"avc1", 78),
        Kind::new(EntryLayout::Audio, b"mp4a", 28),
        Kind::new(EntryLayout::Audio, b"mp4a", 44).versions(1, 0),
        Kind::new(EntryLayout::Audio, b"lpcm", 64).versions(2, 0),
        Kind::new(EntryLayout::Audio, b"mp4a", 28).versions(1, 1),
        Kind::new(EntryLayout::Audio, b"mp4a", 28).versions(0, 1),
        Kind::new(EntryLayout::Other, b"stpp", 11),
        Kind::new(EntryLayout::Other, b"mett", 10),
        Kind::new(EntryLayout::Other, b"tx3g", 38),
        Kind::new(EntryLayout::Other, b"tmcd", 26),
        Kind::new(EntryLayout::Other, b"text", 52),
    ];

    #[test]
    fn child_is_added_after_the_last_box_and_found_there() {
        let leftovers: [&[u8]; 8] = [
            b"",
            b"\0",
            &[0; 4],
            &[0; 7],
            &[0; 8],
            &[0; 13],
            &[0; 64],
            b"\0\0\0\0\0\x01\x02\x03",
        ];
        let sinf = BoxTree::leaf(FourCc::SINF, vec![1, 2]);
        for kind in KINDS {
            for children in [b"".as_slice(), b"\0\0\0\x0abtrt\x05\x06\0\0\0\x08pasp"] {
                for leftover in &leftovers {
                    // The formats of text may have fields that are not known.
                    if kind.layout == EntryLayout::Other && !is_zero(leftover) {
                        continue;
                    }
                    let body = [&kind.fields(), children, leftover].concat();
                    let clear = SampleEntry {
                        stsd_version: kind.stsd_version,
                        ..entry(FourCc(*kind.clear), &body)
                    };
                    let made = clear
                        .with_child(kind.layout, kind.protected, &sinf)
                        .unwrap();
                    let expected = [&kind.fields(), children, b"\0\0\0\x0asinf\x01\x02"];
                    assert_eq!(made.body(), expected.concat(), "{}", clear.format);
                    let read = SampleEntry {
                        format: kind.protected,
                        body: made.body(),
                        ..clear
                    };
                    assert_eq!(read.sinf(), Ok(Some([1, 2].as_slice())), "{}", clear.format);
                    let again = read.without_sinf(clear.format).unwrap();
                    assert_eq!(again.body(), [&kind.fields(), children].concat());
                }
            }
        }
    }

    #[test]
    fn old_child_of_the_same_type_is_left_out() {
        let fields = [0; 78];
        let body = [&fields, b"\0\0\0\x09sinf\x07\0\0\0\x08pasp".as_slice()].concat();
        let sinf = BoxTree::leaf(FourCc::SINF, vec![1]);
        let made = entry(FourCc(*b"avc1"), &body)
            .with_child(EntryLayout::Visual, FourCc::ENCV, &sinf)
            .unwrap();
        assert_eq!(made.body()[78..], *b"\0\0\0\x08pasp\0\0\0\x09sinf\x01");
    }

    #[test]
    fn damaged_child_is_an_error_and_other_bytes_are_a_leftover() {
        let sinf = BoxTree::leaf(FourCc::SINF, vec![1]);
        let add = |rest: &[u8]| {
            let body = [&[0; 28], rest].concat();
            let made =
                entry(FourCc(*b"mp4a"), &body).with_child(EntryLayout::Audio, FourCc::ENCA, &sinf);
            made.map(|made| made.body()[28..].to_vec())
        };
        assert!(matches!(
            add(b"\0\0\0\x40esds"),
            Err(Error::Truncated { .. })
        ));
        assert!(matches!(add(b"\0\0\0\x07esds"), Err(Error::BadSize { .. })));
        let alone = Ok(b"\0\0\0\x09sinf\x01".to_vec());
        assert_eq!(add(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"), alone);
        assert_eq!(add(b"\xff\xff\xff"), alone);
        let short = entry(FourCc(*b"mp4a"), &[0; 27]);
        let refused = short.with_child(EntryLayout::Audio, FourCc::ENCA, &sinf);
        assert!(matches!(refused, Err(Error::Truncated { .. })));
    }
}
