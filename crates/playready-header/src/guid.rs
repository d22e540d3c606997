// SPDX-License-Identifier: MPL-2.0
//! KIDs as PlayReady's little-endian GUIDs: the first three fields of the UUID byte-swapped.
//!
//! Headers, the AESCTR checksum and the key seed want this order; boxes, manifests and CPIX never do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use cenc_types::KeyId;

use super::Error;

/// The 16 bytes of a KID in GUID order.
pub fn to_guid_bytes(kid: &KeyId) -> [u8; 16] {
    Uuid::from_bytes(*kid.as_bytes()).to_bytes_le()
}

/// The KID whose bytes stand in GUID order.
pub fn from_guid_bytes(bytes: [u8; 16]) -> KeyId {
    KeyId::from_bytes(Uuid::from_bytes_le(bytes).into_bytes())
}

/// The base64 of a KID in GUID order, as a header writes it.
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

/// The 16 bytes of a base64 GUID, in the order they stand.
pub(super) fn decode(text: &str) -> Result<[u8; 16], Error> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| Error::BadGuid)?;
    bytes.try_into().map_err(|_| Error::BadGuid)
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
