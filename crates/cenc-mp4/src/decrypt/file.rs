// SPDX-License-Identifier: MPL-2.0
//! Decrypts a progressive file with random access; its output has `moov` in front.

use std::sync::Arc;

use common_encryption::KnownKeys;

use super::gather::InformationReader;
use super::movie::EncryptedMovie;
use super::tables::TableTrack;
use crate::progressive::file::{FilePiece, ProgressiveFile};
use crate::progressive::source::read;
use crate::progressive::write::ProgressiveWriter;
use crate::{Error, Output, SeekableInput};

/// Decrypts one progressive file: [`Self::open`], then [`Self::next_output`] until it returns None.
///
/// ```
/// use std::error::Error;
/// use std::sync::Arc;
///
/// use bytes::BytesMut;
/// use cenc_mp4::{Output, ProgressiveDecryptor, SeekableInput};
/// use cenc_types::{ContentKey, KeyId};
/// use common_encryption::KnownKeys;
///
/// /// A file in memory.
/// struct Memory(&'static [u8]);
///
/// impl SeekableInput for Memory {
///     type Chunk = BytesMut;
///
///     fn size(&self) -> u64 {
///         self.0.len() as u64
///     }
///
///     fn read(&mut self, offset: u64, len: usize) -> Result<BytesMut, Box<dyn Error + Send + Sync>> {
///         let rest = self.0.get(usize::try_from(offset)?..).ok_or("outside the file")?;
///         Ok(rest.get(..len).ok_or("outside the file")?.into())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn Error>> {
/// // "a key for tests." in hex.
/// let key = ContentKey::parse("61206b657920666f722074657374732e")?;
/// let kid = KeyId::from_bytes(*b"a KID for tests.");
/// let keys: KnownKeys = [(kid, &key)].into_iter().collect();
///
/// let mut file = Memory(include_bytes!("../../../../fuzz/corpus/mp4_decrypt/progressive-cenc"));
/// let mut decryptor = ProgressiveDecryptor::open(&mut file, &Arc::new(keys))?.ok_or("the file is fragmented")?;
/// let mut clear = Vec::new();
/// while let Some(output) = decryptor.next_output(&mut file)? {
///     match output {
///         Output::Boxes { bytes, .. } => clear.extend(bytes),
///         Output::Media(bytes) => clear.extend(bytes),
///         Output::Patch { .. } => return Err("a file has no patches".into()),
///     }
/// }
/// let has = |name: &[u8]| clear.windows(4).any(|word| word == name);
/// assert!(has(b"mdat") && !has(b"sinf"));
/// # Ok(())
/// # }
/// ```
pub struct ProgressiveDecryptor {
    pieces: Vec<FilePiece>,
    tracks: Vec<TableTrack>,
    writer: ProgressiveWriter,
}

impl ProgressiveDecryptor {
    /// Reads the boxes of a file; None for a fragmented file, which is for a [`super::Decryptor`].
    ///
    /// # Errors
    /// As [`super::Decryptor::push`], and [`Error::Input`].
    pub fn open<S: SeekableInput>(
        source: &mut S,
        keys: &Arc<KnownKeys>,
    ) -> Result<Option<Self>, Error> {
        let Some(file) = ProgressiveFile::scan(source)? else {
            return Ok(None);
        };
        let media: Vec<_> = file.media().collect();
        let movie = EncryptedMovie::read(
            &file.moov,
            &file.pieces,
            &media,
            &mut FileInformation(source),
            keys,
        )?;
        Ok(Some(match movie {
            Some(mut movie) => Self {
                writer: ProgressiveWriter::new(movie.moov, &mut movie.tracks),
                tracks: movie.tracks,
                pieces: file.pieces,
            },
            // Nothing is protected: the file stays as it is.
            None => Self {
                pieces: vec![FilePiece::Kept(0..source.size())],
                tracks: Vec::new(),
                writer: ProgressiveWriter::default(),
            },
        }))
    }

    /// Returns the next part of the clear file; None at its end.
    ///
    /// # Errors
    /// [`Error::Input`], [`Error::Decryption`]. The file must not be written any further then.
    pub fn next_output<S: SeekableInput>(
        &mut self,
        source: &mut S,
    ) -> Result<Option<Output<S::Chunk>>, Error> {
        self.writer.next_output(source, &self.pieces, &self.tracks)
    }
}

/// Reads auxiliary information anywhere in a file.
struct FileInformation<'s, S>(&'s mut S);

impl<S: SeekableInput> InformationReader for FileInformation<'_, S> {
    fn read_at(&mut self, offset: i64, len: usize) -> Result<Option<Vec<u8>>, Error> {
        let start = u64::try_from(offset).unwrap_or(u64::MAX);
        match start
            .checked_add(len as u64)
            .filter(|&end| end <= self.0.size())
        {
            Some(end) => Ok(Some(read(self.0, start, end)?.as_ref().to_vec())),
            None => Ok(None),
        }
    }
}
