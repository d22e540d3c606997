// SPDX-License-Identifier: MPL-2.0
//! Subsamples from protectable ranges, 23001-7 clause 9.5 and the schemes' rules of clause 10.

use codec_headers::{Alignment, ProtectableRange};

use super::Error;
use cenc_types::{BLOCK, Scheme, Subsample};

/// The bytes of a sample that its codec allows to protect.
#[derive(Debug, Clone, Copy)]
pub struct SampleRanges<'a> {
    /// The size of the sample in bytes.
    pub sample_len: usize,
    /// The protectable ranges, in order.
    pub ranges: &'a [ProtectableRange],
    /// The position of the whole blocks within a range.
    pub alignment: Alignment,
}

/// Appends the subsamples of a sample to `map`.
///
/// There is one subsample for each range. In `cenc`, `cens` and `cbc1` BytesOfProtectedData is a multiple of 16, and the
/// remainder is added to the clear bytes before it, so that protection ends with the range. In `cbcs` protection starts with
/// the range, and the cipher leaves the partial block at its end clear, unless the alignment is [`Alignment::BlocksAtEnd`].
/// Nothing of a range shorter than a block is encrypted: `cbcs` lists it as protected nevertheless, as all other packagers do;
/// the other schemes list it as clear.
///
/// ```
/// use cenc_types::{Scheme, Subsample};
/// use codec_headers::{Alignment, ProtectableRange};
/// use common_encryption::{SampleRanges, map_subsamples};
///
/// let sample = SampleRanges {
///     sample_len: 47,
///     ranges: &[ProtectableRange { start: 10, len: 37 }],
///     alignment: Alignment::BySchemeRule,
/// };
/// let mut map = Vec::new();
/// map_subsamples(Scheme::Cenc, &sample, &mut map)?;
/// // 37 bytes are two blocks; the remaining 5 bytes stay clear.
/// assert_eq!(map, [Subsample { clear_bytes: 15, protected_bytes: 32 }]);
/// # Ok::<(), common_encryption::Error>(())
/// ```
///
/// # Errors
/// [`Error::MapMismatch`] if the ranges are out of order or exceed the sample, [`Error::TooManySubsamples`]
/// if the count exceeds its 16 bits.
pub fn map_subsamples(
    scheme: Scheme,
    sample: &SampleRanges<'_>,
    map: &mut Vec<Subsample>,
) -> Result<(), Error> {
    let first = map.len();
    let mut mapped = 0;
    for range in sample.ranges {
        let end = range
            .start
            .checked_add(range.len)
            .filter(|&end| range.start >= mapped && end <= sample.sample_len)
            .ok_or(Error::MapMismatch)?;
        let protected = match (scheme, sample.alignment) {
            (Scheme::Cbcs, Alignment::BySchemeRule) => range.len,
            _ => range.len - range.len % BLOCK,
        };
        if protected == 0 {
            continue;
        }
        push_subsample(map, end - protected - mapped, protected)?;
        mapped = end;
    }
    if mapped < sample.sample_len {
        push_subsample(map, sample.sample_len - mapped, 0)?;
    }
    match u16::try_from(map.len() - first) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::TooManySubsamples),
    }
}

/// Appends `clear` bytes followed by `protected` bytes.
fn push_subsample(
    map: &mut Vec<Subsample>,
    mut clear: usize,
    protected: usize,
) -> Result<(), Error> {
    // BytesOfClearData has 16 bits: a longer clear run takes several entries.
    while clear > usize::from(u16::MAX) {
        map.push(Subsample {
            clear_bytes: u16::MAX,
            protected_bytes: 0,
        });
        clear -= usize::from(u16::MAX);
    }
    map.push(Subsample {
        clear_bytes: u16::try_from(clear).map_err(|_| Error::MapMismatch)?,
        protected_bytes: u32::try_from(protected).map_err(|_| Error::MapMismatch)?,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(scheme: Scheme, len: usize, ranges: &[(usize, usize)]) -> Vec<(u16, u32)> {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|&(start, len)| ProtectableRange { start, len })
            .collect();
        let mut map = Vec::new();
        let sample = SampleRanges {
            sample_len: len,
            ranges: &ranges,
            alignment: Alignment::BySchemeRule,
        };
        map_subsamples(scheme, &sample, &mut map).unwrap();
        map.iter()
            .map(|s| (s.clear_bytes, s.protected_bytes))
            .collect()
    }

    #[test]
    fn remainder_moves_to_the_clear_front() {
        assert_eq!(map(Scheme::Cenc, 47, &[(10, 37)]), [(15, 32)]);
        assert_eq!(map(Scheme::Cbc1, 47, &[(10, 37)]), [(15, 32)]);
        assert_eq!(map(Scheme::Cens, 42, &[(10, 32)]), [(10, 32)]);
    }

    #[test]
    fn cbcs_starts_on_the_first_byte_of_the_range() {
        assert_eq!(map(Scheme::Cbcs, 47, &[(10, 37)]), [(10, 37)]);
    }

    #[test]
    fn blocks_end_with_the_range_in_every_scheme_where_the_codec_says_so() {
        let ranges = [ProtectableRange { start: 10, len: 37 }];
        for scheme in Scheme::ALL {
            let mut map = Vec::new();
            let sample = SampleRanges {
                sample_len: 48,
                ranges: &ranges,
                alignment: Alignment::BlocksAtEnd,
            };
            map_subsamples(scheme, &sample, &mut map).unwrap();
            let sizes: Vec<_> = map
                .iter()
                .map(|s| (s.clear_bytes, s.protected_bytes))
                .collect();
            assert_eq!(sizes, [(15, 32), (1, 0)], "{scheme}");
        }
    }

    #[test]
    fn each_range_is_a_subsample_and_clear_runs_merge() {
        let ranges = [(6, 20), (30, 15), (50, 64)];
        assert_eq!(
            map(Scheme::Cenc, 120, &ranges),
            [(10, 16), (24, 64), (6, 0)]
        );
        assert_eq!(
            map(Scheme::Cbcs, 120, &ranges),
            [(6, 20), (4, 15), (5, 64), (6, 0)]
        );
    }

    #[test]
    fn clear_run_over_u16_is_split() {
        assert_eq!(
            map(Scheme::Cbcs, 70_032, &[(70_000, 32)]),
            [(65_535, 0), (4_465, 32)]
        );
        assert_eq!(map(Scheme::Cenc, 65_536, &[]), [(65_535, 0), (1, 0)]);
    }

    #[test]
    fn sample_with_nothing_to_protect_is_mapped_as_clear() {
        assert_eq!(map(Scheme::Cenc, 20, &[(5, 15)]), [(20, 0)]);
        assert_eq!(map(Scheme::Cenc, 0, &[]), []);
    }

    #[test]
    fn ranges_outside_the_sample_or_out_of_order_are_refused() {
        for ranges in [
            [(0, 16), (8, 16)].as_slice(),
            &[(0, 99)],
            &[(usize::MAX, 16)],
        ] {
            let ranges: Vec<_> = ranges
                .iter()
                .map(|&(start, len)| ProtectableRange { start, len })
                .collect();
            let sample = SampleRanges {
                sample_len: 32,
                ranges: &ranges,
                alignment: Alignment::BySchemeRule,
            };
            let mapped = map_subsamples(Scheme::Cenc, &sample, &mut Vec::new());
            assert_eq!(mapped, Err(Error::MapMismatch));
        }
    }
}
