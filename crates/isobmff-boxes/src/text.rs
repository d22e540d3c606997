// SPDX-License-Identifier: MPL-2.0
//! Texts in boxes: UTF-8 that ends with a zero byte or with its box.

use super::Reader;

/// Returns the text up to the first zero byte, with a replacement character for what is not UTF-8.
pub(super) fn before_zero(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// Returns the rest of a box as texts, each of which ends with a zero byte. The last one may lack it.
pub(super) fn zero_ended(reader: &Reader<'_>) -> impl Iterator<Item = String> {
    reader
        .left()
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8_lossy(text).into_owned())
}
