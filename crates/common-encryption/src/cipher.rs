// SPDX-License-Identifier: MPL-2.0
//! In-place encryption of samples by the ciphers of the four schemes: 23001-7 clauses 9.4 to 9.7 and 10.

mod chains;
mod counter;
mod ranges;

use aes::Aes128Enc;
use cipher::KeyInit;

use self::counter::CounterStream;
use self::ranges::ProtectedRanges;
use super::{Error, SampleSlices};
use cenc_types::{ContentKey, Iv, Pattern, Scheme, Subsample};

/// The key schedules of one content key; wiped when dropped.
pub struct SampleCipher {
    blocks: Aes128Enc,
    /// For counter mode, if the processor has VAES.
    vaes: Option<aes_vaes::VaesKey>,
}

/// The encryption of a track's samples: scheme and pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptionMethod {
    /// The scheme, which decides the cipher mode and where its chain or counter restarts.
    pub scheme: Scheme,
    /// The pattern; `cenc` and `cbc1` ignore it.
    pub pattern: Pattern,
}

/// A sample to be encrypted in place.
pub struct ClearSample<'a> {
    /// The caller's number for it, which [`FailedSample`] repeats.
    pub number: usize,
    /// The sample's own IV, or the constant one.
    pub iv: Iv,
    /// All bytes of the sample.
    pub bytes: SampleSlices<'a>,
    /// The subsamples; if empty, all bytes are protected.
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
    /// Expands the key for all samples under it.
    pub fn new(key: &ContentKey) -> Self {
        let key = key.as_bytes();
        Self {
            blocks: Aes128Enc::new(key.into()),
            vaes: aes_vaes::VaesKey::new(key),
        }
    }

    /// Encrypts `sample` in place; if `subsamples` is empty, all of it.
    ///
    /// # Errors
    /// [`Error::MapMismatch`] if the subsamples do not add up to the sample, [`Error::StillClear`] if the cipher did not
    /// change a block that should be protected. The sample must not be used then.
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
        match method.scheme {
            Scheme::Cenc | Scheme::Cens => self.encrypt_counter_mode(method, sample),
            Scheme::Cbc1 | Scheme::Cbcs => chains::encrypt(&self.blocks, method, sample),
        }
        .map_err(|failed| failed.error)
    }

    /// Encrypts several samples in place, which for the CBC schemes is faster than one by one.
    ///
    /// # Errors
    /// Those of [`Self::encrypt`] for one of the samples. None of the samples must be used then.
    pub fn encrypt_all<'a>(
        &self,
        method: EncryptionMethod,
        samples: &mut dyn Iterator<Item = ClearSample<'a>>,
    ) -> Result<(), FailedSample> {
        match method.scheme {
            Scheme::Cenc | Scheme::Cens => {
                for sample in samples {
                    self.encrypt_counter_mode(method, sample)?;
                }
                Ok(())
            }
            Scheme::Cbc1 | Scheme::Cbcs => chains::encrypt_all(&self.blocks, method, samples),
        }
    }

    fn encrypt_counter_mode(
        &self,
        method: EncryptionMethod,
        sample: ClearSample<'_>,
    ) -> Result<(), FailedSample> {
        let ClearSample {
            number,
            iv,
            bytes,
            subsamples,
        } = sample;
        let mut stream = CounterStream::new(&self.blocks, self.vaes.as_ref(), &iv);
        ProtectedRanges::new(bytes, subsamples)
            .and_then(|ranges| match method.scheme {
                Scheme::Cens => stream.encrypt_by_pattern(method.pattern, ranges),
                _ => stream.encrypt_ranges(ranges),
            })
            .map_err(|error| FailedSample { number, error })
    }
}

#[cfg(test)]
mod tests;
