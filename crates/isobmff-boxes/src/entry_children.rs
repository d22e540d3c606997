// SPDX-License-Identifier: MPL-2.0
//! The child boxes of a sample entry, which follow fields whose size depends on its kind: 14496-12 clause 12.

use std::ops::Range;

use super::{BoxHeader, ChildBox, Error, FourCc, Reader, SampleEntry};

/// SampleEntry: six reserved bytes and data_reference_index.
pub(super) const SAMPLE_ENTRY_FIELDS: usize = 8;
/// VisualSampleEntry: the fields before its child boxes, SampleEntry's included (clause 12.1.3).
const VISUAL_FIELDS: usize = 78;
/// AudioSampleEntry and AudioSampleEntryV1: the same (clause 12.2.3).
const AUDIO_FIELDS: usize = 28;
/// The fields that versions 1 and 2 of QuickTime's sound description add.
const QUICKTIME_V1_FIELDS: usize = 16;
const QUICKTIME_V2_FIELDS: usize = 36;

/// The kind of a sample entry, which decides how many bytes of fields come before its child boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryLayout {
    /// VisualSampleEntry.
    Visual,
    /// AudioSampleEntry, AudioSampleEntryV1, or a sound description of QuickTime.
    Audio,
    /// Any other entry: each format of text, metadata or hints has fields of its own.
    Other,
}

impl EntryLayout {
    /// Returns the number of bytes before the first child box.
    fn fields(self, entry: &SampleEntry<'_>) -> usize {
        match self {
            Self::Visual => VISUAL_FIELDS,
            Self::Audio => audio_fields(entry),
            Self::Other => other_fields(entry).min(entry.body.len()),
        }
    }
}

/// Returns the length of an audio entry's fields. The ISO format has AudioSampleEntryV1 only in a `stsd` of version 1, and QuickTime has
/// longer versions only in one of version 0.
fn audio_fields(entry: &SampleEntry<'_>) -> usize {
    let version = entry.body.get(SAMPLE_ENTRY_FIELDS..SAMPLE_ENTRY_FIELDS + 2);
    match (entry.stsd_version, version) {
        (0, Some([0, 1])) => AUDIO_FIELDS + QUICKTIME_V1_FIELDS,
        (0, Some([0, 2])) => AUDIO_FIELDS + QUICKTIME_V2_FIELDS,
        _ => AUDIO_FIELDS,
    }
}

/// Returns the length of the fields of other entries: the formats of 14496-12 clauses 12.3 to 12.6, 14496-30, 3GPP TS 26.245 and
/// QuickTime that have fields.
fn other_fields(entry: &SampleEntry<'_>) -> usize {
    match &entry.format.0 {
        // content_encoding and mime_format.
        b"mett" | b"sbtt" | b"stxt" => after_strings(entry.body, 2),
        // namespace, schema_location and auxiliary_mime_types; content_encoding, namespace and schema_location.
        b"stpp" | b"metx" => after_strings(entry.body, 3),
        b"tx3g" => SAMPLE_ENTRY_FIELDS + 30,
        b"tmcd" => SAMPLE_ENTRY_FIELDS + 18,
        // Ends in a name whose length is in its first byte.
        b"text" => {
            let name = SAMPLE_ENTRY_FIELDS + 43;
            name + 1 + entry.body.get(name).map_or(0, |len| usize::from(*len))
        }
        _ => SAMPLE_ENTRY_FIELDS,
    }
}

/// Returns the offset after a number of zero-terminated strings.
fn after_strings(body: &[u8], count: usize) -> usize {
    body.get(SAMPLE_ENTRY_FIELDS..)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == 0)
        .nth(count - 1)
        .map_or(body.len(), |(end, _)| SAMPLE_ENTRY_FIELDS + end + 1)
}

/// A child box of a sample entry.
pub(super) struct EntryChild<'a> {
    pub(super) box_type: FourCc,
    /// The bytes after its header.
    pub(super) body: &'a [u8],
    /// The place of the whole box in the body of the entry.
    pub(super) range: Range<usize>,
}

/// Reads the child boxes of a sample entry in order.
pub(super) struct EntryChildren<'a> {
    reader: Reader<'a>,
    len: usize,
}

impl<'a> EntryChildren<'a> {
    pub(super) fn new(entry: &SampleEntry<'a>, layout: EntryLayout) -> Result<Self, Error> {
        let mut reader = Reader::new(entry.format, entry.body);
        reader.bytes(layout.fields(entry))?;
        Ok(Self {
            reader,
            len: entry.body.len(),
        })
    }

    /// Returns the offset of the next child box in the body of the entry.
    pub(super) const fn position(&self) -> usize {
        self.len - self.reader.left().len()
    }

    /// Returns the bytes that are not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.reader.left()
    }

    /// Returns the next child box; None where bytes follow that are no box. QuickTime ends the list with zero bytes, and some writers
    /// leave the rest of a buffer there.
    pub(super) fn next(&mut self) -> Result<Option<EntryChild<'a>>, Error> {
        let start = self.position();
        let Some(&[a, b, c, d, ref box_type @ ..]) = self.rest().first_chunk::<8>() else {
            return Ok(None);
        };
        if [a, b, c, d] == [0; 4] {
            return Ok(None);
        }
        match self.reader.child() {
            Ok(ChildBox { header, body }) => Ok(Some(EntryChild {
                box_type: header.box_type,
                body,
                range: start..self.position(),
            })),
            // A damaged box, not a leftover.
            Err(error) if BoxHeader::is_plausible_type(*box_type) => Err(error),
            Err(_) => Ok(None),
        }
    }
}
