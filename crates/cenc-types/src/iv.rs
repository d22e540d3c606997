// SPDX-License-Identifier: MPL-2.0
//! Initialization vectors, 23001-7 clause 9.2.

use host_access::{Random, RandomError};

use super::Error;

/// The initialization vector of one sample: 8 or 16 bytes.
///
/// ```
/// use cenc_types::Iv;
///
/// // 23001-7 clause 9.2: only the last 8 bytes of 16 count, and they wrap without carry.
/// let iv = Iv::new(&[0xff; 16])?.advanced(1);
/// assert_eq!(iv.as_bytes()[..8], [0xff; 8]);
/// assert_eq!(iv.as_bytes()[8..], [0; 8]);
/// # Ok::<(), cenc_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Iv {
    block: [u8; 16],
    size: IvSize,
}

/// Per_Sample_IV_Size of a track with an IV for each sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IvSize {
    /// 8 bytes, which all PlayReady clients support; counter mode only.
    Eight,
    /// 16 bytes: the whole first counter block, or the IV of a CBC chain.
    Sixteen,
}

impl IvSize {
    /// Returns the size in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }
}

impl Iv {
    /// Creates an IV of 8 or 16 bytes.
    ///
    /// # Errors
    /// [`Error::BadIv`] for any other length.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let size = match bytes.len() {
            8 => IvSize::Eight,
            16 => IvSize::Sixteen,
            _ => return Err(Error::BadIv),
        };
        let mut block = [0; 16];
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(Self { block, size })
    }

    /// Generates a random IV.
    ///
    /// # Errors
    /// [`RandomError`] if there are no random bytes.
    pub fn generate(size: IvSize, random: &dyn Random) -> Result<Self, RandomError> {
        let mut block = [0; 16];
        random.fill(block.split_at_mut(size.bytes()).0)?;
        Ok(Self { block, size })
    }

    /// Returns the number of bytes that `senc` or `tenc` store.
    pub const fn size(&self) -> IvSize {
        self.size
    }

    /// Returns the bytes as they are stored.
    pub fn as_bytes(&self) -> &[u8] {
        self.block.split_at(self.size.bytes()).0
    }

    /// Returns the first counter block, or the IV of a CBC chain: an IV of 8 bytes is followed by zeros.
    pub const fn block(&self) -> &[u8; 16] {
        &self.block
    }

    /// Returns the IV advanced by `steps`. All 8 bytes, or the last 8 of 16, count and wrap (clause 9.2).
    #[must_use]
    pub fn advanced(mut self, steps: u64) -> Self {
        let counter = match self.size {
            IvSize::Eight => 0..8,
            IvSize::Sixteen => 8..16,
        };
        let counter: &mut [u8; 8] = self
            .block
            .get_mut(counter)
            .and_then(|bytes| bytes.try_into().ok())
            .expect("both ranges hold 8 of the block's 16 bytes");
        *counter = u64::from_be_bytes(*counter)
            .wrapping_add(steps)
            .to_be_bytes();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iv_has_eight_or_sixteen_bytes() {
        assert_eq!(Iv::new(&[1; 12]), Err(Error::BadIv));
    }
}
