// SPDX-License-Identifier: MPL-2.0
//! Protects a stream with the library's encryptor, one fragment at a time.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::Scheme;

use crate::encrypted::FixedKey;

/// A stream of which the initialization segment has been protected.
pub struct Channel {
    encryptor: Encryptor<BytesMut>,
    protector: FixedKey,
    out: Vec<Output<BytesMut>>,
}

impl Channel {
    /// Begins a stream with its initialization segment.
    pub fn new(scheme: Scheme, init: &[u8]) -> Self {
        let mut channel = Self {
            encryptor: Encryptor::new(IndexMode::Hold),
            protector: FixedKey::new(scheme),
            out: Vec::new(),
        };
        channel.push(BytesMut::from(init));
        channel
    }

    /// Lets threads do the cipher's work: with `ahead` several fragments at a time, as for a file, else one, as for a live
    /// stream.
    pub fn set_threads(&mut self, threads: usize, ahead: bool) {
        self.encryptor.set_threads(threads).unwrap();
        if ahead {
            self.encryptor.look_ahead();
        }
    }

    /// Ends the stream and appends the payload that comes out to `done`.
    pub fn finish(&mut self, done: &mut Vec<BytesMut>) {
        self.encryptor
            .finish(&mut self.protector, &mut self.out)
            .unwrap();
        done.extend(self.out.drain(..).filter_map(payload));
    }

    /// Pushes a chunk and returns the last payload that comes out.
    pub fn push(&mut self, chunk: BytesMut) -> Option<BytesMut> {
        self.outputs(chunk).next_back()
    }

    /// Pushes a chunk and appends the payload that comes out to `done`.
    pub fn push_to(&mut self, chunk: BytesMut, done: &mut Vec<BytesMut>) {
        done.extend(self.outputs(chunk));
    }

    fn outputs(&mut self, chunk: BytesMut) -> impl DoubleEndedIterator<Item = BytesMut> {
        self.encryptor
            .push(chunk, &mut self.protector, &mut self.out)
            .unwrap();
        self.out.drain(..).filter_map(payload)
    }

    /// Protects a fragment in place.
    pub fn protect(&mut self, boxes: &[u8], media: &mut BytesMut) {
        self.push(BytesMut::from(boxes));
        *media = self.push(std::mem::take(media)).unwrap();
    }
}

fn payload(output: Output<BytesMut>) -> Option<BytesMut> {
    match output {
        Output::Media(bytes) => Some(bytes),
        _ => None,
    }
}
