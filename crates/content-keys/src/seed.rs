// SPDX-License-Identifier: MPL-2.0
//! Keys from a PlayReady key seed. The licence server derives the same keys, so that none is sent to it.

use std::sync::Arc;

use cenc_types::KeyId;
use playready_header::KeySeed;

use super::{Error, KeyProvider, KeyRing, PeriodKeys};

/// A source that derives one key for every track in each crypto period from a key seed.
pub struct SeedKeys {
    kid: KeyId,
    seed: KeySeed,
}

impl SeedKeys {
    /// Creates a source whose first period has the KID `kid`. Later KIDs follow from it: see [`period_kid`].
    pub const fn new(kid: KeyId, seed: KeySeed) -> Self {
        Self { kid, seed }
    }
}

impl KeyProvider for SeedKeys {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let kid = period_kid(self.kid, period);
        Ok(Arc::new(
            KeyRing::single(kid, self.seed.content_key(&kid)).into(),
        ))
    }
}

/// Returns the KID of a crypto period: `first` for period 0, then the version 5 UUID (RFC 9562, 5.5) of the period's number in
/// decimal within the namespace `first`. Packagers with the same first KID therefore agree on all.
///
/// ```
/// let first = "10000000-1000-1000-1000-100000000001".parse()?;
/// // In Python: uuid.uuid5(first, "1").
/// assert_eq!(
///     content_keys::period_kid(first, 1).to_string(),
///     "8648e2b7-069a-52ac-8315-1759d2285621"
/// );
/// # Ok::<(), cenc_types::Error>(())
/// ```
pub fn period_kid(first: KeyId, period: u64) -> KeyId {
    match period {
        0 => first,
        _ => KeyId::from_bytes(
            uuid::Uuid::new_v5(
                &uuid::Uuid::from_bytes(*first.as_bytes()),
                period.to_string().as_bytes(),
            )
            .into_bytes(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cenc_types::{Media, Track};

    // Microsoft's published test seed and the key of this KID, keys.md 3.1; uuid.uuid5() of Python 3.11.
    #[test]
    fn keys_are_derived_and_kids_follow_from_the_first() {
        let kid = "10000000-1000-1000-1000-100000000001".parse().unwrap();
        let seed = KeySeed::parse("XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I").unwrap();
        let mut source = SeedKeys::new(kid, seed);
        let audio = Track {
            track_id: 1,
            media: Media::Audio,
        };
        let keys = source.period_keys(0).unwrap();
        let entry = keys.keys.select(&audio, 0).unwrap().unwrap();
        let published = cenc_types::decode_secret("OiobaN0r2bLusl6ExHdmaA==").unwrap();
        assert_eq!(entry.key.as_bytes().as_slice(), published.as_slice());
        assert_eq!(
            period_kid(kid, 1).to_string(),
            "8648e2b7-069a-52ac-8315-1759d2285621"
        );
        assert_eq!(
            period_kid(kid, 86_400).to_string(),
            "d9c42534-ab31-52b8-9438-2c8c1e2031d0"
        );
    }
}
