// SPDX-License-Identifier: MPL-2.0
//! A box with its children, which keeps unknown boxes byte for byte.

use std::borrow::Cow;

use super::{ChildBox, Error, FourCc, FullBoxHeader, Reader};

/// The containers whose children are read.
const CONTAINERS: [FourCc; 9] = [
    FourCc::MOOV,
    FourCc::TRAK,
    FourCc::MDIA,
    FourCc::MINF,
    FourCc::STBL,
    FourCc::MVEX,
    FourCc::MOOF,
    FourCc::TRAF,
    FourCc::MFRA,
];

/// The deepest nesting of containers; the deepest path of the list above has five.
const MAX_DEPTH: usize = 8;

/// A box: its type and its content.
///
/// ```
/// use isobmff_boxes::{BoxTree, FourCc, FullBoxHeader};
///
/// let mfhd = BoxTree::full(FourCc::MFHD, FullBoxHeader::default(), &7u32.to_be_bytes());
/// let moof = BoxTree::container(FourCc::MOOF, vec![mfhd]);
/// let mut bytes = Vec::new();
/// moof.write(&mut bytes)?;
/// assert_eq!(bytes, b"\0\0\0\x18moof\0\0\0\x10mfhd\0\0\0\0\0\0\0\x07");
/// # Ok::<(), isobmff_boxes::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxTree<'a> {
    /// The four-character code.
    pub box_type: FourCc,
    /// The extended type of a `uuid` box.
    pub uuid: Option<[u8; 16]>,
    /// The content after the header.
    pub content: BoxContent<'a>,
}

