// SPDX-License-Identifier: MPL-2.0
//! `GstProtectionMeta`: the protection of a buffer, with the fields and types of qtdemux.

use cenc_types::{Iv, IvSize, KeyId, Pattern, Scheme, Subsample};
use common_encryption::TrackProtection;
use common_encryption::{EncryptionMethod, ProtectedSample, TrackIv};

/// The name of the meta's structure for every scheme.
const NAME: &str = "application/x-cenc";
const ENCRYPTED: &str = "encrypted";
const IV: &str = "iv";
const IV_SIZE: &str = "iv_size";
const CONSTANT_IV_SIZE: &str = "constant_iv_size";
const KID: &str = "kid";
const CIPHER_MODE: &str = "cipher-mode";
const CRYPT_BYTE_BLOCK: &str = "crypt_byte_block";
const SKIP_BYTE_BLOCK: &str = "skip_byte_block";
const SUBSAMPLE_COUNT: &str = "subsample_count";
const SUBSAMPLES: &str = "subsamples";
/// The size of a subsample: UInt16 and UInt32.
const SUBSAMPLE_SIZE: usize = 6;

/// Creates the metas for one key from their common fields.
pub(super) struct Metas {
    sample: gst::Structure,
    clear: gst::Structure,
    /// True if each sample's meta has an IV of its own.
    is_constant: bool,
}

impl Metas {
    /// Makes the metas. For a constant IV too, iv_size is its size, since decryptors take a buffer with 0 for clear.
    pub(super) fn new(protection: &TrackProtection) -> Self {
        let TrackProtection { key, method, .. } = protection;
        let EncryptionMethod { scheme, pattern } = *method;
        let has_pattern = scheme.has_pattern() && pattern != Pattern::NONE;
        let (iv_size, constant) = match key.track_iv() {
            TrackIv::PerSample(size) => (size, None),
            TrackIv::Constant(iv) => (iv.size(), Some(buffer(iv.as_bytes()))),
        };
        let clear = gst::Structure::builder(NAME)
            .field(IV_SIZE, 0u32)
            .field(ENCRYPTED, false)
            .field(KID, buffer(key.kid().as_bytes()))
            .field(CIPHER_MODE, scheme.name())
            .field(SUBSAMPLE_COUNT, 0u32)
            .build();
        let mut sample = clear.clone();
        sample.set(IV_SIZE, if iv_size == IvSize::Eight { 8u32 } else { 16 });
        sample.set(ENCRYPTED, true);
        sample.set_if(
            CRYPT_BYTE_BLOCK,
            u32::from(pattern.crypt_byte_block),
            has_pattern,
        );
        sample.set_if(
            SKIP_BYTE_BLOCK,
            u32::from(pattern.skip_byte_block),
            has_pattern,
        );
        let is_constant = constant.is_some();
        sample.set_if_some(IV, constant);
        Self {
            sample,
            clear,
            is_constant,
        }
    }

    /// Returns the fields for a protected buffer.
    pub(super) fn sample(&self, sample: &ProtectedSample<'_>) -> gst::Structure {
        let mut info = self.sample.clone();
        if !self.is_constant {
            info.set(IV, buffer(sample.iv.as_bytes()));
        }
        if !sample.subsamples.is_empty() {
            info.set(
                SUBSAMPLE_COUNT,
                u32::try_from(sample.subsamples.len())
                    .expect("the map was made with a 16-bit count"),
            );
            info.set(SUBSAMPLES, map(sample.subsamples));
        }
        info
    }

    /// Returns the fields for a clear buffer in a protected stream.
    pub(super) fn clear(&self) -> gst::Structure {
        self.clear.clone()
    }
}

fn buffer(bytes: &[u8]) -> gst::Buffer {
    filled(bytes.len(), |to| to.copy_from_slice(bytes))
}

fn map(subsamples: &[Subsample]) -> gst::Buffer {
    filled(subsamples.len() * SUBSAMPLE_SIZE, |to| {
        let (entries, _) = to.as_chunks_mut::<SUBSAMPLE_SIZE>();
        for (entry, subsample) in entries.iter_mut().zip(subsamples) {
            let [a, b] = subsample.clear_bytes.to_be_bytes();
            let [c, d, e, f] = subsample.protected_bytes.to_be_bytes();
            *entry = [a, b, c, d, e, f];
        }
    })
}

/// Makes a buffer with its bytes in the same allocation, which is cheaper than wrapping a vector.
fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> gst::Buffer {
    let mut buffer = gst::Buffer::with_size(len).expect("system memory of a few bytes");
    let only = buffer.get_mut().expect("nobody else has it");
    fill(&mut only.map_writable().expect("system memory is writable"));
    buffer
}

