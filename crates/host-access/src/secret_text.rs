// SPDX-License-Identifier: MPL-2.0
//! Secrets as text.

use zeroize::Zeroizing;

/// Appends secret bytes in hex. `text` must have the capacity for them, so that no copy remains unwiped.
///
/// ```
/// use host_access::push_hex;
/// use zeroize::Zeroizing;
///
/// let mut text = Zeroizing::new(Vec::with_capacity(4));
/// push_hex(&mut text, &[0x5b, 0x7d]);
/// assert_eq!(*text, b"5b7d");
/// ```
pub fn push_hex(text: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        let digits = [byte >> 4, byte & 15].map(usize::from);
        text.extend(digits.iter().filter_map(|&digit| DIGITS.get(digit)));
    }
}
