// SPDX-License-Identifier: MPL-2.0
//! The four schemes' ciphers over samples, in place: 23001-7 clauses 9.4 to 9.7 and 10.

mod chains;
mod counter;
mod ranges;

use aes::Aes128Enc;
use cipher::KeyInit;

use self::counter::KeyStream;
use self::ranges::ProtectedRanges;
use super::{Error, SampleSlices};
use cenc_types::{ContentKey, Iv, Pattern, Scheme, Subsample};

/// The key schedules of one content key; wiped when dropped.
pub struct SampleCipher {
    blocks: Aes128Enc,
    /// For counter mode, where the processor has VAES.
    wide: Option<aes_vaes::VaesKey>,
}

/// What is done with the protected bytes of a track's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptionMethod {
    /// The cipher and how its chain or counter runs on.
    pub scheme: Scheme,
    /// The pattern, for `cens` and `cbcs`; the other schemes do not look at it.
    pub pattern: Pattern,
}

/// A sample that waits for its cipher text.
pub struct ClearSample<'a> {
    /// By which its caller knows it.
    pub number: usize,
    /// Its own IV or the constant one.
    pub iv: Iv,
    /// All of the sample.
    pub bytes: SampleSlices<'a>,
    /// Which bytes are protected; all where there are none.
    pub subsamples: &'a [Subsample],
}

/// The error of one of several samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSample {
    /// The sample's [`ClearSample::number`].
    pub number: usize,
    /// The reason.
    pub error: Error,
}

impl SampleCipher {
    /// Expands the key, once for all samples under it.
    pub fn new(key: &ContentKey) -> Self {
        let key = key.as_bytes();
        Self {
            blocks: Aes128Enc::new(key.into()),
            wide: aes_vaes::VaesKey::new(key),
        }
    }

    /// Encrypts `sample` in place. Without `subsamples` all of it is protected.
    ///
    /// # Errors
    /// [`Error::MapMismatch`] when the subsamples do not add up to the sample, [`Error::StillClear`] when a block that
    /// should be protected came out as it went in; the sample must not be used then.
    pub fn encrypt(
        &self,
        method: EncryptionMethod,
        iv: &Iv,
        sample: &mut [u8],
        subsamples: &[Subsample],
    ) -> Result<(), Error> {
        let sample = ClearSample {
            number: 0,
            iv: *iv,
            bytes: sample.into(),
            subsamples,
        };
        let encrypted = match method.scheme {
            Scheme::Cenc | Scheme::Cens => self.count(method, sample),
            Scheme::Cbc1 | Scheme::Cbcs => chains::encrypt(&self.blocks, method, sample),
        };
        encrypted.map_err(|failed| failed.error)
    }

    /// Encrypts samples in place: in the CBC schemes faster than one by one.
    ///
    /// # Errors
    /// Those of [`Self::encrypt`], with the number of a sample; none of the samples must be used then.
    pub fn encrypt_all<'a>(
        &self,
        method: EncryptionMethod,
        samples: &mut dyn Iterator<Item = ClearSample<'a>>,
    ) -> Result<(), FailedSample> {
        match method.scheme {
            Scheme::Cenc | Scheme::Cens => {
                for sample in samples {
                    self.count(method, sample)?;
                }
                Ok(())
            }
            Scheme::Cbc1 | Scheme::Cbcs => chains::encrypt_all(&self.blocks, method, samples),
        }
    }

    fn count(&self, method: EncryptionMethod, sample: ClearSample<'_>) -> Result<(), FailedSample> {
        let ClearSample {
            number,
            iv,
            bytes,
            subsamples,
        } = sample;
        let mut stream = KeyStream::new((&self.blocks, self.wide.as_ref()), &iv);
        let ranges = ProtectedRanges::new(bytes, subsamples);
        let counted = ranges.and_then(|ranges| match method.scheme {
            Scheme::Cens => stream.count_by_pattern(method.pattern, ranges),
            _ => stream.count_through(ranges),
        });
        counted.map_err(|error| FailedSample { number, error })
    }
}

#[cfg(test)]
mod tests;
