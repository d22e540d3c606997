// SPDX-License-Identifier: MPL-2.0
//! Boxes that a test can change, ISO/IEC 14496-12.

/// The boxes whose children can be changed, with the number of bytes before the first child.
const CONTAINERS: [(&[u8; 4], usize); 13] = [
    (b"moov", 0),
    (b"trak", 0),
    (b"mdia", 0),
    (b"minf", 0),
    (b"stbl", 0),
    (b"mvex", 0),
    (b"moof", 0),
    (b"traf", 0),
    (b"sinf", 0),
    (b"schi", 0),
    (b"stsd", 8),
    (b"encv", 78),
    (b"enca", 28),
];

/// A box.
#[derive(Clone)]
pub struct EditableBox {
    pub kind: [u8; 4],
    /// The bytes before the first child, or all of a box without children.
    pub fields: Vec<u8>,
    pub children: Vec<Self>,
}

impl EditableBox {
    pub fn leaf(kind: [u8; 4], fields: Vec<u8>) -> Self {
        Self {
            kind,
            fields,
            children: Vec::new(),
        }
    }

    fn read(kind: [u8; 4], body: &[u8]) -> Self {
        let skip = CONTAINERS
            .iter()
            .find_map(|(container, skip)| (**container == kind).then_some(*skip))
            .unwrap_or(body.len());
        let (fields, children) = body.split_at(skip);
        Self {
            kind,
            fields: fields.to_vec(),
            children: read_all(children),
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([0; 4]);
        out.extend(self.kind);
        out.extend(&self.fields);
        self.children.iter().for_each(|child| child.write(out));
        let size = u32::try_from(out.len() - start).unwrap();
        out.splice(start..start + 4, size.to_be_bytes());
    }

    /// Makes the box one that readers skip.
    pub fn free(&mut self) {
        self.kind = *b"free";
    }

    /// Returns the big-endian number at a byte of the fields.
    pub fn word(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.fields[at..at + 4].try_into().unwrap())
    }

    pub fn set_word(&mut self, at: usize, value: u32) {
        self.fields[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
}

/// Reads whole boxes.
pub fn read_all(mut data: &[u8]) -> Vec<EditableBox> {
    let mut boxes = Vec::new();
    while let Some((header, _)) = data.split_first_chunk::<8>() {
        let (size, kind) = header.split_at(4);
        let size = u32::from_be_bytes(size.try_into().unwrap()) as usize;
        let (whole, rest) = data.split_at(size);
        boxes.push(EditableBox::read(kind.try_into().unwrap(), &whole[8..]));
        data = rest;
    }
    boxes
}

pub fn write_all(boxes: &[EditableBox]) -> Vec<u8> {
    let mut out = Vec::new();
    boxes.iter().for_each(|found| found.write(&mut out));
    out
}

/// Returns the first box at a path such as `moov/trak`.
pub fn at<'a>(boxes: &'a mut [EditableBox], path: &str) -> &'a mut EditableBox {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let found = boxes
        .iter_mut()
        .find(|found| found.kind == first.as_bytes())
        .unwrap_or_else(|| panic!("no {path}"));
    match rest {
        "" => found,
        rest => at(&mut found.children, rest),
    }
}

/// Corrects the offsets of a segment in which the size of the `moof` has changed: the media follow the `moof`, and `saio` has an
/// offset for each `trun`, or one.
pub fn lay_out(segment: &mut [EditableBox]) {
    let mut moof = Vec::new();
    at(segment, "moof").write(&mut moof);
    let senc = position(&moof, b"senc");
    let media = u32::try_from(moof.len() + 8).unwrap();
    let traf = at(segment, "moof/traf");
    for trun in traf
        .children
        .iter_mut()
        .filter(|b| b.kind == *b"trun")
        .take(1)
    {
        trun.set_word(8, media);
    }
    if let Some(entries) = senc
        && let Some(saio) = traf.children.iter_mut().find(|b| b.kind == *b"saio")
    {
        // The fields of the box are 8 bytes, after a header of 8 bytes.
        saio.set_word(8, u32::try_from(entries + 16).unwrap());
    }
}

/// Returns where a box starts, by its type.
fn position(bytes: &[u8], kind: &[u8; 4]) -> Option<usize> {
    let at = bytes.windows(4).position(|four| four == kind)?;
    Some(at - 4)
}
