// SPDX-License-Identifier: MPL-2.0
//! KIDs in their notations: UUID, hexadecimal digits, and the base64 of PlayReady Headers.

use cenc_types::KeyId;
use playready_header::guid;
use serde::Serialize;

/// A text that is no KID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// None of the notations.
    #[error(
        "not a KID: give a UUID, with braces or without, 32 hexadecimal digits, or the 24 base64 characters of a PlayReady Header"
    )]
    Unknown,
    /// All zero.
    #[error("the nil key id (all zero) names no key: give the KID of a real key")]
    Nil,
}

/// A KID in each notation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct KeyIdForms {
    /// The form in boxes, MPDs and CPIX documents.
    pub uuid: String,
    /// The same byte order in 32 hexadecimal digits, the form in HLS and FFmpeg.
    pub hex: String,
    /// Base64 in PlayReady order, a little-endian GUID: the form in PlayReady Headers and licence servers.
    pub base64_playready: String,
}

impl From<KeyId> for KeyIdForms {
    fn from(kid: KeyId) -> Self {
        Self {
            uuid: kid.to_string(),
            hex: kid.to_string().replace('-', ""),
            base64_playready: guid::to_base64(&kid),
        }
    }
}

/// Reads a UUID or GUID with braces or without, 32 hexadecimal digits in the same order, or base64 in PlayReady order.
///
/// ```
/// use key_server::operations::kid;
///
/// // One KID in two notations, from Microsoft's DASH specification, table 2.
/// let uuid = kid::read("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
/// assert_eq!(kid::read("rk8d+Ox90BGnZQCgyR5r9g==")?, uuid);
/// # Ok::<(), kid::Error>(())
/// ```
///
/// # Errors
/// [`Error`].
pub fn read(text: &str) -> Result<KeyId, Error> {
    let kid = match text.parse::<KeyId>() {
        Err(cenc_types::Error::NilKeyId) => return Err(Error::Nil),
        Err(_) => guid::from_base64(text).map_err(|_| Error::Unknown)?,
        Ok(kid) => kid,
    };
    match kid.is_nil() {
        true => Err(Error::Nil),
        false => Ok(kid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    // Microsoft's DASH specification, table 2, has one KID in boxes and in a PlayReady Header.
    #[test]
    fn all_notations_are_one_kid() {
        let forms = KeyIdForms {
            uuid: KID.to_owned(),
            hex: "f81d4fae7dec11d0a76500a0c91e6bf6".to_owned(),
            base64_playready: "rk8d+Ox90BGnZQCgyR5r9g==".to_owned(),
        };
        let braces = format!("{{{}}}", KID.to_uppercase());
        for text in [
            KID,
            &braces,
            &forms.hex,
            &forms.base64_playready,
            " rk8d+Ox90BGnZQCgyR5r9g==\n",
        ] {
            assert_eq!(
                read(text).map(KeyIdForms::from),
                Ok(forms.clone()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_kid_is_refused() {
        for text in ["", "1", "f81d4fae", "rk8d+Ox90BGnZQCgyR5r", "{f81d4fae}"] {
            assert_eq!(read(text), Err(Error::Unknown), "{text}");
        }
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "AAAAAAAAAAAAAAAAAAAAAA==",
        ] {
            assert_eq!(read(text), Err(Error::Nil), "{text}");
        }
    }
}
