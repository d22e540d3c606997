// SPDX-License-Identifier: MPL-2.0
//! The PlayReady Object, which is the data of PlayReady's `pssh`: records after a length and a count, all little-endian.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::KeyId;

use super::{Error, FoundHeader, Header, HeaderFields};

/// The size limit of an object, in bytes.
const MAX_LEN: usize = 15 * 1024;

/// The size of length (u32) and record count (u16) before the records.
const OBJECT_PREFIX: usize = 6;

/// The size of type (u16) and length (u16) before a record's value.
const RECORD_PREFIX: usize = 4;

/// A PlayReady Object of at most 15 KB.
///
/// ```
/// use playready_header::{LicenseStore, PlayReadyObject};
///
/// let mut object = PlayReadyObject::default();
/// object.push_license_store(LicenseStore::Empty(4))?;
/// // Length 14 and one record: type 3, length 4, four zero bytes.
/// assert_eq!(object.to_bytes(), [14, 0, 0, 0, 1, 0, 3, 0, 4, 0, 0, 0, 0, 0]);
/// # Ok::<(), playready_header::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlayReadyObject {
    records: Vec<Record>,
}

/// One record of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The type of the value.
    pub kind: RecordKind,
    /// The record's bytes.
    pub value: Vec<u8>,
}

/// Record types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// 1: the PlayReady Header.
    Header,
    /// 2: reserved.
    Reserved,
    /// 3: an embedded licence store.
    LicenseStore,
    /// A type that the specification does not define.
    Unknown(u16),
}

/// The value of an embedded licence store record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LicenseStore {
    /// A store of a licence server, which is not checked.
    Given(Vec<u8>),
    /// A number of zero bytes, into which a client can write licences.
    Empty(usize),
}

impl PlayReadyObject {
    /// Creates an object with a header.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn with_header(header: &Header) -> Result<Self, Error> {
        let mut object = Self::default();
        object.push(RecordKind::Header, header.to_bytes())?;
        Ok(object)
    }

    /// Creates an object with the unchanged text of an existing header. [`FoundHeader::from_xml`] checks such a text.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn with_header_text(xml: &str) -> Result<Self, Error> {
        let mut object = Self::default();
        object.push(
            RecordKind::Header,
            xml.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        )?;
        Ok(object)
    }

    /// Adds an embedded licence store. The object needs no header.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn push_license_store(&mut self, store: LicenseStore) -> Result<(), Error> {
        match store {
            LicenseStore::Given(value) => self.push(RecordKind::LicenseStore, value),
            LicenseStore::Empty(len) => {
                check_len(self.len().saturating_add(len))?;
                self.push(RecordKind::LicenseStore, vec![0; len])
            }
        }
    }

    /// Reads an object. Records of unknown type are kept.
    ///
    /// # Errors
    /// [`Error::TooLarge`], and [`Error::BadObject`] if the lengths do not add up.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_len(bytes.len())?;
        let mut rest = bytes;
        if usize::try_from(u32::from_le_bytes(take(&mut rest)?)) != Ok(bytes.len()) {
            return Err(Error::BadObject("its length field is not its size"));
        }
        let count = u16::from_le_bytes(take(&mut rest)?);
        let records = (0..count)
            .map(|_| Record::parse(&mut rest))
            .collect::<Result<_, _>>()?;
        if !rest.is_empty() {
            return Err(Error::BadObject("bytes follow its last record"));
        }
        Ok(Self { records })
    }

    /// Returns the records in order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Reads the header. Returns None if the object has no header record.
    ///
    /// # Errors
    /// Those of [`FoundHeader::from_bytes`].
    pub fn header(&self) -> Result<Option<FoundHeader>, Error> {
        self.records
            .iter()
            .find(|record| record.kind == RecordKind::Header)
            .map(|record| FoundHeader::from_bytes(&record.value))
            .transpose()
    }

    /// Returns the object without licence stores, which a Smooth client manifest must not have.
    #[must_use]
    pub fn without_license_stores(&self) -> Self {
        Self {
            records: self
                .records
                .iter()
                .filter(|record| record.kind != RecordKind::LicenseStore)
                .cloned()
                .collect(),
        }
    }

    /// Returns the object with a KID moved to the front of its header, where some clients look for the key of a track. An object is
    /// unchanged if its header does not name the KID, names it first, or cannot be written again.
    #[must_use]
    pub fn with_first_key_id(&self, kid: &KeyId) -> Self {
        self.moved_to_front(kid).unwrap_or_else(|| self.clone())
    }

    fn moved_to_front(&self, kid: &KeyId) -> Option<Self> {
        let fields = self.header().ok()??.to_header().ok()?.fields().clone();
        let position = fields.key_ids.key_ids().position(|known| known == *kid);
        let header = Header::new(HeaderFields {
            key_ids: fields
                .key_ids
                .moved_to_front(position.filter(|at| *at > 0)?),
            ..fields
        });
        let header = header.ok()?.to_bytes();
        let mut moved = Self::default();
        for record in &self.records {
            let value = match record.kind {
                RecordKind::Header => header.clone(),
                RecordKind::LicenseStore | RecordKind::Reserved | RecordKind::Unknown(_) => {
                    record.value.clone()
                }
            };
            moved.push(record.kind, value).ok()?;
        }
        Some(moved)
    }

    /// Writes the object's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        const FITS: &str = "push and parse keep objects within 15 KB";
        let mut bytes = Vec::with_capacity(self.len());
        bytes.extend(u32::try_from(self.len()).expect(FITS).to_le_bytes());
        bytes.extend(u16::try_from(self.records.len()).expect(FITS).to_le_bytes());
        for record in &self.records {
            bytes.extend(record.kind.number().to_le_bytes());
            bytes.extend(u16::try_from(record.value.len()).expect(FITS).to_le_bytes());
            bytes.extend(&record.value);
        }
        bytes
    }

    /// Writes the object in base64, as in manifests.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.to_bytes())
    }

    fn push(&mut self, kind: RecordKind, value: Vec<u8>) -> Result<(), Error> {
        check_len(self.len() + RECORD_PREFIX + value.len())?;
        self.records.push(Record { kind, value });
        Ok(())
    }

    fn len(&self) -> usize {
        OBJECT_PREFIX
            + self
                .records
                .iter()
                .map(|record| RECORD_PREFIX + record.value.len())
                .sum::<usize>()
    }
}

