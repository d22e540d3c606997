// SPDX-License-Identifier: MPL-2.0
//! One buffer of an elementary stream from protected to clear, by what its meta says.

use cenc_types::{KeyId, Scheme};
use common_encryption::{KnownKeys, MissingKey};

use crate::meta::{self, MetaError};

/// What a buffer was before it was decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundBuffer {
    /// Without bytes.
    Empty,
    /// Clear, as its meta says.
    Clear,
    /// Protected by the key of this KID.
    Under(KeyId),
}

/// Decrypts a buffer where it lies and takes its meta away; `scheme` is that of the caps.
pub(super) fn decrypt(
    buffer: &mut gst::BufferRef,
    keys: &KnownKeys,
    scheme: Scheme,
) -> Result<FoundBuffer, DecryptError> {
    let Some(meta) = buffer.meta::<gst::meta::ProtectionMeta>() else {
        // Whether bytes are clear cannot be known without it; none are.
        return match buffer.size() {
            0 => Ok(FoundBuffer::Empty),
            _ => Err(DecryptError::NoMeta),
        };
    };
    let found = meta::read(meta.info(), scheme)?;
    if let Some(found) = &found {
        let key = keys.get(found.kid)?;
        let map = buffer.map_writable();
        let mut map = map.map_err(|_| DecryptError::Unmappable)?;
        key.decrypt(found.method, &found.iv, &mut map, &found.subsamples)?;
    }
    if let Some(meta) = buffer.meta_mut::<gst::meta::ProtectionMeta>() {
        meta.remove().map_err(|_| DecryptError::Unmappable)?;
    }
    Ok(found.map_or(FoundBuffer::Clear, |found| FoundBuffer::Under(found.kid)))
}

/// Why a stream cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecryptError {
    /// The key is not in hand.
    #[error(transparent)]
    NoKey(#[from] MissingKey),
    /// Nothing says what the stream is when it is clear.
    #[error("caps without original-media-type do not say what the clear stream is: {0}")]
    NoType(gst::Caps),
    /// Nothing says how the buffer is protected.
    #[error(
        "a buffer of a protected stream has no protection meta: whether it is clear cannot be known"
    )]
    NoMeta,
    /// The meta cannot be followed.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The meta does not fit the sample.
    #[error(transparent)]
    Cenc(#[from] common_encryption::Error),
    /// The scheme of the caps is unknown.
    #[error(transparent)]
    Value(#[from] cenc_types::Error),
    /// MP4 that cannot be followed.
    #[error(transparent)]
    Mp4(#[from] cenc_mp4::Error),
    /// The input is not given from its start to its end.
    #[error(
        "the input jumps from byte {from} to byte {to}: MP4 is decrypted from its start to its end"
    )]
    Jump {
        /// Where the input stopped.
        from: u64,
        /// Where it goes on.
        to: u64,
    },
    /// The buffer cannot be written.
    #[error("the buffer cannot be changed: upstream must give memory that programs can write")]
    Unmappable,
}