/// The content of a box after its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoxContent<'a> {
    /// The boxes of a container.
    Children(Vec<BoxTree<'a>>),
    /// The bytes of any other box.
    Bytes(Cow<'a, [u8]>),
}

impl<'a> BoxTree<'a> {
    /// Reads the box at the start of `data`.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`] or [`Error::TooDeep`] if a box or child does not fit.
    pub fn parse(data: &'a [u8]) -> Result<Self, Error> {
        Self::read(Reader::new(FourCc(*b"file"), data).child()?, MAX_DEPTH)
    }

    /// Creates a box with children.
    pub const fn container(box_type: FourCc, children: Vec<Self>) -> Self {
        Self {
            box_type,
            uuid: None,
            content: BoxContent::Children(children),
        }
    }

    /// Creates a box with a body of bytes.
    pub const fn leaf(box_type: FourCc, body: Vec<u8>) -> Self {
        Self {
            box_type,
            uuid: None,
            content: BoxContent::Bytes(Cow::Owned(body)),
        }
    }

    /// Creates a FullBox: version and flags, then `fields`.
    pub fn full(box_type: FourCc, header: FullBoxHeader, fields: &[u8]) -> Self {
        let [_, a, b, c] = header.flags.to_be_bytes();
        let mut body = vec![header.version, a, b, c];
        body.extend_from_slice(fields);
        Self::leaf(box_type, body)
    }

    /// Turns the box into a `uuid` box of that extended type with the same content.
    #[must_use]
    pub fn with_uuid(self, uuid: [u8; 16]) -> Self {
        Self {
            box_type: FourCc::UUID,
            uuid: Some(uuid),
            ..self
        }
    }

    /// Returns the child boxes; none for a box of bytes.
    pub fn children(&self) -> &[Self] {
        match &self.content {
            BoxContent::Children(children) => children,
            BoxContent::Bytes(_) => &[],
        }
    }

    /// Returns the child boxes for editing; None for a box of bytes.
    pub const fn children_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.content {
            BoxContent::Children(children) => Some(children),
            BoxContent::Bytes(_) => None,
        }
    }

    /// Returns the bytes after the header; empty for a container.
    pub fn body(&self) -> &[u8] {
        match &self.content {
            BoxContent::Children(_) => &[],
            BoxContent::Bytes(bytes) => bytes,
        }
    }

    /// Returns a reader over the body.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self.box_type, self.body())
    }

    /// Returns all children of one type.
    pub fn all(&self, box_type: FourCc) -> impl Iterator<Item = &Self> {
        self.children()
            .iter()
            .filter(move |child| child.box_type == box_type)
    }

    /// Returns the only child of one type.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is none, [`Error::Duplicate`] if there are several.
    pub fn child(&self, box_type: FourCc) -> Result<&Self, Error> {
        let mut found = self.all(box_type);
        match (found.next(), found.next()) {
            (Some(child), None) => Ok(child),
            (None, _) => Err(Error::Missing {
                parent: self.box_type,
                child: box_type,
            }),
            (Some(_), Some(_)) => Err(Error::Duplicate { box_type }),
        }
    }

    /// Returns the box at the end of a path, on which each box is the only child of its type.
    ///
    /// # Errors
    /// As [`BoxTree::child`].
    pub fn descend(&self, path: &[FourCc]) -> Result<&Self, Error> {
        path.iter()
            .try_fold(self, |parent, &box_type| parent.child(box_type))
    }

    /// Returns the size of the whole box in bytes.
    pub fn size(&self) -> usize {
        8 + self.uuid.map_or(0, |uuid| uuid.len())
            + match &self.content {
                BoxContent::Children(children) => children.iter().map(Self::size).sum(),
                BoxContent::Bytes(bytes) => bytes.len(),
            }
    }

    /// Appends the box to `out`, with 32-bit sizes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the size of the box exceeds 32 bits.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let size = u32::try_from(self.size()).map_err(|_| Error::TooLarge {
            box_type: self.box_type,
        })?;
        out.extend(size.to_be_bytes());
        out.extend(self.box_type.0);
        out.extend(self.uuid.iter().flatten());
        match &self.content {
            BoxContent::Children(children) => {
                children.iter().try_for_each(|child| child.write(out))
            }
            BoxContent::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn read(ChildBox { header, body }: ChildBox<'a>, depth: usize) -> Result<Self, Error> {
        let box_type = header.box_type;
        Ok(Self {
            box_type,
            uuid: header.uuid,
            content: if CONTAINERS.contains(&box_type) {
                let depth = depth.checked_sub(1).ok_or(Error::TooDeep { box_type })?;
                BoxContent::Children(Self::read_children(Reader::new(box_type, body), depth)?)
            } else {
                BoxContent::Bytes(Cow::Borrowed(body))
            },
        })
    }

    fn read_children(mut reader: Reader<'a>, depth: usize) -> Result<Vec<Self>, Error> {
        let mut children = Vec::new();
        while let Some(child) = reader.next_child()? {
            children.push(Self::read(child, depth)?);
        }
        Ok(children)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_boxes_come_out_as_they_went_in() {
        let data = b"\0\0\0\x24moov\0\0\0\x0cabcd\x01\x02\x03\x04\0\0\0\x10trak\0\0\0\x08wxyz";
        let tree = BoxTree::parse(data).unwrap();
        let mut out = Vec::new();
        tree.write(&mut out).unwrap();
        assert_eq!(out, data);
        assert_eq!(tree.size(), data.len());
    }

    #[test]
    fn sizes_follow_an_inserted_child() {
        let mut tree = BoxTree::parse(b"\0\0\0\x10moov\0\0\0\x08trak").unwrap();
        let trak = BoxTree::full(
            FourCc::TKHD,
            FullBoxHeader {
                version: 1,
                flags: 0x02_0304,
            },
            &[5],
        );
        tree.children_mut().unwrap().push(trak);
        let mut out = Vec::new();
        tree.write(&mut out).unwrap();
        assert_eq!(
            out,
            b"\0\0\0\x1dmoov\0\0\0\x08trak\0\0\0\x0dtkhd\x01\x02\x03\x04\x05"
        );
    }

    #[test]
    fn endless_nesting_is_refused() {
        let mut data = Vec::new();
        for level in (1..=1000u32).rev() {
            data.extend((level * 8).to_be_bytes());
            data.extend(b"moov");
        }
        assert!(matches!(BoxTree::parse(&data), Err(Error::TooDeep { .. })));
    }

    #[test]
    fn only_child_is_neither_missing_nor_double() {
        let tree = BoxTree::parse(b"\0\0\0\x18moov\0\0\0\x08trak\0\0\0\x08trak").unwrap();
        assert!(matches!(
            tree.child(FourCc::TRAK),
            Err(Error::Duplicate { .. })
        ));
        assert!(matches!(
            tree.child(FourCc::MVEX),
            Err(Error::Missing { .. })
        ));
    }

    // QuickTime File Format, "Atoms": a list may end with a 32-bit integer of 0.
    #[test]
    fn bytes_after_the_last_child_end_the_list() {
        for leftover in [
            &[0; 1][..],
            &[0; 4],
            &[0; 7],
            &[0; 8],
            &[0; 20],
            b"\x01\x02\x03",
        ] {
            let minf = [b"\0\0\0\x08nmhd", leftover].concat();
            let size = |len: usize| u32::try_from(len).unwrap().to_be_bytes();
            let mut data = minf;
            for parent in [b"minf", b"mdia", b"trak", b"moov"] {
                data = [
                    &size(data.len() + 8 + leftover.len())[..],
                    parent,
                    &data,
                    leftover,
                ]
                .concat();
            }
            let mut out = Vec::new();
            BoxTree::parse(&data).unwrap().write(&mut out).unwrap();
            let clean = b"\0\0\0\x28moov\0\0\0\x20trak\0\0\0\x18mdia\0\0\0\x10minf\0\0\0\x08nmhd";
            assert_eq!(out, clean, "{leftover:?}");
        }
    }
}
