// SPDX-License-Identifier: MPL-2.0
//! Finds a `moov` after media, in a file that is processed as a stream since it has fragments too.

use isobmff_boxes::FourCc;

use super::file::{read_box, read_header};
use super::source::SeekableInput;
use crate::Error;

/// A `moov` after media, for [`crate::Encryptor::expect_moov`].
pub struct LateMoov {
    /// Offset of the box in the file.
    pub(crate) position: u64,
    /// The whole box; empty once it was taken.
    pub(crate) bytes: Vec<u8>,
}

impl LateMoov {
    /// Finds the first `moov` of a file; None if no media is in front of it, or if there is none.
    ///
    /// # Errors
    /// [`Error::Input`], damaged boxes, and a `moov` that is too large.
    pub fn find<S: SeekableInput>(source: &mut S) -> Result<Option<Self>, Error> {
        let mut at = 0;
        let mut follows_media = false;
        while at < source.size() {
            let Some(found) = read_header(source, at)? else {
                return Ok(None);
            };
            match found.header.box_type {
                FourCc::MOOV if !follows_media => return Ok(None),
                FourCc::MOOV => {
                    return Ok(Some(Self {
                        position: at,
                        bytes: read_box(source, at..found.end)?,
                    }));
                }
                FourCc::MDAT | FourCc::MOOF => follows_media = true,
                _ => (),
            }
            at = found.end;
        }
        Ok(None)
    }
}
