// SPDX-License-Identifier: MPL-2.0
//! `stsz`, the sizes of a track's samples, 14496-12 clause 8.7.3.2.

use super::{Error, Reader};

/// The sample sizes of a progressive track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stsz<'a> {
    /// sample_count.
    pub sample_count: u32,
    common_size: u32,
    listed: &'a [u8],
}

impl<'a> Stsz<'a> {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], also for a sample_count that the box has no room for.
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        reader.full_box_header()?;
        let common_size = reader.u32()?;
        let sample_count = reader.u32()?;
        let listed = match common_size {
            0 => {
                let count = usize::try_from(sample_count).unwrap_or(usize::MAX);
                reader.bytes(count.saturating_mul(4))?
            }
            _ => &[],
        };
        Ok(Self {
            sample_count,
            common_size,
            listed,
        })
    }

    /// Returns the size in bytes of all samples, if it is the same.
    pub const fn common_size(&self) -> Option<u32> {
        match self.common_size {
            0 => None,
            size => Some(size),
        }
    }

    /// Returns the size in bytes of the sample with this number, counted from 0; None after the last.
    pub fn size(&self, sample: u64) -> Option<u32> {
        if sample >= u64::from(self.sample_count) {
            return None;
        }
        if self.common_size != 0 {
            return Some(self.common_size);
        }
        let at = usize::try_from(sample).ok()?.checked_mul(4)?;
        Some(u32::from_be_bytes(*self.listed.get(at..)?.first_chunk()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layouts of clause 8.7.3.2.2.
    #[test]
    fn common_and_listed_sizes_are_read() {
        let read = |body| Stsz::read(Reader::new(FourCc::STSZ, body));
        let stsz = read(&[0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2]).unwrap();
        assert_eq!((stsz.size(1), stsz.size(2)), (Some(7), None));
        let body = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0, 9];
        let stsz = read(&body).unwrap();
        assert_eq!(
            (stsz.size(0), stsz.size(1), stsz.size(2)),
            (Some(256), Some(9), None)
        );
        assert!(matches!(read(&body[..19]), Err(Error::Truncated { .. })));
    }
}
