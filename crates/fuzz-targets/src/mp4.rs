// SPDX-License-Identifier: MPL-2.0
//! The packager over any stream: what comes out does not depend on the chunks it came in, and decrypts to what went in.

use std::sync::Arc;

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::{ContentKey, Iv, KeyId, Media, Pattern, Scheme, Track};
use common_encryption::{InitProtection, Protector, TrackProtection};
use common_encryption::{IvSource, Method, SampleKey};

use super::decrypt::decrypt;
use super::stream::{Sample, samples};
use super::tables;

/// The content key of all tracks.
pub const KEY: [u8; 16] = *b"a key for tests.";
/// Its KID.
pub const KID: [u8; 16] = *b"a KID for tests.";
/// Streams up to this length are also pushed byte by byte.
const BYTE_BY_BYTE: usize = 2048;

/// Protects video and audio with one key and one first IV, and leaves text clear.
pub struct FixedKey(Scheme);

impl FixedKey {
    /// `scheme` with the pattern of the field for video.
    pub const fn new(scheme: Scheme) -> Self {
        Self(scheme)
    }
}

impl Protector for FixedKey {
    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn std::error::Error + Send + Sync>> {
        let scheme = self.0;
        let iv = match scheme {
            Scheme::Cbcs | Scheme::Cbc1 => Iv::new(b"the constant IV.")?,
            _ => Iv::new(b"first IV")?,
        };
        let key = ContentKey::from_bytes(KEY.into());
        let kid = KeyId::from_bytes(KID);
        let key = Arc::new(SampleKey::new(
            kid,
            &key,
            scheme,
            IvSource::new(scheme, iv)?,
        ));
        let protection = |track: &Track| {
            let pattern = match track.media {
                Media::Video { .. } if scheme.has_pattern() => Pattern::ONE_IN_TEN,
                Media::Text => return None,
                Media::Video { .. } | Media::Audio => Pattern::NONE,
            };
            Some(TrackProtection {
                key: Arc::clone(&key),
                method: Method { scheme, pattern },
            })
        };
        Ok(InitProtection {
            tracks: tracks.iter().map(protection).collect(),
            pssh: Vec::new(),
        })
    }
}

/// Protects `data`, pushed in chunks whose sizes `sizes` tells, and returns the bytes as a file would hold them.
pub fn protect(
    data: &[u8],
    (scheme, mode): (Scheme, IndexMode),
    sizes: impl IntoIterator<Item = usize>,
) -> Result<Vec<u8>, String> {
    let mut encryptor = Encryptor::new(mode);
    let mut protector = FixedKey::new(scheme);
    let mut outputs = Vec::new();
    let mut sizes = sizes.into_iter();
    let mut rest = data;
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (chunk, behind) = rest.split_at(size);
        let pushed = encryptor.push(BytesMut::from(chunk), &mut protector, &mut outputs);
        pushed.map_err(|error| error.to_string())?;
        rest = behind;
    }
    let finished = encryptor.finish(&mut protector, &mut outputs);
    finished.map_err(|error| error.to_string())?;
    Ok(file(outputs))
}

/// What came out, as a file would hold it.
pub fn file(outputs: Vec<Output<BytesMut>>) -> Vec<u8> {
    let mut file = Vec::new();
    for output in outputs {
        match output {
            Output::Boxes { bytes, .. } => file.extend(bytes),
            Output::Media(bytes) => file.extend(bytes),
            Output::Patch {
                position, bytes, ..
            } => {
                let at = usize::try_from(position).expect("inside the file");
                file[at..at + bytes.len()].copy_from_slice(&bytes);
            }
        }
    }
    file
}

/// Pushes `data` whole, in pieces and byte by byte.
pub fn mp4(data: &[u8]) {
    let mut random = Random::of(data);
    let scheme = match random.below(2) {
        0 => Scheme::Cenc,
        _ => Scheme::Cbcs,
    };
    let whole = protect(data, (scheme, IndexMode::Hold), []);
    let sizes = std::iter::repeat_with(|| 1 + random.below(64));
    let pieces = protect(data, (scheme, IndexMode::Hold), sizes);
    assert_eq!(pieces, whole, "in pieces");
    if data.len() <= BYTE_BY_BYTE {
        let bytes = protect(data, (scheme, IndexMode::Patch), std::iter::repeat(1));
        assert_eq!(bytes, whole, "byte by byte, sidx patched");
    }
    if let Ok(protected) = whole {
        check(data, &protected);
    }
}

/// Every sample is still there, in its order, and decrypts to what it was.
fn check(clear: &[u8], protected: &[u8]) {
    for (clear, protected) in pairs(clear, protected) {
        assert_eq!(clear.bytes, decrypt(KEY, &protected));
    }
}

/// Each sample of a clear stream and what became of it in `made`.
pub fn pairs(clear: &[u8], made: &[u8]) -> Vec<(Sample, Sample)> {
    let mut made = samples(made);
    let clear = match tables::samples(clear) {
        // A progressive file comes out in fragments, each of one track.
        Some(clear) => {
            let order = |track| clear.iter().position(|sample| sample.track == track);
            made.sort_by_key(|sample| order(sample.track));
            clear
        }
        None => samples(clear),
    };
    assert_eq!(clear.len(), made.len());
    let pairs: Vec<_> = clear.into_iter().zip(made).collect();
    assert!(pairs.iter().all(|(clear, made)| clear.track == made.track));
    pairs
}

/// Numbers that depend on nothing but the input (xorshift64), so that a finding comes again.
struct Random(u64);

impl Random {
    fn of(data: &[u8]) -> Self {
        let seed = data.iter();
        Self(seed.fold(0x9e37_79b9_7f4a_7c15, |seed, &byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) | 1
        }))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % limit
    }
}
