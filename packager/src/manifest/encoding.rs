// SPDX-License-Identifier: MPL-2.0
//! The character encoding of a manifest: UTF-8, or UTF-16 as in the manifests of Smooth Streaming.

use std::mem;

use host_access::decode_utf16;

/// The character encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16LittleEndian,
    Utf16BigEndian,
}

/// A text that was read from a file.
#[derive(Debug)]
pub struct EncodedText {
    /// The text, with its byte order mark if it has one.
    pub text: String,
    /// The encoding in the file.
    pub encoding: Encoding,
}

impl EncodedText {
    /// Decodes the bytes of a file by their byte order mark, or by the `<` of an XML document; None if they are malformed.
    pub fn decode(bytes: Vec<u8>) -> Option<Self> {
        let encoding = match bytes.as_slice() {
            [0xff, 0xfe, ..] | [b'<', 0, ..] => Encoding::Utf16LittleEndian,
            [0xfe, 0xff, ..] | [0, b'<', ..] => Encoding::Utf16BigEndian,
            _ => Encoding::Utf8,
        };
        let text = match encoding {
            Encoding::Utf8 => String::from_utf8(bytes).ok()?,
            Encoding::Utf16LittleEndian => {
                mem::take(&mut *decode_utf16(&bytes, u16::from_le_bytes)?)
            }
            Encoding::Utf16BigEndian => mem::take(&mut *decode_utf16(&bytes, u16::from_be_bytes)?),
        };
        Some(Self { text, encoding })
    }
}

impl Encoding {
    /// Encodes a text.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16LittleEndian => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16BigEndian => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_encoding() {
        for (bytes, text) in [
            (&b"\xff\xfe<\0\xac\x20"[..], "\u{feff}<€"),
            (b"\xfe\xff\0<\x20\xac", "\u{feff}<€"),
            (b"<\0a\0", "<a"),
            (b"\xef\xbb\xbf<", "\u{feff}<"),
            (b"#EXTM3U", "#EXTM3U"),
            (b"", ""),
        ] {
            let decoded = EncodedText::decode(bytes.to_vec()).unwrap();
            assert_eq!(decoded.text, text);
            assert_eq!(decoded.encoding.encode(&decoded.text), bytes);
        }
        for malformed in [&b"\xff\xfe<"[..], b"\xff\xfe\0\xd8", b"\xe9"] {
            assert!(EncodedText::decode(malformed.to_vec()).is_none());
        }
    }
}
