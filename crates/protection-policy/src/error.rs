// SPDX-License-Identifier: MPL-2.0
//! Errors of setting up a stream's protection.

use cenc_types::{IvSize, KeyId, Scheme, Track};

use super::ValueError;

/// The reason why a stream cannot be protected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The value of a property is invalid.
    #[error("property {property}: {source}")]
    Property {
        /// The name of the property.
        property: &'static str,
        /// The reason, which does not contain the value.
        source: ValueError,
    },
    /// No usable key.
    #[error(transparent)]
    Keys(#[from] content_keys::Error),
    /// An unusable KID, key, IV or scheme.
    #[error(transparent)]
    Cenc(#[from] common_encryption::Error),
    /// A box cannot be written.
    #[error(transparent)]
    Box(#[from] isobmff_boxes::Error),
    /// The keys cannot be signaled to a DRM system.
    #[error(transparent)]
    Signaling(#[from] drm_signaling::Error),
    /// An extra `pssh` box is not valid base64.
    #[error("not base64: give complete pssh boxes in base64, separated by commas")]
    PsshBase64,
    /// An extra `pssh` box cannot be read.
    #[error("not a pssh box: {0}; give complete boxes, including size and type")]
    ExtraPssh(#[source] isobmff_boxes::Error),
    /// One KID would be used with two schemes. PlayReady forbids the same {KID, key} in CTR and CBC.
    #[error(
        "KID {kid} was used with scheme {first} and cannot be used with {second}: take a new key"
    )]
    SchemeChanged {
        /// The KID.
        kid: KeyId,
        /// The first scheme.
        first: Scheme,
        /// The second scheme.
        second: Scheme,
    },
    /// One KID would be used with IVs of two sizes, whose counter blocks could overlap.
    #[error(
        "KID {kid} was used with IVs of {} bytes and cannot be used with {}: keep the size, or take a new key",
        first.bytes(), second.bytes()
    )]
    IvSizeChanged {
        /// The KID.
        kid: KeyId,
        /// The first size.
        first: IvSize,
        /// The second size.
        second: IvSize,
    },
    /// The pattern encrypts nothing or does not fit its fields.
    #[error(
        "crypt-byte-block must be 1 to 15 and skip-byte-block 0 to 15: {crypt_byte_block}:{skip_byte_block} \
         would leave the media clear or cannot be signaled"
    )]
    BadPattern {
        /// The number of encrypted blocks.
        crypt_byte_block: u32,
        /// The number of clear blocks.
        skip_byte_block: u32,
    },
    /// PIFF cannot signal the settings.
    #[error(
        "flavor piff takes scheme cenc with IVs of 8 bytes only: set scheme=cenc and iv-size=8, or flavor=cenc"
    )]
    Piff,
    /// The source has no keys for crypto periods.
    #[error(
        "crypto-period and cue-action=key need a source with keys for each period: set key-seed with key-id, or a .keys file whose selectors \
         end in @N (period N), such as '*@0'"
    )]
    NoPeriods,
    /// PIFF cannot signal protection that changes in this form.
    #[error(
        "flavor piff takes crypto-period, cue-action=key, rotate-key and switch-at with key-change=embedded only, and no clear-lead, \
         cue-action=clear or protect=false: its boxes signal one key per track"
    )]
    PiffPeriods,
    /// A first IV is given for a key that other streams use too.
    #[error(
        "a first IV for KID {kid} in scheme {scheme} would be used again in the next stream with this key, which reveals the media: \
         leave out iv and the IVs of the .keys file, or set scheme=cbcs"
    )]
    FirstIv {
        /// The KID.
        kid: KeyId,
        /// The scheme.
        scheme: Scheme,
    },
    /// The process has used too many keys to remember the IVs of another.
    #[error(
        "too many keys with first IVs of their own in one process to keep their IVs apart: leave out iv, or start a new process"
    )]
    TooManyKeys,
    /// No track would be protected.
    #[error(
        "nothing in the stream would be protected: it has no video or audio track, and text stays clear unless a key has the \
         selector 'text'; set clear-tracks=* if all of it may stay clear"
    )]
    NothingProtected,
    /// A track would be clear in one crypto period and protected in another.
    #[error(
        "{track} is clear in one crypto period and has a key in period {period}: give it a key for each period, or for none"
    )]
    ProtectionChanged {
        /// The track.
        track: Track,
        /// The later period.
        period: u64,
    },
    /// Leaf licences would have no place in the stream.
    #[error(
        "key-change=embedded puts leaf licences into the moof, which pssh-in leaves out: set pssh-in=moof or pssh-in=init+moof"
    )]
    EmbeddedWithoutMoof,
    /// The source of keys gives no leaf licence for a crypto period.
    #[error(
        "crypto period {period} has no leaf licence for key-change=embedded: let the source of keys give one (license-store of \
         request-key, or a pssh box for PlayReady in CPIX, also by a key store), or set key-change=init"
    )]
    NoLeafLicence {
        /// The crypto period.
        period: u64,
    },
    /// The system gives no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}
