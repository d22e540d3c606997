// SPDX-License-Identifier: MPL-2.0
//! `elng`, the extended language tag of a track, 14496-12 clause 8.4.6.

use super::{Error, Reader};

/// Reads the language tag of RFC 5646, such as `pt-BR`.
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_extended_language(mut reader: Reader<'_>) -> Result<String, Error> {
    reader.full_box_header()?;
    Ok(super::text::before_zero(reader.left()))
}
