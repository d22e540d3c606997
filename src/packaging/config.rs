// SPDX-License-Identifier: MPL-2.0
//! What the operator asked for, checked and complete.

use crate::cenc::{Iv, IvSize, Media, Method, Pattern, Scheme};
use crate::keys::KeyRing;
use crate::playready::VersionChoice;
use crate::playready::header::{AbsoluteUrl, CustomAttributes, ServiceId};

use super::Error;

/// How a stream is to be protected.
pub struct Config {
    /// The scheme of all tracks.
    pub scheme: Scheme,
    /// The pattern of video tracks, for `cens` and `cbcs`.
    pub pattern: Pattern,
    /// Where IVs start.
    pub iv: IvConfig,
    /// The keys.
    pub keys: KeyRing,
    /// What the PlayReady Header says beside the KIDs.
    pub header: HeaderConfig,
}

/// Where IVs start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IvConfig {
    /// Anywhere: a random first IV. The CBC schemes take 16 bytes, whatever is said here.
    Random(IvSize),
    /// At a given IV.
    First(Iv),
}

/// What the PlayReady Header and Object say beside the KIDs.
#[derive(Default)]
pub struct HeaderConfig {
    /// WRMHEADER version.
    pub version: VersionChoice,
    /// LA_URL.
    pub la_url: Option<AbsoluteUrl>,
    /// LUI_URL.
    pub lui_url: Option<AbsoluteUrl>,
    /// DS_ID.
    pub ds_id: Option<ServiceId>,
    /// CUSTOMATTRIBUTES.
    pub custom_attributes: Option<CustomAttributes>,
    /// DECRYPTORSETUP ONDEMAND.
    pub on_demand: bool,
    /// LICENSEREQUESTED.
    pub license_requested: Option<bool>,
    /// Bytes reserved for an embedded licence store; none when 0.
    pub license_store_size: usize,
    /// Whether the `pssh` is of version 1, which lists the KIDs.
    pub pssh_lists_kids: bool,
}

impl Config {
    /// A pattern from its two numbers of blocks.
    ///
    /// # Errors
    /// [`Error::BadPattern`] when nothing would be encrypted or a number outgrows its four bits.
    pub fn pattern(crypt_byte_block: u32, skip_byte_block: u32) -> Result<Pattern, Error> {
        let bad = Error::BadPattern {
            crypt_byte_block,
            skip_byte_block,
        };
        let nibble = |blocks: u32| u8::try_from(blocks).ok().filter(|blocks| *blocks < 16);
        match (nibble(crypt_byte_block), nibble(skip_byte_block)) {
            (Some(crypt_byte_block @ 1..), Some(skip_byte_block)) => Ok(Pattern {
                crypt_byte_block,
                skip_byte_block,
            }),
            _ => Err(bad),
        }
    }

    /// What is done with the samples of a track: the pattern is for video only (23001-7 clause 9.7).
    pub(super) const fn method(&self, media: Media) -> Method {
        let pattern = match media {
            Media::Video { .. } if self.scheme.has_pattern() => self.pattern,
            Media::Video { .. } | Media::Audio | Media::Text => Pattern::NONE,
        };
        Method {
            scheme: self.scheme,
            pattern,
        }
    }

    /// The first IV of a key for which none is given.
    pub(super) fn first_iv(&self) -> Result<Iv, Error> {
        Ok(match (self.iv, self.scheme) {
            (IvConfig::First(iv), _) => iv,
            (IvConfig::Random(size), Scheme::Cenc | Scheme::Cens) => Iv::generate(size)?,
            (IvConfig::Random(_), Scheme::Cbc1 | Scheme::Cbcs) => Iv::generate(IvSize::Sixteen)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_must_encrypt_and_fit() {
        assert_eq!(Config::pattern(1, 9).unwrap(), Pattern::ONE_IN_TEN);
        assert!(Config::pattern(15, 15).is_ok());
        assert!(Config::pattern(1, 0).is_ok());
        for (crypt, skip) in [(0, 9), (0, 0), (16, 1), (1, 16), (u32::MAX, 0)] {
            assert!(Config::pattern(crypt, skip).is_err(), "{crypt}:{skip}");
        }
    }
}
