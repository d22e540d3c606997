// SPDX-License-Identifier: MPL-2.0
//! Text with or without a byte order mark.

use zeroize::Zeroizing;

/// Decodes a text: UTF-16 if it starts with the byte order mark of one of its byte orders, otherwise UTF-8. The mark is left out.
/// Returns None for bytes that are no such text.
///
/// ```
/// use host_access::decode_text;
///
/// assert_eq!(**decode_text(b"\xef\xbb\xbfabc").unwrap(), *"abc");
/// assert_eq!(**decode_text(b"\xff\xfea\0b\0c\0").unwrap(), *"abc");
/// assert!(decode_text(b"\xff").is_none());
/// ```
pub fn decode_text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    match bytes {
        [0xff, 0xfe, units @ ..] => decode_utf16(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => decode_utf16(units, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] | text => {
            Some(Zeroizing::new(std::str::from_utf8(text).ok()?.to_owned()))
        }
    }
}

/// Decodes UTF-16 whose units are read by `unit`. Returns None for half a unit or half a surrogate pair.
///
/// ```
/// use host_access::decode_utf16;
///
/// assert_eq!(**decode_utf16(b"\0a\0b", u16::from_be_bytes).unwrap(), *"ab");
/// assert!(decode_utf16(b"\0", u16::from_be_bytes).is_none());
/// ```
pub fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Zeroizing<String>> {
    let (units, []) = bytes.as_chunks() else {
        return None;
    };
    // A unit takes up to three bytes in UTF-8. With the capacity for all, no copy remains unwiped.
    let mut text = Zeroizing::new(String::with_capacity(units.len() * 3));
    for decoded in char::decode_utf16(units.iter().copied().map(unit)) {
        text.push(decoded.ok()?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The encodings of U+1D11E: RFC 2781, section 5 has others of this kind; Unicode, section 3.9, table 3-4.
    #[test]
    fn each_encoding_gives_the_same_text() {
        for bytes in [
            b"k\xf0\x9d\x84\x9e".as_slice(),
            b"\xef\xbb\xbfk\xf0\x9d\x84\x9e",
            b"\xff\xfek\0\x34\xd8\x1e\xdd",
            b"\xfe\xff\0k\xd8\x34\xdd\x1e",
        ] {
            assert_eq!(**decode_text(bytes).unwrap(), *"k\u{1d11e}", "{bytes:x?}");
        }
        assert_eq!(**decode_text(b"").unwrap(), *"");
    }

    #[test]
    fn damaged_text_is_refused() {
        for bytes in [
            b"\x80".as_slice(),
            b"\xff\xfek",
            b"\xfe\xff\xd8\x34",
            b"\xff",
        ] {
            assert!(decode_text(bytes).is_none(), "{bytes:x?}");
        }
    }
}