impl Record {
    fn parse(rest: &mut &[u8]) -> Result<Self, Error> {
        let kind = RecordKind::from_number(u16::from_le_bytes(take(rest)?));
        let length = u16::from_le_bytes(take(rest)?);
        let (value, after) = rest
            .split_at_checked(usize::from(length))
            .ok_or(Error::BadObject("a record runs past its end"))?;
        *rest = after;
        Ok(Self {
            kind,
            value: value.to_vec(),
        })
    }
}

impl RecordKind {
    const fn from_number(number: u16) -> Self {
        match number {
            1 => Self::Header,
            2 => Self::Reserved,
            3 => Self::LicenseStore,
            other => Self::Unknown(other),
        }
    }

    /// Returns the record type.
    pub const fn number(self) -> u16 {
        match self {
            Self::Header => 1,
            Self::Reserved => 2,
            Self::LicenseStore => 3,
            Self::Unknown(number) => number,
        }
    }
}

fn check_len(size: usize) -> Result<(), Error> {
    let (what, limit) = ("the PlayReady object", MAX_LEN);
    match size > limit {
        true => Err(Error::TooLarge { what, size, limit }),
        false => Ok(()),
    }
}

/// Takes the next field.
fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Error> {
    let (field, after) = rest
        .split_first_chunk()
        .ok_or(Error::BadObject("it is cut short"))?;
    *rest = after;
    Ok(*field)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layout of the PlayReady Object in the PlayReady Header specification.
    #[test]
    fn records_follow_length_and_count() {
        let bytes = [15, 0, 0, 0, 2, 0, 3, 0, 1, 0, 0xaa, 2, 0, 0, 0];
        let object = PlayReadyObject::parse(&bytes).unwrap();
        let [store, reserved] = object.records() else {
            panic!()
        };
        assert_eq!(
            (store.kind, store.value.as_slice()),
            (RecordKind::LicenseStore, [0xaa].as_slice())
        );
        assert_eq!(reserved.kind, RecordKind::Reserved);
        assert_eq!(object.header(), Ok(None));
        assert_eq!(object.to_bytes(), bytes);
    }

    #[test]
    fn object_is_bounded_by_15_kb() {
        let mut object = PlayReadyObject::default();
        let room = MAX_LEN - OBJECT_PREFIX - RECORD_PREFIX;
        for len in [room + 1, usize::MAX] {
            let refused = object.push_license_store(LicenseStore::Empty(len));
            assert!(matches!(refused, Err(Error::TooLarge { .. })));
        }
        object
            .push_license_store(LicenseStore::Empty(room))
            .unwrap();
        assert_eq!(object.to_bytes().len(), MAX_LEN);
        let refused = object.push_license_store(LicenseStore::Given(Vec::new()));
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
        let refused = PlayReadyObject::parse(&vec![0; MAX_LEN + 1]);
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
    }

    #[test]
    fn lengths_that_do_not_add_up_are_refused() {
        let cases: [&[u8]; 6] = [
            &[],
            &[6, 0, 0, 0, 0],
            &[7, 0, 0, 0, 0, 0],
            &[7, 0, 0, 0, 0, 0, 9],
            &[6, 0, 0, 0, 1, 0],
            &[10, 0, 0, 0, 1, 0, 1, 0, 1, 0],
        ];
        for bytes in cases {
            let object = PlayReadyObject::parse(bytes);
            assert!(matches!(object, Err(Error::BadObject(_))), "{bytes:?}");
        }
    }
}