/// The protection of a buffer, read from its meta.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FoundSample {
    /// None if the demuxer does not know it, as that of Smooth Streaming, whose fragments name no KID.
    pub(super) kid: Option<KeyId>,
    pub(super) method: EncryptionMethod,
    pub(super) iv: Iv,
    pub(super) subsamples: Vec<Subsample>,
}

/// Reads the fields of a meta; None if the buffer is clear. `scheme` applies if they name none.
///
/// # Errors
/// The field that is missing or out of range.
pub(super) fn read(
    info: &gst::StructureRef,
    scheme: Scheme,
) -> Result<Option<FoundSample>, MetaError> {
    if !required::<bool>(info, ENCRYPTED)? {
        return Ok(None);
    }
    let scheme = match optional::<&str>(info, CIPHER_MODE)? {
        Some(name) => name.parse().map_err(MetaError::Cenc)?,
        None => scheme,
    };
    let kid = match info.has_field(KID) {
        true => Some(
            bytes(info, KID)?
                .try_into()
                .map_err(|_| MetaError::Field(KID))?,
        ),
        false => None,
    };
    Ok(Some(FoundSample {
        kid: kid.map(KeyId::from_bytes),
        method: EncryptionMethod {
            scheme,
            pattern: Pattern {
                crypt_byte_block: blocks(info, CRYPT_BYTE_BLOCK)?,
                skip_byte_block: blocks(info, SKIP_BYTE_BLOCK)?,
            },
        },
        iv: read_iv(info)?,
        subsamples: read_subsamples(info)?,
    }))
}

/// True if a meta has only what the track says of all samples, as qtdemux gives it where a fragment has no sample auxiliary information.
pub(super) fn is_of_track(info: &gst::StructureRef) -> bool {
    info.has_field(CONSTANT_IV_SIZE) && !info.has_field(SUBSAMPLE_COUNT)
}

/// Reads the IV, which is the constant one if iv_size is 0.
fn read_iv(info: &gst::StructureRef) -> Result<Iv, MetaError> {
    let iv = Iv::new(&bytes(info, IV)?).map_err(MetaError::Cenc)?;
    let size = match required::<u32>(info, IV_SIZE)? {
        0 => required(info, CONSTANT_IV_SIZE)?,
        size => size,
    };
    match usize::try_from(size) == Ok(iv.size().bytes()) {
        true => Ok(iv),
        false => Err(MetaError::Field(IV_SIZE)),
    }
}

/// Reads the subsamples. qtdemux leaves their count out if the track has none.
fn read_subsamples(info: &gst::StructureRef) -> Result<Vec<Subsample>, MetaError> {
    let count = optional::<u32>(info, SUBSAMPLE_COUNT)?.unwrap_or(0);
    if count == 0 {
        return Ok(Vec::new());
    }
    let map = bytes(info, SUBSAMPLES)?;
    let (entries, rest) = map.as_chunks::<SUBSAMPLE_SIZE>();
    if !rest.is_empty() || u32::try_from(entries.len()) != Ok(count) {
        return Err(MetaError::Field(SUBSAMPLES));
    }
    Ok(entries
        .iter()
        .map(|&[a, b, c, d, e, f]| Subsample {
            clear_bytes: u16::from_be_bytes([a, b]),
            protected_bytes: u32::from_be_bytes([c, d, e, f]),
        })
        .collect())
}

fn blocks(info: &gst::StructureRef, name: &'static str) -> Result<u8, MetaError> {
    let blocks = optional::<u32>(info, name)?.unwrap_or(0);
    u8::try_from(blocks)
        .ok()
        .filter(|blocks| *blocks < 16)
        .ok_or(MetaError::Field(name))
}

fn bytes(info: &gst::StructureRef, name: &'static str) -> Result<Vec<u8>, MetaError> {
    let buffer: gst::Buffer = required(info, name)?;
    Ok(buffer
        .map_readable()
        .map_err(|_| MetaError::Field(name))?
        .to_vec())
}

fn required<'a, T: gst::glib::value::FromValue<'a>>(
    info: &'a gst::StructureRef,
    name: &'static str,
) -> Result<T, MetaError> {
    optional(info, name)?.ok_or(MetaError::Field(name))
}

fn optional<'a, T: gst::glib::value::FromValue<'a>>(
    info: &'a gst::StructureRef,
    name: &'static str,
) -> Result<Option<T>, MetaError> {
    info.get_optional(name).map_err(|_| MetaError::Field(name))
}

/// The reason why a meta is unusable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MetaError {
    /// A field is missing, of another type or out of range.
    #[error("protection meta without a usable {0}: the element that made it is at fault")]
    Field(&'static str),
    /// An invalid scheme or IV.
    #[error("protection meta: {0}")]
    Cenc(cenc_types::Error),
}

#[cfg(test)]
mod tests;
