// SPDX-License-Identifier: MPL-2.0
//! The data of Widevine's `pssh`: the protobuf message WidevinePsshData, as Shaka Packager publishes it.
//!
//! The message is written and read by hand: only four of its fields are used, and a protobuf crate would need a code generator.

use cenc_types::KeyId;

use crate::Error;

const KEY_ID: u64 = 2;
const PROVIDER: u64 = 3;
const CONTENT_ID: u64 = 4;
const PROTECTION_SCHEME: u64 = 9;

/// Wire types, in the low three bits of a field's tag.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// The data of a Widevine `pssh` box.
///
/// ```
/// use drm_signaling::WidevineData;
///
/// // Encoded by Google's protobuf for Python.
/// let message = b"\x12\x100123456789abcdef\x1a\x0dwidevine_test\x48\xf3\xc6\x89\x9b\x06";
/// let data = WidevineData::parse(message)?;
/// assert_eq!(data.key_ids[0].as_bytes(), b"0123456789abcdef");
/// assert_eq!(data.provider.as_deref(), Some("widevine_test"));
/// assert_eq!(data.protection_scheme, Some(*b"cbcs"));
/// assert_eq!(data.to_bytes(), message);
/// # Ok::<(), drm_signaling::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WidevineData {
    /// The KIDs.
    pub key_ids: Vec<KeyId>,
    /// The content provider's name at the licence server.
    pub provider: Option<String>,
    /// The provider's id of the content.
    pub content_id: Option<Vec<u8>>,
    /// scheme_type of the protection; absent in old content, which is AES-CTR.
    pub protection_scheme: Option<[u8; 4]>,
}

impl WidevineData {
    /// Reads the message and skips unused fields.
    ///
    /// # Errors
    /// [`Error::WidevineMessage`] for bytes that are not such a message, [`Error::WidevineKeyId`] for a KID that is not 16 bytes.
    pub fn parse(data: &[u8]) -> Result<Self, Error> {
        let mut read = Self::default();
        let mut left = data;
        while !left.is_empty() {
            let (field, value) = read_field(&mut left).ok_or(Error::WidevineMessage)?;
            match (field, value) {
                (KEY_ID, FieldValue::Bytes(kid)) => {
                    read.key_ids.push(KeyId::from_bytes(
                        kid.try_into()
                            .map_err(|_| Error::WidevineKeyId(kid.len()))?,
                    ));
                }
                (PROVIDER, FieldValue::Bytes(name)) => {
                    read.provider = Some(String::from_utf8_lossy(name).into_owned());
                }
                (CONTENT_ID, FieldValue::Bytes(id)) => read.content_id = Some(id.to_vec()),
                (PROTECTION_SCHEME, FieldValue::Number(fourcc)) => {
                    read.protection_scheme = Some(
                        u32::try_from(fourcc)
                            .map_err(|_| Error::WidevineMessage)?
                            .to_be_bytes(),
                    );
                }
                _ => (),
            }
        }
        Ok(read)
    }

    /// Writes the message, with its fields in rising order as protobuf encoders write them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for kid in &self.key_ids {
            push_bytes(&mut out, KEY_ID, kid.as_bytes());
        }
        if let Some(provider) = &self.provider {
            push_bytes(&mut out, PROVIDER, provider.as_bytes());
        }
        if let Some(content_id) = &self.content_id {
            push_bytes(&mut out, CONTENT_ID, content_id);
        }
        if let Some(fourcc) = self.protection_scheme {
            push_varint(&mut out, PROTECTION_SCHEME << 3 | VARINT);
            push_varint(&mut out, u32::from_be_bytes(fourcc).into());
        }
        out
    }
}

enum FieldValue<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A number of fixed size, which no used field has.
    Fixed,
}

/// Reads the next field's number and value. Returns None if the bytes are not a message.
fn read_field<'a>(left: &mut &'a [u8]) -> Option<(u64, FieldValue<'a>)> {
    let tag = read_varint(left)?;
    let value = match tag & 7 {
        VARINT => FieldValue::Number(read_varint(left)?),
        FIXED_64 => read_bytes(left, 8).map(|_| FieldValue::Fixed)?,
        LENGTH_DELIMITED => {
            let len = usize::try_from(read_varint(left)?).ok()?;
            FieldValue::Bytes(read_bytes(left, len)?)
        }
        FIXED_32 => read_bytes(left, 4).map(|_| FieldValue::Fixed)?,
        _ => return None,
    };
    Some((tag >> 3, value)).filter(|(field, _)| *field > 0)
}

fn read_bytes<'a>(left: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = left.split_at_checked(len)?;
    *left = rest;
    Some(taken)
}

/// Reads seven bits from each byte, the lowest first. The top bit of a byte is set if more bytes follow.
fn read_varint(left: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = left.split_first()?;
        *left = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn push_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    push_varint(out, field << 3 | LENGTH_DELIMITED);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Encoded by Google's protobuf 7.36 for Python.
    const PROTOC: &[u8] =
        b"\x12\x100123456789abcdef\x1a\x0dwidevine_test\x22\x03\x00\xffz\x48\xf3\xc6\x89\x9b\x06";

    fn message() -> WidevineData {
        WidevineData {
            key_ids: vec![KeyId::from_bytes(*b"0123456789abcdef")],
            provider: Some("widevine_test".to_owned()),
            content_id: Some(vec![0, 255, b'z']),
            protection_scheme: Some(*b"cbcs"),
        }
    }

    #[test]
    fn message_is_that_of_a_protobuf_encoder() {
        assert_eq!(message().to_bytes(), PROTOC);
        assert_eq!(WidevineData::parse(PROTOC), Ok(message()));
    }

    #[test]
    fn unused_fields_are_skipped() {
        // algorithm, policy, a fixed64 and a fixed32 field, the key id as a number.
        let others =
            b"\x08\x01\x32\x02hd\x79\x08\x08\x08\x08\x08\x08\x08\x08\x7d\x04\x04\x04\x04\x10\x07";
        let data = [others, PROTOC, others].concat();
        assert_eq!(WidevineData::parse(&data), Ok(message()));
    }

    #[test]
    fn lengths_beyond_a_byte_are_written_and_read() {
        let long = WidevineData {
            content_id: Some(vec![7; 300]),
            ..WidevineData::default()
        };
        let bytes = long.to_bytes();
        assert!(bytes.starts_with(&[0x22, 0xac, 0x02, 7]));
        assert_eq!(WidevineData::parse(&bytes), Ok(long));
    }

    #[test]
    fn malformed_messages_are_refused() {
        for end in 1..PROTOC.len() {
            let Ok(read) = WidevineData::parse(&PROTOC[..end]) else {
                continue;
            };
            // A message may end between two fields.
            assert!([18, 33, 38].contains(&end), "{end}: {read:?}");
        }
        let endless = [0xff; 11];
        for bad in [
            b"\x00\x01".as_slice(),                          // field 0
            b"\x0b\x0c",                                     // a group
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", // a length of 64 bits
            b"\x48\xff\xff\xff\xff\x7f",                     // a scheme of 35 bits
            &endless,
        ] {
            assert_eq!(WidevineData::parse(bad), Err(Error::WidevineMessage));
        }
        let short = WidevineData::parse(b"\x12\x03kid");
        assert_eq!(short, Err(Error::WidevineKeyId(3)));
    }
}
