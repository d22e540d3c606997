// SPDX-License-Identifier: MPL-2.0
//! Key identifiers and content keys.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use zeroize::Zeroizing;

use host_access::{Random, RandomError};

use super::Error;

/// A KID: 16 bytes in UUID (big-endian) order, as `tenc`, `seig` and `pssh` store it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Creates a KID from 16 bytes in the order of a box.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Generates a random (version 4) KID.
    ///
    /// # Errors
    /// [`RandomError`] if there are no random bytes.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes)?;
        Ok(Self(
            *uuid::Builder::from_random_bytes(bytes).as_uuid().as_bytes(),
        ))
    }

    /// Returns the 16 bytes in UUID order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// True if its bits say that it is a random UUID (RFC 9562, version 4).
    pub const fn is_random(&self) -> bool {
        let [_, _, _, _, _, _, version, _, variant, ..] = self.0;
        version >> 4 == 4 && variant >> 6 == 0b10
    }

    /// True if this is the all-zero KID, which names no key.
    pub fn is_nil(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl FromStr for KeyId {
    type Err = Error;

    /// Reads a UUID or 32 hexadecimal digits, both in UUID byte order.
    fn from_str(text: &str) -> Result<Self, Error> {
        let uuid = uuid::Uuid::try_parse(text.trim()).map_err(|_| Error::BadKeyId)?;
        if uuid.is_nil() {
            return Err(Error::NilKeyId);
        }
        Ok(Self(*uuid.as_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A content key of 16 bytes. It is wiped when dropped and cannot be printed, cloned or compared. Its bytes have one place in memory, which
/// stays the same when the key moves, so that no copy is left behind.
///
/// ```
/// use cenc_types::ContentKey;
///
/// let key = ContentKey::parse("00112233445566778899aabbccddeeff")?;
/// assert_eq!(key.as_bytes(), ContentKey::parse("ABEiM0RVZneImaq7zN3u/w==")?.as_bytes());
/// // An error does not repeat the text, which may be a key with one character too few.
/// let error = ContentKey::parse("00112233445566778899aabbccddeef").err().ok_or("too short")?;
/// assert!(!error.to_string().contains("0011"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ContentKey(Box<Zeroizing<[u8; 16]>>);

impl ContentKey {
    /// Creates a key from its bytes.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the bytes are wiped here, when they are dropped"
    )]
    pub fn from_bytes(bytes: Zeroizing<[u8; 16]>) -> Self {
        Self::copy_of(&bytes)
    }

    /// Creates a key from a copy of bytes that the caller wipes.
    pub fn copy_of(bytes: &[u8; 16]) -> Self {
        let mut key = Self(Box::new(Zeroizing::new([0; 16])));
        key.0.copy_from_slice(bytes);
        key
    }

    /// Generates a random key.
    ///
    /// # Errors
    /// [`RandomError`] if there are no random bytes.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut key = Self::copy_of(&[0; 16]);
        random.fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// Reads 32 hexadecimal digits or the base64 of 16 bytes.
    ///
    /// # Errors
    /// [`Error::BadContentKey`] for anything else; the error does not contain the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let decoded = decode_secret(text).ok_or(Error::BadContentKey)?;
        <&[u8; 16]>::try_from(decoded.as_slice())
            .map(Self::copy_of)
            .map_err(|_| Error::BadContentKey)
    }

    /// Returns the key's bytes. Copy them only to memory that is wiped after use.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Decodes a secret in hex or base64. It is read as hex if it has an even number of characters, all hexadecimal digits.
pub fn decode_secret(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    if text.len().is_multiple_of(2) && text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return decode_hex(text);
    }
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()
        .map(Zeroizing::new)
}

/// Decodes an even number of hexadecimal digits; None for anything else.
pub fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks(2) {
        let &[high, low] = pair else { return None };
        let digit = |c: u8| {
            char::from(c)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        bytes.push(digit(high)? << 4 | digit(low)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_id_reads_uuid_and_hex_in_the_same_order() {
        let uuid: KeyId = "10000000-1000-1000-1000-100000000001".parse().unwrap();
        let hex: KeyId = "10000000100010001000100000000001".parse().unwrap();
        assert_eq!(uuid, hex);
        assert_eq!(uuid.to_string(), "10000000-1000-1000-1000-100000000001");
    }

    #[test]
    fn nil_key_id_is_refused() {
        assert_eq!(
            "00000000-0000-0000-0000-000000000000".parse::<KeyId>(),
            Err(Error::NilKeyId)
        );
        assert_eq!("not a kid".parse::<KeyId>(), Err(Error::BadKeyId));
    }

    // Public test key of Microsoft's cbcs asset.
    #[test]
    fn content_key_reads_hex_and_base64() {
        let base64 = ContentKey::parse("W31bfVt9W31bfVt9W31bfQ==").unwrap();
        let hex = ContentKey::parse("5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d").unwrap();
        assert_eq!(base64.as_bytes(), hex.as_bytes());
    }

    #[test]
    fn content_key_of_another_length_is_refused() {
        for text in [
            "",
            "00",
            "5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d00",
            "W31bfQ==",
            "zz",
        ] {
            assert_eq!(
                ContentKey::parse(text).err(),
                Some(Error::BadContentKey),
                "{text}"
            );
        }
    }
}
