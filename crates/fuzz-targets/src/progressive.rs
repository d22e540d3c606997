// SPDX-License-Identifier: MPL-2.0
//! Any bytes as a progressive file: it is refused, or comes out protected and is refused when it comes in again.

use cenc_types::Scheme;
use test_support::progressive::protect;

/// Cuts `data`, protects it under two schemes, and what comes out once more.
pub fn progressive(data: &[u8]) {
    super::cutting(data);
    for scheme in [Scheme::Cenc, Scheme::Cbcs] {
        let Ok(protected) = protect(data, scheme) else {
            continue;
        };
        let is_signaled = protected.windows(4).any(|kind| kind == b"sinf");
        assert!(
            protect(&protected, scheme).is_err() || !is_signaled,
            "protected twice"
        );
    }
}
