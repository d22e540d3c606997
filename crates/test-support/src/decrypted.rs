// SPDX-License-Identifier: MPL-2.0
//! Decrypts whole streams with the library's decryptor.

use std::sync::Arc;

use bytes::BytesMut;
use cenc_mp4::{Decryptor, Error, IndexMode};
use cenc_types::{ContentKey, KeyId};
use common_encryption::KnownKeys;

use crate::decrypt::{self, Keys};
use crate::encrypted::file;

/// The keys in the form that the library takes.
pub fn known(keys: &Keys) -> Arc<KnownKeys> {
    let pairs: Vec<_> = keys
        .pairs()
        .iter()
        .map(|pair| {
            let (kid, key) = pair.split_once(':').unwrap();
            // The nil KID occurs in some files, though it is refused as a KID elsewhere.
            let kid = KeyId::from_bytes(decrypt::unhex(kid));
            (kid, ContentKey::parse(key).unwrap())
        })
        .collect();
    Arc::new(pairs.iter().map(|(kid, key)| (*kid, key)).collect())
}

/// The way in which a stream is pushed.
#[derive(Debug, Clone, Copy)]
pub struct Chunks {
    /// The treatment of `sidx` boxes.
    pub mode: IndexMode,
    /// The size of each chunk in bytes. The last one may be shorter.
    pub size: usize,
}

/// Pushes a stream in chunks of one size and returns what comes out, as a file would hold it.
pub fn decrypted(stream: &[u8], keys: &Arc<KnownKeys>, size: usize) -> Result<Vec<u8>, Error> {
    let mode = IndexMode::Hold;
    decrypted_in(stream, keys, Chunks { mode, size })
}

/// Pushes a stream in chunks and returns what comes out, as a file would hold it.
pub fn decrypted_in(
    stream: &[u8],
    keys: &Arc<KnownKeys>,
    chunks: Chunks,
) -> Result<Vec<u8>, Error> {
    let mut decryptor = Decryptor::new(chunks.mode, Arc::clone(keys));
    let mut outputs = Vec::new();
    for piece in stream.chunks(chunks.size) {
        decryptor.push(BytesMut::from(piece), &mut outputs)?;
    }
    decryptor.finish(&mut outputs)?;
    Ok(file(outputs))
}
