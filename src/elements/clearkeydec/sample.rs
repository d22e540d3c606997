// SPDX-License-Identifier: MPL-2.0
//! One buffer from protected to clear, by what its meta says.

use std::collections::HashMap;

use crate::cenc::{self, KeyId, SampleDecryptor, Scheme};
use crate::keys::KeyRing;

use super::super::meta::{self, MetaError};

/// The keys in hand, ready to decrypt; the KID in each buffer's meta chooses among them.
#[derive(Default)]
pub(super) struct Decryptors(HashMap<KeyId, SampleDecryptor>);

impl Decryptors {
    pub(super) fn new(keys: &KeyRing) -> Self {
        let entries = keys.entries().iter();
        let decryptors = entries.map(|entry| (entry.kid, SampleDecryptor::new(&entry.key)));
        Self(decryptors.collect())
    }

    /// Decrypts a buffer where it lies and takes its meta away; `scheme` is that of the caps.
    pub(super) fn decrypt(
        &self,
        buffer: &mut gst::BufferRef,
        scheme: Scheme,
    ) -> Result<(), DecryptError> {
        let Some(meta) = buffer.meta::<gst::meta::ProtectionMeta>() else {
            // Whether bytes are clear cannot be known without it; none are.
            return match buffer.size() {
                0 => Ok(()),
                _ => Err(DecryptError::NoMeta),
            };
        };
        if let Some(found) = meta::read(meta.info(), scheme)? {
            let decryptor = self.0.get(&found.kid);
            let decryptor = decryptor.ok_or(DecryptError::NoKey(found.kid))?;
            let map = buffer.map_writable();
            let mut map = map.map_err(|_| DecryptError::Unmappable)?;
            decryptor.decrypt(found.method, &found.iv, &mut map, &found.subsamples)?;
        }
        if let Some(meta) = buffer.meta_mut::<gst::meta::ProtectionMeta>() {
            meta.remove().map_err(|_| DecryptError::Unmappable)?;
        }
        Ok(())
    }
}

/// Why a buffer cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub(in crate::elements) enum DecryptError {
    /// The key is not in hand.
    #[error("no key for KID {0}: give it by key-uri, or by key-id with key")]
    NoKey(KeyId),
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
    /// The meta does not fit the sample, or the scheme of the caps is unknown.
    #[error(transparent)]
    Cenc(#[from] cenc::Error),
    /// The buffer cannot be written.
    #[error("the buffer cannot be changed")]
    Unmappable,
}
