// SPDX-License-Identifier: MPL-2.0
//! KIDs as PlayReady's little-endian GUIDs: the first three fields of the UUID byte-swapped.
//!
//! Headers, AESCTR checksums and key seeds use this order; boxes, manifests and CPIX never do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use cenc_types::KeyId;

use super::Error;

/// Returns the 16 bytes of a KID in GUID order.
///
/// ```
/// use playready_header::guid;
///
/// let kid = "10000000-1000-1000-1000-100000000001".parse()?;
/// assert_eq!(guid::to_guid_bytes(&kid)[..8], [0, 0, 0, 0x10, 0, 0x10, 0, 0x10]);
/// # Ok::<(), cenc_types::Error>(())
/// ```
pub fn to_guid_bytes(kid: &KeyId) -> [u8; 16] {
    Uuid::from_bytes(*kid.as_bytes()).to_bytes_le()
}

/// Returns the KID of 16 bytes in GUID order.
pub fn from_guid_bytes(bytes: [u8; 16]) -> KeyId {
    KeyId::from_bytes(Uuid::from_bytes_le(bytes).into_bytes())
}

/// Returns the base64 of a KID in GUID order, as in a header.
pub fn to_base64(kid: &KeyId) -> String {
    STANDARD.encode(to_guid_bytes(kid))
}

/// Reads the KID of a header.
///
/// # Errors
/// [`Error::BadGuid`] unless the text is the base64 of 16 bytes.
pub fn from_base64(text: &str) -> Result<KeyId, Error> {
    decode(text).map(from_guid_bytes)
}

/// Decodes the 16 bytes of a base64 GUID, without a change of order.
pub(super) fn decode(text: &str) -> Result<[u8; 16], Error> {
    STANDARD
        .decode(text.trim())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(Error::BadGuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Microsoft's "MPEG-DASH for PlayReady", table 2.
    const UUID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    const GUID: &str = "rk8d+Ox90BGnZQCgyR5r9g==";

    #[test]
    fn first_three_fields_are_swapped_both_ways() {
        let kid: KeyId = UUID.parse().unwrap();
        assert_eq!(to_base64(&kid), GUID);
        assert_eq!(from_base64(GUID).unwrap(), kid);
        assert_eq!(from_guid_bytes(to_guid_bytes(&kid)), kid);
    }

    #[test]
    fn text_of_another_length_is_refused() {
        for text in ["", "rk8d+Ox90BGnZQCgyR5r", UUID, "rk8d+Ox90BGnZQCgyR5r9gA="] {
            assert_eq!(from_base64(text), Err(Error::BadGuid), "{text}");
        }
    }
}
