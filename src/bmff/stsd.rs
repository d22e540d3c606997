// SPDX-License-Identifier: MPL-2.0
//! `stsd`, the sample descriptions of a track, 14496-12 clause 8.5.2.

use super::{BoxTree, Error, FourCc, Reader};

/// SampleEntry: six reserved bytes and data_reference_index.
const SAMPLE_ENTRY_FIELDS: usize = 8;
/// VisualSampleEntry: the fields before its child boxes, SampleEntry's included (clause 12.1.3).
const VISUAL_FIELDS: usize = 78;

/// A sample entry: its format and the bytes behind its box header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleEntry<'a> {
    /// The format, such as `avc1`.
    pub format: FourCc,
    /// Everything behind the entry's box header.
    pub body: &'a [u8],
}

impl<'a> SampleEntry<'a> {
    /// Reads the entries of a `stsd`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn read_all(mut reader: Reader<'a>) -> Result<Vec<Self>, Error> {
        reader.version_and_flags()?;
        let count = reader.u32()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let (header, body) = reader.child()?;
            entries.push(Self {
                format: header.box_type,
                body,
            });
        }
        Ok(entries)
    }

    /// Width and height in pixels of a visual sample entry.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn visual_size(&self) -> Result<(u16, u16), Error> {
        let mut reader = Reader::new(self.format, self.body);
        reader.bytes(SAMPLE_ENTRY_FIELDS + 16)?;
        Ok((reader.u16()?, reader.u16()?))
    }

    /// The body of a visual sample entry's child box, such as `avcC`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn visual_child(&self, box_type: FourCc) -> Result<Option<&'a [u8]>, Error> {
        let mut reader = Reader::new(self.format, self.body);
        reader.bytes(VISUAL_FIELDS)?;
        // QuickTime ends the list by four zero bytes, which are no box.
        while reader.left().len() >= 8 {
            let (header, body) = reader.child()?;
            if header.box_type == box_type {
                return Ok(Some(body));
            }
        }
        Ok(None)
    }

    /// The entry with a new format and one more child box at its end.
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

/// A `stsd` of the given entries, version and flags as in `original`.
///
/// # Errors
/// [`Error::Truncated`] when `original` is too short, [`Error::TooLarge`].
pub fn stsd(mut original: Reader<'_>, entries: &[BoxTree<'_>]) -> Result<BoxTree<'static>, Error> {
    let mut body = original.bytes(8)?.to_vec();
    for entry in entries {
        entry.write(&mut body)?;
    }
    Ok(BoxTree::leaf(FourCc::STSD, body))
}
