// SPDX-License-Identifier: MPL-2.0
//! Why a stream's protection cannot be set up.

use cenc_types::{IvSize, KeyId, Scheme};

use super::ValueError;

/// Errors of setting up protection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A property cannot be read.
    #[error("property {property}: {source}")]
    Property {
        /// The name of the property.
        property: &'static str,
        /// What is wrong with its value, which is not repeated.
        source: ValueError,
    },
    /// No key, or none that can be used.
    #[error(transparent)]
    Keys(#[from] content_keys::Error),
    /// A KID, key, IV or scheme that cannot be used.
    #[error(transparent)]
    Cenc(#[from] common_encryption::Error),
    /// A box cannot be written.
    #[error(transparent)]
    Box(#[from] isobmff_boxes::Error),
    /// A DRM system cannot be told of the keys.
    #[error(transparent)]
    Signaling(#[from] drm_signaling::Error),
    /// A given `pssh` box is not in base64.
    #[error("not base64: give whole pssh boxes in base64, separated by commas")]
    PsshBase64,
    /// A given `pssh` box cannot be read.
    #[error("not a pssh box: {0}; give whole boxes, size and type included")]
    ExtraPssh(#[source] isobmff_boxes::Error),
    /// A KID is to be used with two schemes: PlayReady forbids one {KID, key} in CTR and in CBC.
    #[error(
        "KID {kid} was used with scheme {first} and cannot be used with {second}: take a new key"
    )]
    SchemeChanged {
        /// The KID.
        kid: KeyId,
        /// The scheme it was used with.
        first: Scheme,
        /// The scheme asked for.
        second: Scheme,
    },
    /// A KID is to be used with two sizes of IVs, whose counter blocks could meet.
    #[error(
        "KID {kid} was used with IVs of {} bytes and cannot be used with {}: keep the size, or take a new key",
        first.bytes(), second.bytes()
    )]
    IvSizeChanged {
        /// The KID.
        kid: KeyId,
        /// The size it was used with.
        first: IvSize,
        /// The size asked for.
        second: IvSize,
    },
    /// The pattern encrypts nothing or does not fit its fields.
    #[error(
        "crypt-byte-block must be 1 to 15 and skip-byte-block 0 to 15: {crypt_byte_block}:{skip_byte_block} \
         would leave the media clear or cannot be signaled"
    )]
    BadPattern {
        /// Encrypted blocks.
        crypt_byte_block: u32,
        /// Clear blocks.
        skip_byte_block: u32,
    },
    /// PIFF is asked for with what it cannot say.
    #[error(
        "flavor piff takes scheme cenc with IVs of 8 bytes only: set scheme=cenc and iv-size=8, or flavor=cenc"
    )]
    Piff,
    /// Keys are to change that cannot.
    #[error(
        "crypto-period needs a source with keys for each period: set key-seed with key-id, or a .keys file whose selectors \
         end in @N (period N), such as '*@0'"
    )]
    NoPeriods,
    /// PIFF is asked for with protection that changes.
    #[error(
        "flavor piff takes no crypto-period, clear-lead, rotate-key or protect=false: its boxes tell of one key per track"
    )]
    PiffPeriods,
    /// There are no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}
