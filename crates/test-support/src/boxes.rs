// SPDX-License-Identifier: MPL-2.0
//! Reads boxes of ISO/IEC 14496-12 for the tests. This reader shares no line with the crate under test.

/// A box of a file. The payload of a `uuid` box includes the extended type.
#[derive(Clone, Copy)]
pub struct Bx<'a> {
    /// The type of the box.
    pub kind: [u8; 4],
    /// The position of its first byte in the file.
    pub start: usize,
    /// The position after its last byte in the file.
    pub end: usize,
    /// The length of its header in bytes.
    pub header: usize,
    file: &'a [u8],
}

impl<'a> Bx<'a> {
    /// The bytes after the box header.
    pub fn body(&self) -> &'a [u8] {
        &self.file[self.start + self.header..self.end]
    }

    /// The boxes in the payload, of which the first begins `skip` bytes after the box header.
    pub fn children_after(&self, skip: usize) -> Vec<Self> {
        walk(self.file, self.start + self.header + skip, self.end)
    }

    /// The boxes in the payload.
    pub fn children(&self) -> Vec<Self> {
        self.children_after(0)
    }

    /// The boxes of one type in the payload.
    pub fn all(&self, kind: &[u8; 4]) -> Vec<Self> {
        let mut children = self.children();
        children.retain(|child| &child.kind == kind);
        children
    }

    /// The first box of a type in the payload.
    pub fn child(&self, kind: &[u8; 4]) -> Option<Self> {
        self.all(kind).first().copied()
    }

    /// The first box of a type, or the `uuid` box of an extended type, which then counts as part of its header.
    pub fn child_or_uuid(&self, kind: &[u8; 4], extended: &[u8; 16]) -> Option<Self> {
        let uuid = || {
            let mut found = self.all(b"uuid").into_iter();
            found.find(|child| child.body().starts_with(extended))
        };
        self.child(kind).or_else(|| {
            uuid().map(|child| Self {
                header: child.header + extended.len(),
                ..child
            })
        })
    }

    /// The box that a path of types leads to. Panics if a part of the path is absent.
    pub fn at(&self, path: &[&[u8; 4]]) -> Self {
        path.iter().fold(*self, |parent, kind| {
            parent.child(kind).unwrap_or_else(|| {
                panic!(
                    "{} has no {}",
                    String::from_utf8_lossy(&parent.kind),
                    String::from_utf8_lossy(*kind)
                )
            })
        })
    }

    /// The version of a FullBox.
    pub fn version(&self) -> u8 {
        self.body()[0]
    }

    /// The flags of a FullBox.
    pub fn flags(&self) -> u32 {
        u32_at(self.body(), 0) & 0x00ff_ffff
    }
}

/// The boxes at the top level of a file.
pub fn top_level(file: &[u8]) -> Vec<Bx<'_>> {
    walk(file, 0, file.len())
}

fn walk(file: &[u8], mut start: usize, end: usize) -> Vec<Bx<'_>> {
    let mut found = Vec::new();
    while start + 8 <= end {
        let (size, header) = match u32_at(file, start) {
            0 => (end - start, 8),
            1 => (usize_of(u64_at(file, start + 8)), 16),
            size => (size as usize, 8),
        };
        let kind: [u8; 4] = file[start + 4..start + 8].try_into().unwrap();
        assert!(
            size >= header && start + size <= end,
            "{} of {size} bytes at {start} leaves its parent, which ends at {end}",
            String::from_utf8_lossy(&kind)
        );
        found.push(Bx {
            kind,
            start,
            end: start + size,
            header,
            file,
        });
        start += size;
    }
    found
}

/// The big-endian number of 16 bits at a position.
pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(bytes[at..at + 2].try_into().unwrap())
}

/// The big-endian number of 32 bits at a position.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The big-endian number of 64 bits at a position.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Converts a 64-bit offset or size to an index: the tests' files fit in memory.
pub fn usize_of(value: u64) -> usize {
    usize::try_from(value).unwrap()
}

/// Reads fields in sequence.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// Reads `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count);
        self.0 = tail;
        head
    }

    /// Reads a number of 8 bits.
    pub fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    /// Reads a number of 16 bits.
    pub fn u16(&mut self) -> u16 {
        u16_at(self.take(2), 0)
    }

    /// Reads a number of 32 bits.
    pub fn u32(&mut self) -> u32 {
        u32_at(self.take(4), 0)
    }

    /// Reads fields of 32 bits.
    pub fn words<const COUNT: usize>(&mut self) -> [u32; COUNT] {
        [(); COUNT].map(|()| self.u32())
    }

    /// Reads a field that is 64 bits wide in version 1 of a box and 32 bits in version 0.
    pub fn wide(&mut self, is_wide: bool) -> u64 {
        if is_wide {
            u64_at(self.take(8), 0)
        } else {
            self.u32().into()
        }
    }

    /// Reads a field of 32 bits if its flag is set.
    pub fn if_set(&mut self, flags: u32, flag: u32) -> Option<u32> {
        (flags & flag != 0).then(|| self.u32())
    }
}
