// SPDX-License-Identifier: MPL-2.0
//! A content key made ready for a stream: its schedule, its scheme and its unused IVs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{IvSource, SampleCipher, TrackIv};
use cenc_types::{ContentKey, KeyId, Scheme};

/// What all tracks under one key share. It outlives streams, so that IVs go on where they stopped.
pub struct SampleKey {
    kid: KeyId,
    scheme: Scheme,
    cipher: SampleCipher,
    ivs: Arc<Mutex<IvSource>>,
}

impl SampleKey {
    /// Binds `key` to one scheme and one run of IVs.
    pub fn new(kid: KeyId, key: &ContentKey, scheme: Scheme, ivs: IvSource) -> Self {
        Self::drawing_from(kid, key, scheme, Arc::new(Mutex::new(ivs)))
    }

    /// Binds `key` to one scheme and a run of IVs that others draw from too.
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

    /// The key's KID.
    pub const fn kid(&self) -> KeyId {
        self.kid
    }

    /// The scheme that the key is bound to.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The cipher.
    pub const fn cipher(&self) -> &SampleCipher {
        &self.cipher
    }

    /// The IVs not yet used; hold the guard for a fragment, not for each sample.
    pub fn ivs(&self) -> MutexGuard<'_, IvSource> {
        self.ivs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `tenc` says of the IV.
    pub fn track_iv(&self) -> TrackIv {
        match &*self.ivs() {
            IvSource::Constant(iv) => TrackIv::Constant(*iv),
            IvSource::PerSample(ascending) => TrackIv::PerSample(ascending.size()),
        }
    }
}
