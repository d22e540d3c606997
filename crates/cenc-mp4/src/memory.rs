// SPDX-License-Identifier: MPL-2.0
//! A file in memory, for tests.

use bytes::BytesMut;

use super::SeekableInput;

/// The bytes of a file.
pub(crate) struct Memory(pub(crate) Vec<u8>);

impl SeekableInput for Memory {
    type Chunk = BytesMut;

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<BytesMut, Box<dyn std::error::Error + Send + Sync>> {
        let offset = usize::try_from(offset)?;
        let bytes = self.0.get(offset..offset + len).ok_or("beyond the end")?;
        Ok(BytesMut::from(bytes))
    }
}
