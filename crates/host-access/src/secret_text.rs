// SPDX-License-Identifier: MPL-2.0
//! Secrets as text.

use zeroize::Zeroizing;

/// Appends secret bytes in hex. By hand, so that no unwiped copy is left behind; `text` has room for them already.
pub fn push_hex(text: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        let digits = [byte >> 4, byte & 15].map(usize::from);
        text.extend(digits.iter().filter_map(|&digit| DIGITS.get(digit)));
    }
}
