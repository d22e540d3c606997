// SPDX-License-Identifier: MPL-2.0
//! Keys from a PlayReady key seed: the licence server computes the same ones, so that none is handed over.

use std::sync::Arc;

use cenc_types::KeyId;
use playready_header::KeySeed;

use super::{Error, KeyProvider, KeyRing, PeriodKeys};

/// One key for every track in each crypto period.
pub struct SeedKeys {
    kid: KeyId,
    seed: KeySeed,
}

impl SeedKeys {
    /// A source whose first period has the KID `kid`; those of later ones follow from it.
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
        let keys = KeyRing::single(kid, self.seed.content_key(&kid));
        Ok(Arc::new(keys.into()))
    }
}

/// The KID of a crypto period: `first` itself for the first, then the version 5 UUID (RFC 9562) of the period's number in
/// decimal within the namespace `first`, so that packagers that know the first KID agree on all.
pub fn period_kid(first: KeyId, period: u64) -> KeyId {
    match period {
        0 => first,
        _ => {
            let namespace = uuid::Uuid::from_bytes(*first.as_bytes());
            let name = period.to_string();
            let kid = uuid::Uuid::new_v5(&namespace, name.as_bytes());
            KeyId::from_bytes(kid.into_bytes())
        }
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
