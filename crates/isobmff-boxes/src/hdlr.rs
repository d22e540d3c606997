// SPDX-License-Identifier: MPL-2.0
//! `hdlr`, the handler box, 14496-12 clause 8.4.3.

use super::{Error, FourCc, Reader};

/// handler_type: what kind of media a track holds (`vide`, `soun`, `text` …).
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_handler_type(mut reader: Reader<'_>) -> Result<FourCc, Error> {
    reader.full_box_header()?;
    reader.u32()?;
    reader.array().map(FourCc)
}
