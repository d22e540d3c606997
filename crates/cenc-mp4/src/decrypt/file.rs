// SPDX-License-Identifier: MPL-2.0
//! A progressive file that can be read anywhere comes out clear, with its `moov` in front.

use std::sync::Arc;

use common_encryption::KnownKeys;

use super::movie::Movie;
use super::tables::TableTrack;
use crate::progressive::file::{File, Piece};
use crate::progressive::source::read;
use crate::progressive::write::Writer;
use crate::{Error, Output, SeekableInput};

/// Decrypts one progressive file.
pub struct ProgressiveDecryptor {
    pieces: Vec<Piece>,
    tracks: Vec<TableTrack>,
    writer: Writer,
}

impl ProgressiveDecryptor {
    /// Looks at the boxes of a file; None for a file that is to be pushed through a [`super::Decryptor`].
    ///
    /// # Errors
    /// As [`super::Decryptor::push`], and [`Error::Input`].
    pub fn open<S: SeekableInput>(
        source: &mut S,
        keys: &Arc<KnownKeys>,
    ) -> Result<Option<Self>, Error> {
        let Some(file) = File::scan(source)? else {
            return Ok(None);
        };
        let media: Vec<_> = file.media().collect();
        let mut fetch = |at: i64, len: usize| {
            let start = u64::try_from(at).unwrap_or(u64::MAX);
            match start
                .checked_add(len as u64)
                .filter(|&end| end <= source.size())
            {
                Some(end) => Ok(Some(read(source, start, end)?.as_ref().to_vec())),
                None => Ok(None),
            }
        };
        let movie = Movie::read(&file.moov, (&file.pieces, &media), &mut fetch, keys)?;
        Ok(Some(match movie {
            Some(mut movie) => Self {
                writer: Writer::new(movie.moov, &mut movie.tracks),
                tracks: movie.tracks,
                pieces: file.pieces,
            },
            // Nothing is protected: the file stays as it is.
            None => Self {
                pieces: vec![Piece::Kept(0..source.size())],
                tracks: Vec::new(),
                writer: Writer::default(),
            },
        }))
    }

    /// The next part of the clear file; None at its end.
    ///
    /// # Errors
    /// [`Error::Input`], [`Error::Decryption`]; nothing may be written any more then.
    pub fn next_output<S: SeekableInput>(
        &mut self,
        source: &mut S,
    ) -> Result<Option<Output<S::Chunk>>, Error> {
        self.writer
            .next_output(source, (&self.pieces, &self.tracks))
    }
}
