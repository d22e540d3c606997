// SPDX-License-Identifier: MPL-2.0
//! `stsd`, the sample descriptions of a track, 14496-12 clause 8.5.2.

use std::ops::Range;

use super::{BoxTree, ChildBox, Error, FourCc, Reader};

/// SampleEntry: six reserved bytes and data_reference_index.
const SAMPLE_ENTRY_FIELDS: usize = 8;
/// VisualSampleEntry: the fields before its child boxes, SampleEntry's included (clause 12.1.3).
const VISUAL_FIELDS: usize = 78;
/// AudioSampleEntry: the same (clause 12.2.3).
const AUDIO_FIELDS: usize = 28;

/// A sample entry: its format and the bytes after its box header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleEntry<'a> {
    /// The format, such as `avc1`.
    pub format: FourCc,
    /// All bytes after the entry's box header.
    pub body: &'a [u8],
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
        reader.full_box_header()?;
        let mut entries = Vec::new();
        for _ in 0..reader.u32()? {
            let ChildBox { header, body } = reader.child()?;
            entries.push(Self {
                format: header.box_type,
                body,
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

    /// Returns the body of a visual sample entry's child box, such as `avcC`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn visual_child(&self, box_type: FourCc) -> Result<Option<&'a [u8]>, Error> {
        let mut found = None;
        self.visit_visual_children(|child_type, body| {
            if child_type == box_type && found.is_none() {
                found = Some(body);
            }
        })?;
        Ok(found)
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

    /// Finds the range of the next `sinf` in the body; `from` is 0 or the end of a child box.
    fn find_sinf(&self, from: usize) -> Result<Option<Range<usize>>, Error> {
        let fields = match self.format {
            FourCc::ENCV => VISUAL_FIELDS,
            FourCc::ENCA => self.audio_fields(),
            // Text and metadata entries have strings of any length before their boxes.
            _ => return Ok(self.search(FourCc::SINF, from)),
        };
        let mut reader = Reader::new(self.format, self.body);
        reader.bytes(fields.max(from))?;
        while reader.left().len() >= 8 {
            let start = self.body.len() - reader.left().len();
            if reader.child()?.header.box_type == FourCc::SINF {
                return Ok(Some(start..self.body.len() - reader.left().len()));
            }
        }
        Ok(None)
    }

    /// Returns the size of an audio entry's fields, which is larger in QuickTime's versions 1 and 2.
    fn audio_fields(&self) -> usize {
        match self.body.get(SAMPLE_ENTRY_FIELDS..SAMPLE_ENTRY_FIELDS + 2) {
            Some([0, 1]) => AUDIO_FIELDS + 16,
            Some([0, 2]) => AUDIO_FIELDS + 36,
            _ => AUDIO_FIELDS,
        }
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

    /// Removes the four zero bytes at the end of QuickTime's list of boxes from a visual entry, so that a box can be appended.
    ///
    /// # Errors
    /// As [`SampleEntry::visual_child`].
    pub fn without_terminator(self) -> Result<Self, Error> {
        let terminator = self.visit_visual_children(|_, _| ())?.len();
        let body = self.body.get(..self.body.len() - terminator);
        Ok(Self {
            body: body.unwrap_or(self.body),
            ..self
        })
    }

    /// Calls `visit` with the child boxes of a visual entry and returns the bytes after them.
    fn visit_visual_children(
        &self,
        mut visit: impl FnMut(FourCc, &'a [u8]),
    ) -> Result<&'a [u8], Error> {
        let mut reader = Reader::new(self.format, self.body);
        reader.bytes(VISUAL_FIELDS)?;
        while reader.left().len() >= 8 {
            let ChildBox { header, body } = reader.child()?;
            visit(header.box_type, body);
        }
        Ok(reader.left())
    }

    /// Builds the entry with another format and one more child box at its end.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn with_child(
        &self,
        format: FourCc,
        child: &BoxTree<'_>,
    ) -> Result<BoxTree<'static>, Error> {
        let mut body = self.body.to_vec();
        child.write(&mut body)?;
        Ok(BoxTree::leaf(format, body))
    }
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

    fn visual(children: &[u8]) -> Vec<u8> {
        let mut body = vec![0; VISUAL_FIELDS];
        body[24..28].copy_from_slice(&[0x07, 0x80, 0x04, 0x38]);
        body.extend_from_slice(children);
        body
    }

    #[test]
    fn visual_entry_gives_its_size_and_children() {
        let body = visual(b"\0\0\0\x0aavcC\x01\x02\0\0\0\x08pasp");
        let entry = SampleEntry {
            format: FourCc(*b"avc1"),
            body: &body,
        };
        assert_eq!(
            entry.visual_size(),
            Ok(VisualSize {
                width: 1920,
                height: 1080
            })
        );
        assert_eq!(
            entry.visual_child(FourCc(*b"avcC")),
            Ok(Some([1, 2].as_slice()))
        );
        assert_eq!(entry.visual_child(FourCc(*b"hvcC")), Ok(None));
        assert_eq!(entry.without_terminator(), Ok(entry));
    }

    #[test]
    fn sinf_is_found_after_the_fields_of_each_kind() {
        for (format, fields, version) in [
            (FourCc::ENCV, 78, 0),
            (FourCc::ENCA, 28, 0),
            (FourCc::ENCA, 44, 1),
            (FourCc::ENCA, 64, 2),
            (FourCc::ENCT, 21, 0),
        ] {
            let mut body = vec![0; fields];
            body[9] = version;
            let bare = body.clone();
            let bare = SampleEntry {
                format,
                body: &bare,
            };
            assert_eq!(bare.sinf(), Ok(None));
            body.extend(b"\0\0\0\x0asinf\x01\x02");
            let entry = SampleEntry {
                format,
                body: &body,
            };
            assert_eq!(entry.sinf(), Ok(Some([1, 2].as_slice())), "{format}");
            let clear = entry.without_sinf(FourCc(*b"abcd")).unwrap();
            assert_eq!(clear.box_type, FourCc(*b"abcd"));
            assert_eq!(clear.body(), bare.body, "{format}");
        }
    }

    #[test]
    fn terminator_goes_before_a_child_is_added() {
        let body = visual(b"\0\0\0\x08pasp\0\0\0\0");
        let entry = SampleEntry {
            format: FourCc(*b"avc1"),
            body: &body,
        };
        let child = BoxTree::leaf(FourCc::SINF, vec![]);
        let entry = entry.without_terminator().unwrap();
        let made = entry.with_child(FourCc::ENCV, &child).unwrap();
        assert_eq!(made.box_type, FourCc::ENCV);
        assert!(made.body().ends_with(b"\0\0\0\x08pasp\0\0\0\x08sinf"));
    }
}
