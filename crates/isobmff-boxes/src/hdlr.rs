// SPDX-License-Identifier: MPL-2.0
//! `hdlr`, the handler box, 14496-12 clause 8.4.3.

use super::{Error, FourCc, Reader};

/// Reads handler_type, the kind of media in a track (`vide`, `soun`, `text` …).
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_handler_type(mut reader: Reader<'_>) -> Result<FourCc, Error> {
    reader.full_box_header()?;
    reader.u32()?;
    reader.array().map(FourCc)
}
