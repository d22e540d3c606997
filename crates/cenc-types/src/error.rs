// SPDX-License-Identifier: MPL-2.0
//! The errors of values in text or bytes.

/// An error in a value; none holds key bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A KID is neither a UUID nor 32 hexadecimal digits.
    #[error("not a key id: give a UUID or 32 hexadecimal digits")]
    BadKeyId,
    /// A KID of 16 zero bytes, which 23001-7 keeps for "no key".
    #[error("the nil key id (all zero) names no key: give the KID of a real key")]
    NilKeyId,
    /// A content key is not 16 bytes in hex (32 digits) or base64 (24 characters).
    #[error("a content key is 16 bytes: give 32 hexadecimal digits or 24 base64 characters")]
    BadContentKey,
    /// A protection scheme that 23001-7 does not define.
    #[error("unknown protection scheme: choose cenc, cens, cbc1 or cbcs")]
    UnknownScheme,
    /// An IV of neither 8 nor 16 bytes.
    #[error("an IV has 8 or 16 bytes: give 16 or 32 hexadecimal digits")]
    BadIv,
}
