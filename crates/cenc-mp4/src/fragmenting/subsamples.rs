// SPDX-License-Identifier: MPL-2.0
//! Sub-sample information of a progressive track, 14496-12 clause 8.7.7: each track fragment gets its part of `subs`.

use std::ops::Range;

use isobmff_boxes::{BoxTree, Error, FourCc, FullBoxHeader};

/// Bytes of an entry up to its sub-samples: sample_delta and subsample_count.
const ENTRY_HEADER: usize = 6;

/// The entries of one `subs`.
#[derive(Clone)]
pub(crate) struct TrackSubSamples {
    header: FullBoxHeader,
    body: Vec<u8>,
    entries: Vec<SubSampleEntry>,
    /// Index of the first entry that is not written yet.
    next: usize,
}

/// The sub-samples of one sample.
#[derive(Clone)]
struct SubSampleEntry {
    /// The number of the sample, from 1.
    sample: u64,
    /// The range of subsample_count and the sub-samples in the body.
    bytes: Range<usize>,
}

impl TrackSubSamples {
    /// Reads a box.
    pub(crate) fn read(subs: &BoxTree<'_>) -> Result<Self, Error> {
        let body = subs.body();
        let mut reader = subs.reader();
        let header = reader.full_box_header()?;
        // subsample_size, subsample_priority, discardable and codec_specific_parameters.
        let sub_sample = if header.version == 0 { 8 } else { 10 };
        let mut entries = Vec::new();
        let mut sample = 0;
        for _ in 0..reader.u32()? {
            sample += u64::from(reader.u32()?);
            let start = body.len() - reader.left().len();
            let count = usize::from(u16::from_be_bytes(reader.array()?));
            reader.bytes(count * sub_sample)?;
            entries.push(SubSampleEntry {
                sample,
                bytes: start..body.len() - reader.left().len(),
            });
        }
        Ok(Self {
            header,
            body: body.to_vec(),
            entries,
            next: 0,
        })
    }

    /// True if both boxes have the same version and flags, which name the kind of sub-samples.
    pub(crate) fn is_of_kind(&self, other: &Self) -> bool {
        self.header == other.header
    }

    /// Moves all entries by a number of samples.
    pub(crate) fn move_by(&mut self, samples: u32) {
        for entry in &mut self.entries {
            entry.sample += u64::from(samples);
        }
    }

    /// Appends the entries of a box of the same kind, which are of later samples.
    pub(crate) fn append(&mut self, later: Self) {
        let start = self.body.len();
        self.body.extend(later.body);
        self.entries
            .extend(later.entries.into_iter().map(|entry| SubSampleEntry {
                sample: entry.sample,
                bytes: entry.bytes.start + start..entry.bytes.end + start,
            }));
    }

    /// Returns the box for `count` samples from number `first`, counted from 0, on; None if none of them has sub-samples.
    pub(crate) fn next_box(&mut self, first: u32, count: u32) -> Option<BoxTree<'static>> {
        let mut before = u64::from(first);
        let end = before + u64::from(count);
        let own = self.entries.get(self.next..)?;
        let own = own
            .split_at(own.partition_point(|entry| entry.sample <= end))
            .0;
        self.next += own.len();
        if own.is_empty() {
            return None;
        }
        let mut fields = Vec::with_capacity(4 + own.len() * ENTRY_HEADER);
        fields.extend(u32::try_from(own.len()).unwrap_or(count).to_be_bytes());
        for entry in own {
            let delta = entry.sample.saturating_sub(before);
            fields.extend(u32::try_from(delta).unwrap_or(u32::MAX).to_be_bytes());
            fields.extend(self.body.get(entry.bytes.clone()).unwrap_or_default());
            before = entry.sample;
        }
        Some(BoxTree::full(FourCc::SUBS, self.header, &fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layout of clause 8.7.7.2; the first sample_delta of a track fragment counts from its first sample.
    #[test]
    fn each_fragment_gets_the_entries_of_its_samples() {
        let one = |delta: u8, sub_samples: &[u8]| {
            let count = u8::try_from(sub_samples.len() / 8).unwrap();
            [&[0, 0, 0, delta, 0, count], sub_samples].concat()
        };
        let (a, b) = (*b"\0\x05\x01\x00abcd", *b"\0\x06\x02\x01efgh");
        let entries = [one(2, &a), one(1, &[a, b].concat()), one(3, &b)].concat();
        let body = [b"\0\0\0\x09\0\0\0\x03".as_slice(), &entries].concat();
        let mut subs = TrackSubSamples::read(&BoxTree::leaf(FourCc::SUBS, body)).unwrap();
        let mut part = |first, count| subs.next_box(first, count).map(|subs| subs.body().to_vec());
        assert_eq!(part(0, 1), None);
        let head = b"\0\0\0\x09\0\0\0\x02".as_slice();
        let second = [head, &one(1, &a), &one(1, &[a, b].concat())].concat();
        assert_eq!(part(1, 3), Some(second));
        let third = [b"\0\0\0\x09\0\0\0\x01".as_slice(), &one(2, &b)].concat();
        assert_eq!(part(4, 9), Some(third));
        assert_eq!(part(13, 1), None);
        let cut = BoxTree::leaf(
            FourCc::SUBS,
            b"\0\0\0\0\0\0\0\x01\0\0\0\x01\xff\xff".to_vec(),
        );
        assert!(matches!(
            TrackSubSamples::read(&cut),
            Err(Error::Truncated { .. })
        ));
    }
}
