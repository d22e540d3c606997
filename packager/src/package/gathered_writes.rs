// SPDX-License-Identifier: MPL-2.0
//! Writes boxes and the media after them at once, without a copy of the media.

use std::fs::File;
use std::io::{self, IoSlice, Write};

/// Boxes that are written together with the media after them.
#[derive(Default)]
pub struct GatheredWrites(Vec<u8>);

impl GatheredWrites {
    /// Keeps boxes for the next write.
    pub fn gather(&mut self, boxes: &[u8]) {
        self.0.extend_from_slice(boxes);
    }

    /// Writes the boxes that are kept, and media after them.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn write(&mut self, mut file: &File, media: &[u8]) -> io::Result<()> {
        let mut parts = [IoSlice::new(&self.0), IoSlice::new(media)];
        let mut left = parts.as_mut_slice();
        // Drops empty parts.
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match file.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        self.0.clear();
        Ok(())
    }
}
