// SPDX-License-Identifier: MPL-2.0
//! Sources of IVs, 23001-7 clause 9.2: no IV repeats under one key.

use cenc_types::{CipherMode, Iv, IvSize, Scheme};

use super::Error;

/// The IVs of one key. All tracks under that key draw from one source, so that no two samples share an IV.
///
/// ```
/// use cenc_types::{Iv, Scheme};
/// use common_encryption::IvSource;
///
/// // 23001-7 clause 9.2: IVs of 8 bytes count samples, IVs of 16 bytes count encrypted blocks.
/// let mut ivs = IvSource::new(Scheme::Cenc, Iv::new(&[0; 8])?)?;
/// assert_eq!(ivs.next(3)?.as_bytes(), [0, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(ivs.next(3)?.as_bytes(), [0, 0, 0, 0, 0, 0, 0, 1]);
/// # Ok::<(), common_encryption::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IvSource {
    /// One IV for every sample: `cbcs`.
    Constant(Iv),
    /// An IV for each sample, ascending.
    PerSample(AscendingIvs),
}

/// Ascending IVs. 8-byte IVs advance by 1 for each sample, 16-byte IVs by the number of cipher blocks in the sample
/// (clause 9.2, NOTE 3), so that no counter block is used twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AscendingIvs {
    next: Iv,
    left: u64,
}

impl IvSource {
    /// Creates a source that starts with `first`; `cbcs` uses `first` for all samples.
    ///
    /// # Errors
    /// [`Error::BadIvSize`] if a CBC scheme gets 8 bytes.
    pub fn new(scheme: Scheme, first: Iv) -> Result<Self, Error> {
        if scheme.cipher_mode() == CipherMode::Cbc && first.size() == IvSize::Eight {
            return Err(Error::BadIvSize);
        }
        Ok(match scheme {
            Scheme::Cbcs => Self::Constant(first),
            Scheme::Cenc | Scheme::Cens | Scheme::Cbc1 => Self::PerSample(AscendingIvs {
                next: first,
                left: u64::MAX,
            }),
        })
    }

    /// Returns the IV of the next sample, in which `blocks` cipher blocks will be encrypted.
    ///
    /// # Errors
    /// [`Error::IvsExhausted`] after 2^64 steps.
    pub fn next(&mut self, blocks: u64) -> Result<Iv, Error> {
        match self {
            Self::Constant(iv) => Ok(*iv),
            Self::PerSample(ivs) => ivs.next(blocks),
        }
    }
}

impl AscendingIvs {
    /// Returns the size of each IV.
    pub const fn size(&self) -> IvSize {
        self.next.size()
    }

    fn next(&mut self, blocks: u64) -> Result<Iv, Error> {
        let step = match self.next.size() {
            IvSize::Eight => 1,
            IvSize::Sixteen => blocks.max(1),
        };
        self.left = self.left.checked_sub(step).ok_or(Error::IvsExhausted)?;
        let advanced = self.next.advanced(step);
        Ok(std::mem::replace(&mut self.next, advanced))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(scheme: Scheme, first: &[u8]) -> IvSource {
        IvSource::new(scheme, Iv::new(first).unwrap()).unwrap()
    }

    #[test]
    fn eight_byte_ivs_step_by_one_and_wrap() {
        let mut ivs = source(Scheme::Cenc, &[0xff; 8]);
        assert_eq!(ivs.next(99).unwrap().as_bytes(), [0xff; 8]);
        assert_eq!(ivs.next(99).unwrap().as_bytes(), [0; 8]);
    }

    // Shaka Packager's cbc1 file in the peer vectors: 2320 protected bytes are 145 blocks, f001 becomes f092.
    #[test]
    fn sixteen_byte_ivs_step_by_blocks() {
        let mut first = [0; 16];
        first[14..].copy_from_slice(&[0xf0, 0x01]);
        let mut ivs = source(Scheme::Cbc1, &first);
        ivs.next(145).unwrap();
        assert_eq!(ivs.next(1).unwrap().as_bytes()[14..], [0xf0, 0x92]);
    }

    // 23001-7 clause 9.2: only bytes 8 to 15 count.
    #[test]
    fn sixteen_byte_ivs_carry_nothing_into_the_upper_half() {
        let mut first = [0xff; 16];
        first[0] = 1;
        let mut ivs = source(Scheme::Cenc, &first);
        ivs.next(2).unwrap();
        let second = ivs.next(1).unwrap();
        assert_eq!(second.as_bytes()[..8], first[..8]);
        assert_eq!(second.as_bytes()[8..], 1u64.to_be_bytes());
    }

    #[test]
    fn sample_without_blocks_still_takes_a_step() {
        let mut ivs = source(Scheme::Cenc, &[0; 16]);
        assert_ne!(ivs.next(0).unwrap(), ivs.next(0).unwrap());
    }

    #[test]
    fn cbcs_keeps_its_iv() {
        let mut ivs = source(Scheme::Cbcs, &[7; 16]);
        assert_eq!(ivs.next(3).unwrap(), ivs.next(3).unwrap());
    }

    #[test]
    fn exhausted_source_refuses() {
        let mut ivs = source(Scheme::Cenc, &[0; 16]);
        ivs.next(u64::MAX).unwrap();
        assert_eq!(ivs.next(1), Err(Error::IvsExhausted));
    }

    #[test]
    fn cbc_takes_sixteen_bytes_only() {
        let iv = Iv::new(&[1; 8]).unwrap();
        assert_eq!(IvSource::new(Scheme::Cbcs, iv), Err(Error::BadIvSize));
    }
}
