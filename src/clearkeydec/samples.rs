// SPDX-License-Identifier: MPL-2.0
//! Decryption of a buffer of an elementary stream according to its protection meta.

use cenc_types::{KeyId, Scheme};
use common_encryption::{KnownKeys, MissingKey};

use super::awaited_keys::RequestError;
use crate::meta::{self, MetaError};

/// The protection of a buffer before it was decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundBuffer {
    /// No bytes.
    Empty,
    /// Clear according to its meta.
    Clear,
    /// Bytes without a meta, or with a meta that cannot be of a protected sample.
    Unknown,
    /// Protected by the key of this KID.
    Protected(KeyId),
}

/// The facts about all samples that the caps state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleFormat {
    pub(super) scheme: Scheme,
    /// True if each protected sample has subsamples, as those of AVC, HEVC and VVC have (ISO/IEC 23001-7, 9.5.2).
    pub(super) has_subsamples: bool,
}

/// Decrypts a buffer in place and removes its meta.
pub(super) fn decrypt(
    buffer: &mut gst::BufferRef,
    keys: &KnownKeys,
    format: SampleFormat,
) -> Result<FoundBuffer, DecryptError> {
    let Some(meta) = buffer.meta::<gst::meta::ProtectionMeta>() else {
        return Ok(match buffer.size() {
            0 => FoundBuffer::Empty,
            _ => FoundBuffer::Unknown,
        });
    };
    let found = meta::read(meta.info(), format.scheme)?;
    // qtdemux gives clear leads of cbcs the meta of the track.
    let is_unknown = found.is_some() && format.has_subsamples && meta::is_of_track(meta.info());
    let found = found.filter(|_| !is_unknown);
    let mut found_kid = None;
    if let Some(found) = &found {
        let mut map = buffer
            .map_writable()
            .map_err(|_| DecryptError::Unmappable)?;
        let (kid, decryptor) = match found.kid {
            Some(kid) => (kid, keys.get(kid)?),
            None => keys.only().ok_or(DecryptError::NoKid)?,
        };
        decryptor.decrypt(found.method, &found.iv, &mut map, &found.subsamples)?;
        found_kid = Some(kid);
    }
    if let Some(meta) = buffer.meta_mut::<gst::meta::ProtectionMeta>() {
        meta.remove().map_err(|_| DecryptError::Unmappable)?;
    }
    Ok(match found_kid {
        Some(kid) => FoundBuffer::Protected(kid),
        None if is_unknown => FoundBuffer::Unknown,
        None => FoundBuffer::Clear,
    })
}

/// The reason why a stream cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecryptError {
    /// The key is not among the given ones.
    #[error(transparent)]
    NoKey(#[from] MissingKey),
    /// The application gave no usable key.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A sample names no KID, and several keys or none could be its key.
    #[error(
        "a protection meta names no KID, as those of Smooth Streaming: give clearkeydec the key of this track by key-id with key"
    )]
    NoKid,
    /// The media type of the clear stream is unknown.
    #[error("caps without original-media-type do not say what the clear stream is: {0}")]
    NoType(gst::Caps),
    /// A buffer has no protection meta, and is in no clear lead.
    #[error(
        "a buffer of a protected stream has no protection meta: whether it is clear cannot be known; put clearkeydec before the demuxer"
    )]
    NoMeta,
    /// The first protected buffer comes late.
    #[error(
        "more than {0} MiB without protection meta begin a protected stream: put clearkeydec before the demuxer, where it reads what is \
         clear"
    )]
    LongLead(usize),
    /// The meta is unusable.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The meta does not fit the sample.
    #[error(transparent)]
    Cenc(#[from] common_encryption::Error),
    /// The scheme of the caps is unknown.
    #[error(transparent)]
    Value(#[from] cenc_types::Error),
    /// Unreadable MP4.
    #[error(transparent)]
    Mp4(#[from] cenc_mp4::Error),
    /// The input is not contiguous.
    #[error(
        "the input jumps from byte {from} to byte {to}: MP4 is decrypted from its start to its end"
    )]
    Jump {
        /// The end of the last input.
        from: u64,
        /// The start of the next input.
        to: u64,
    },
    /// The buffer is not writable.
    #[error("the buffer cannot be changed: upstream must give memory that programs can write")]
    Unmappable,
}
