// SPDX-License-Identifier: MPL-2.0
//! A content key with its key schedule, its scheme and its unused IVs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{IvSource, SampleCipher, TrackIv};
use cenc_types::{ContentKey, KeyId, Scheme};

/// A content key ready to encrypt samples, shared by all tracks under it. It is kept from stream to stream, so that no IV is
/// used twice.
pub struct SampleKey {
    kid: KeyId,
    scheme: Scheme,
    cipher: SampleCipher,
    ivs: Arc<Mutex<IvSource>>,
}

impl SampleKey {
    /// Binds `key` to one scheme and a source of IVs of its own.
    pub fn new(kid: KeyId, key: &ContentKey, scheme: Scheme, ivs: IvSource) -> Self {
        Self::drawing_from(kid, key, scheme, Arc::new(Mutex::new(ivs)))
    }

    /// Binds `key` to one scheme and a source of IVs that it shares with other keys.
    pub fn drawing_from(
        kid: KeyId,
        key: &ContentKey,
        scheme: Scheme,
        ivs: Arc<Mutex<IvSource>>,
    ) -> Self {
        Self {
            kid,
            scheme,
            cipher: SampleCipher::new(key),
            ivs,
        }
    }

    /// Returns the key's KID.
    pub const fn kid(&self) -> KeyId {
        self.kid
    }

    /// Returns the scheme that the key is bound to.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the cipher under this key.
    pub const fn cipher(&self) -> &SampleCipher {
        &self.cipher
    }

    /// Locks the unused IVs. Hold the guard for a whole fragment rather than for each sample.
    pub fn ivs(&self) -> MutexGuard<'_, IvSource> {
        self.ivs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the IV fields of `tenc`.
    pub fn track_iv(&self) -> TrackIv {
        match &*self.ivs() {
            IvSource::Constant(iv) => TrackIv::Constant(*iv),
            IvSource::PerSample(ivs) => TrackIv::PerSample(ivs.size()),
        }
    }
}
