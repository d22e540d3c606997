// SPDX-License-Identifier: MPL-2.0
//! A fragmented film, cut into the chunks that a muxer pushes. Each turn protects the payload that the turn before has
//! protected: the headers that a parser reads stay clear.

use std::path::Path;

use bytes::BytesMut;
use cenc_types::Scheme;

use test_support::channel::Channel;

#[derive(Clone)]
pub struct Film {
    pub init: Vec<u8>,
    pub fragments: Vec<Fragment>,
}

#[derive(Clone)]
pub struct Fragment {
    /// The `moof` and the header of the `mdat`.
    pub boxes: Vec<u8>,
    /// The payload.
    pub media: BytesMut,
}

impl Film {
    /// Reads the fragments that begin in the first `most` bytes.
    pub fn read(path: &Path, most: usize) -> Self {
        let data = std::fs::read(path).unwrap();
        let mut film = Self {
            init: Vec::new(),
            fragments: Vec::new(),
        };
        let mut at = 0;
        let mut boxes = 0;
        while at < data.len().min(most) {
            let size = u32::from_be_bytes(*data[at..].first_chunk().unwrap()) as usize;
            match &data[at + 4..at + 8] {
                b"moof" => boxes = at,
                b"mdat" => film.fragments.push(Fragment {
                    boxes: data[boxes..at + 8].to_vec(),
                    media: BytesMut::from(&data[at + 8..at + size]),
                }),
                b"ftyp" | b"moov" => film.init.extend_from_slice(&data[at..at + size]),
                _ => (),
            }
            at += size;
        }
        film
    }

    pub fn media_len(&self) -> usize {
        self.fragments.iter().map(|f| f.media.len()).sum()
    }

    pub fn protect(&mut self, scheme: Scheme) {
        self.protect_through(&mut Channel::new(scheme, &self.init));
    }

    /// Protects the fragments as a stream that already has its initialization segment. The stream may return fragments late,
    /// but has returned all at its end.
    pub fn protect_through(&mut self, channel: &mut Channel) {
        let mut done = Vec::with_capacity(self.fragments.len());
        for Fragment { boxes, media } in &mut self.fragments {
            channel.push_to(BytesMut::from(boxes.as_slice()), &mut done);
            channel.push_to(std::mem::take(media), &mut done);
        }
        channel.finish(&mut done);
        for (fragment, done) in self.fragments.iter_mut().zip(done) {
            fragment.media = done;
        }
    }

    /// Does the same with payload that comes in chunks of `len` bytes.
    pub fn protect_chunks(&mut self, scheme: Scheme, len: usize) {
        let mut channel = Channel::new(scheme, &self.init);
        let mut done = Vec::new();
        for Fragment { boxes, media } in &mut self.fragments {
            channel.push(BytesMut::from(boxes.as_slice()));
            let mut rest = std::mem::take(media);
            while !rest.is_empty() {
                let chunk = rest.split_to(len.min(rest.len()));
                channel.push_to(chunk, &mut done);
            }
            // The chunks are still next to each other in memory.
            done.drain(..).for_each(|chunk| media.unsplit(chunk));
        }
    }
}
