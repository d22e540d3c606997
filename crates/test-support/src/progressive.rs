// SPDX-License-Identifier: MPL-2.0
//! Protects progressive files with the library's encryptor, under one key and without a policy.

use bytes::BytesMut;
use cenc_mp4::{Error, Output, ProgressiveEncryptor, RequiredForm, SeekableInput};
use cenc_types::Scheme;

use crate::encrypted::FixedKey;

/// A file in memory.
pub struct Memory<'a>(pub &'a [u8]);

impl SeekableInput for Memory<'_> {
    type Chunk = BytesMut;

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<BytesMut, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self
            .0
            .get(usize::try_from(offset)?..)
            .and_then(|rest| rest.get(..len))
            .map(BytesMut::from)
            .ok_or("outside the file")?)
    }
}

/// Protects a file and hands each part of the result to `take` with its position.
pub fn pass<S: SeekableInput>(
    source: &mut S,
    scheme: Scheme,
    mut take: impl FnMut(u64, &[u8]),
) -> Result<(), String> {
    let said = |error: Error| error.to_string();
    let mut file = ProgressiveEncryptor::open(source, RequiredForm::Any)
        .map_err(said)?
        .ok_or("not progressive")?;
    file.protect(&mut FixedKey::new(scheme)).map_err(said)?;
    file.measure(source).map_err(said)?;
    all(|| file.next_output(source), &mut take).map_err(said)
}

/// Hands each part of a file that `next` returns to `take` with its position.
pub fn all<C: AsRef<[u8]>>(
    mut next: impl FnMut() -> Result<Option<Output<C>>, Error>,
    mut take: impl FnMut(u64, &[u8]),
) -> Result<(), Error> {
    let mut at = 0;
    while let Some(output) = next()? {
        let mut give = |bytes: &[u8]| {
            take(at, bytes);
            at += bytes.len() as u64;
        };
        match output {
            Output::Boxes { bytes, .. } => give(&bytes),
            Output::Media(bytes) => give(bytes.as_ref()),
            Output::Patch { .. } => panic!("a progressive file needs no patch"),
        }
    }
    Ok(())
}

/// Protects a file in memory.
pub fn protect(file: &[u8], scheme: Scheme) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    pass(&mut Memory(file), scheme, |_, bytes| {
        out.extend_from_slice(bytes);
    })?;
    Ok(out)
}
