// SPDX-License-Identifier: MPL-2.0
//! Any bytes as protected MP4: the chunking changes nothing; what the packager protects comes out as it was.

use std::sync::Arc;

use cenc_mp4::{IndexMode, ProgressiveDecryptor};
use cenc_types::{ContentKey, KeyId, Scheme};
use common_encryption::KnownKeys;
use test_support::decrypted::{Chunks, decrypted_in};
use test_support::encrypted::{KEY, KID, protect};
use test_support::progressive::{Memory, all};

use crate::mp4::pairs;

/// Streams up to this length are also pushed byte by byte.
const BYTE_BY_BYTE: usize = 4096;

/// The key to which some seeds change.
const SECOND: ([u8; 16], [u8; 16]) = (*b"second KID here.", *b"the second key..");

fn keys() -> Arc<KnownKeys> {
    let keys = [(KID, KEY), SECOND]
        .map(|(kid, key)| (KeyId::from_bytes(kid), ContentKey::from_bytes(key.into())));
    Arc::new(keys.iter().map(|(kid, key)| (*kid, key)).collect())
}

/// Decrypts `data`, pushed in chunks of `size` bytes, and returns the bytes as a file would hold them.
fn decrypt(data: &[u8], mode: IndexMode, size: usize) -> Result<Vec<u8>, String> {
    decrypted_in(data, &keys(), Chunks { mode, size }).map_err(|error| error.to_string())
}

/// Decrypts `data` as it is, pushed and read, and what the packager makes of it.
pub fn mp4_decrypt(data: &[u8]) {
    let whole = decrypt(data, IndexMode::Hold, usize::MAX);
    assert_eq!(decrypt(data, IndexMode::Hold, 61), whole, "in pieces");
    if data.len() <= BYTE_BY_BYTE {
        let bytes = decrypt(data, IndexMode::Patch, 1);
        assert_eq!(bytes, whole, "byte by byte, sidx patched");
    }
    // It may end in an error at any time; it must end.
    let mut source = Memory(data);
    if let Ok(Some(mut file)) = ProgressiveDecryptor::open(&mut source, &keys()) {
        let _ = all(|| file.next_output(&mut source), |_, _| ());
    }
    for scheme in Scheme::ALL {
        if let Ok(protected) = protect(data, scheme, IndexMode::Hold, []) {
            let clear = decrypt(&protected, IndexMode::Hold, usize::MAX)
                .expect("what was protected can be decrypted");
            for (before, after) in pairs(data, &clear) {
                assert_eq!(before.bytes, after.bytes);
                assert_eq!(after.protection, None);
            }
        }
    }
}
