// SPDX-License-Identifier: MPL-2.0
//! One sample from clear to protected, whatever carries it: its subsamples, its IV and its cipher text, 23001-7 clause 9.

use codec_headers::{Codec, ProtectableRange, SampleBytes};

use super::{EncryptionMethod, Error, IvSource, SampleCipher, map_subsamples};
use cenc_types::{Iv, Scheme, Subsample};

/// Protects the samples of a track one by one, in decoding order; its buffers are kept from sample to sample.
#[derive(Debug, Default)]
pub struct SampleProtector {
    ranges: Vec<ProtectableRange>,
    map: Vec<Subsample>,
}

/// What a decryptor must be told of a protected sample beside its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectedSample<'a> {
    /// The IV, its own or the constant one.
    pub iv: Iv,
    /// The subsamples; none when the sample is protected as a whole.
    pub subsamples: &'a [Subsample],
}

impl SampleProtector {
    /// Encrypts `sample` in place under the next IV.
    ///
    /// # Errors
    /// Whatever keeps the sample from being protected; its bytes must not be used then.
    pub fn protect(
        &mut self,
        sample: &mut [u8],
        (codec, method): (&mut Codec, EncryptionMethod),
        (cipher, ivs): (&SampleCipher, &mut IvSource),
    ) -> Result<ProtectedSample<'_>, SampleError> {
        let protected = self.map(&*sample, codec, method.scheme)?;
        let iv = ivs.next(protected.div_ceil(16))?;
        cipher.encrypt(method, &iv, sample, &self.map)?;
        Ok(ProtectedSample {
            iv,
            subsamples: &self.map,
        })
    }

    /// Maps a sample and returns how many bytes of it are protected. Samples must come in decoding order.
    ///
    /// # Errors
    /// Damaged codec data, and what [`map_subsamples`] refuses.
    pub fn map(
        &mut self,
        sample: impl SampleBytes,
        codec: &mut Codec,
        scheme: Scheme,
    ) -> Result<u64, SampleError> {
        self.ranges.clear();
        self.map.clear();
        let size = sample.size();
        if !codec.maps_subsamples() {
            return Ok(size as u64);
        }
        codec.protectable_ranges(sample, &mut self.ranges)?;
        let ranges = (self.ranges.as_slice(), codec.alignment());
        map_subsamples(scheme, size, ranges, &mut self.map)?;
        Ok(self.map.iter().map(|s| u64::from(s.protected_bytes)).sum())
    }

    /// The subsamples of the sample mapped last; none when it is protected as a whole.
    pub fn subsamples(&self) -> &[Subsample] {
        &self.map
    }
}

/// Why one sample cannot be protected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// Its codec data is damaged or not understood.
    #[error(transparent)]
    Codec(#[from] codec_headers::Error),
    /// The cipher layer refuses it.
    #[error(transparent)]
    Cenc(#[from] Error),
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use cenc_types::{ContentKey, Pattern};

    /// IVs of samples of `len` bytes, one behind the other, and the last sample.
    fn protect(scheme: Scheme, first: &[u8], len: usize) -> ([Vec<u8>; 3], Vec<u8>) {
        let key = ContentKey::from_bytes(Zeroizing::new([7; 16]));
        let (cipher, pattern) = (SampleCipher::new(&key), Pattern::NONE);
        let mut ivs = IvSource::new(scheme, Iv::new(first).unwrap()).unwrap();
        let mut codec = Codec::new(*b"Opus", None).unwrap();
        let mut protector = SampleProtector::default();
        let mut sample = Vec::new();
        let used = [(); 3].map(|()| {
            sample = vec![5; len];
            let how = (&mut codec, EncryptionMethod { scheme, pattern });
            let protected = protector.protect(&mut sample, how, (&cipher, &mut ivs));
            let protected = protected.unwrap();
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
