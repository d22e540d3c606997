// SPDX-License-Identifier: MPL-2.0
//! `ctts`, the composition offsets of a track's samples, 14496-12 clause 8.6.1.3.

use super::{Error, Reader, SampleRun};

/// The composition offsets of a track.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompositionOffsets {
    /// 0: offsets are unsigned, 1: signed, as in a `trun` of the same version.
    pub version: u8,
    /// The bits of sample_offset, in ticks of the media's timescale; samples after the runs have 0.
    pub runs: Vec<SampleRun>,
}

/// Reads the fields of a `ctts`.
///
/// # Errors
/// [`Error::Truncated`], also for an entry_count that the box has no room for.
pub fn read_ctts(mut reader: Reader<'_>) -> Result<CompositionOffsets, Error> {
    Ok(CompositionOffsets {
        version: reader.full_box_header()?.version,
        runs: SampleRun::read_all(&mut reader)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layout of clause 8.6.1.3.2.
    #[test]
    fn version_1_has_signed_offsets() {
        let body = b"\x01\0\0\0\0\0\0\x01\0\0\0\x05\xff\xff\xff\xfe";
        let offsets = read_ctts(Reader::new(FourCc::CTTS, body)).unwrap();
        assert_eq!(offsets.version, 1);
        assert_eq!(offsets.runs[0].sample_count, 5);
        assert_eq!(offsets.runs[0].value.cast_signed(), -2);
        assert!(read_ctts(Reader::new(FourCc::CTTS, &body[..15])).is_err());
    }
}
