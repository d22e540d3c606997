// SPDX-License-Identifier: MPL-2.0
//! Protection of single samples in any container: subsamples, IV and ciphertext, 23001-7 clause 9.

use codec_headers::{Codec, CodedUnit, ProtectableRange, SampleBytes};

use super::map_check::MappedSample;
use super::{EncryptionMethod, Error, IvSource, SampleCipher, SampleRanges, map_subsamples};
use cenc_types::{Iv, Scheme, Subsample};

/// Protects the samples of a track one by one, in decoding order; its buffers are reused from sample to sample.
///
/// ```
/// use cenc_types::{ContentKey, Iv, Pattern, Scheme};
/// use codec_headers::Codec;
/// use common_encryption::{EncryptionMethod, IvSource, SampleCipher, SampleProtector};
///
/// let key = ContentKey::parse("2b7e151628aed2a6abf7158809cf4f3c")?;
/// let method = EncryptionMethod { scheme: Scheme::Cenc, pattern: Pattern::NONE };
/// let mut codec = Codec::new(*b"Opus", None).unwrap();
/// let mut ivs = IvSource::new(Scheme::Cenc, Iv::new(&[0; 8])?)?;
/// let mut protector = SampleProtector::default();
///
/// let mut sample = [0; 40];
/// let cipher = SampleCipher::new(&key);
/// let protected = protector.protect(&mut sample, &mut codec, method, &cipher, &mut ivs).unwrap();
/// // Audio is protected as a whole.
/// assert!(protected.subsamples.is_empty());
/// assert_eq!(protected.iv.as_bytes(), [0; 8]);
/// # Ok::<(), common_encryption::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct SampleProtector {
    ranges: Vec<ProtectableRange>,
    units: Vec<CodedUnit>,
    map: Vec<Subsample>,
}

/// The parameters, in addition to the key, that a decryptor needs for a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectedSample<'a> {
    /// The sample's own IV, or the constant one.
    pub iv: Iv,
    /// The subsamples; empty if the sample is protected as a whole.
    pub subsamples: &'a [Subsample],
}

impl SampleProtector {
    /// Encrypts `sample` in place under the next IV.
    ///
    /// # Errors
    /// [`SampleError`], after which the bytes of `sample` must not be used.
    pub fn protect(
        &mut self,
        sample: &mut [u8],
        codec: &mut Codec,
        method: EncryptionMethod,
        cipher: &SampleCipher,
        ivs: &mut IvSource,
    ) -> Result<ProtectedSample<'_>, SampleError> {
        let protected = self.map(&*sample, codec, method.scheme)?;
        let iv = ivs.next(protected.div_ceil(16))?;
        cipher.encrypt(method, &iv, sample, &self.map)?;
        Ok(ProtectedSample {
            iv,
            subsamples: &self.map,
        })
    }

    /// Maps the subsamples of a sample and returns its number of protected bytes. Samples must come in decoding order.
    ///
    /// # Errors
    /// [`SampleError::Codec`] for damaged codec data, the errors of [`map_subsamples`], and [`Error::WrongMap`] if the map would leave a
    /// part of the media clear.
    pub fn map(
        &mut self,
        mut sample: impl SampleBytes,
        codec: &mut Codec,
        scheme: Scheme,
    ) -> Result<u64, SampleError> {
        self.map.clear();
        let len = sample.size();
        if !codec.maps_subsamples() {
            return Ok(len as u64);
        }
        self.ranges.clear();
        codec.protectable_ranges(&mut sample, &mut self.ranges)?;
        let alignment = codec.alignment();
        let ranges = SampleRanges {
            sample_len: len,
            ranges: &self.ranges,
            alignment,
        };
        map_subsamples(scheme, &ranges, &mut self.map)?;
        self.units.clear();
        codec.coded_units(&mut sample, &mut self.units)?;
        Ok(MappedSample {
            scheme,
            alignment,
            len,
            units: &self.units,
            ranges: &self.ranges,
            map: &self.map,
        }
        .check()?)
    }

    /// Returns the subsamples of the last sample; empty if it is protected as a whole.
    pub fn subsamples(&self) -> &[Subsample] {
        &self.map
    }
}

/// The reason why a sample cannot be protected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// The codec data is damaged or not supported.
    #[error(transparent)]
    Codec(#[from] codec_headers::Error),
    /// The sample cannot be mapped or encrypted.
    #[error(transparent)]
    Cenc(#[from] Error),
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use cenc_types::{ContentKey, Pattern};

    /// The IVs of three consecutive samples of `len` bytes, and the last sample protected.
    fn protect(scheme: Scheme, first: &[u8], len: usize) -> ([Vec<u8>; 3], Vec<u8>) {
        let key = ContentKey::from_bytes(Zeroizing::new([7; 16]));
        let (cipher, pattern) = (SampleCipher::new(&key), Pattern::NONE);
        let mut ivs = IvSource::new(scheme, Iv::new(first).unwrap()).unwrap();
        let mut codec = Codec::new(*b"Opus", None).unwrap();
        let mut protector = SampleProtector::default();
        let mut sample = Vec::new();
        let used = [(); 3].map(|()| {
            sample = vec![5; len];
            let method = EncryptionMethod { scheme, pattern };
            let protected = protector
                .protect(&mut sample, &mut codec, method, &cipher, &mut ivs)
                .unwrap();
            assert!(protected.subsamples.is_empty(), "audio has no subsamples");
            protected.iv.as_bytes().to_vec()
        });
        (used, sample)
    }

    #[test]
    fn audio_sample_is_protected_whole() {
        let (_, sample) = protect(Scheme::Cenc, &[1; 16], 33);
        let unchanged = sample.iter().filter(|byte| **byte == 5).count();
        assert!(unchanged < 5, "{sample:?}");
    }

    // 23001-7 clause 9.2: an 8-byte IV steps by samples, a 16-byte one by blocks, of which 40 bytes take three.
    #[test]
    fn ivs_step_by_samples_or_by_the_blocks_that_the_sample_took() {
        for (scheme, first, last_bytes) in [
            (Scheme::Cenc, [0; 8].as_slice(), [0, 1, 2]),
            (Scheme::Cbc1, &[0; 16], [0, 3, 6]),
            (Scheme::Cbcs, &[9; 16], [9, 9, 9]),
        ] {
            let (used, _) = protect(scheme, first, 40);
            assert_eq!(used.map(|iv| *iv.last().unwrap()), last_bytes);
        }
    }
}
