// SPDX-License-Identifier: MPL-2.0
//! The packager under one key, without policy.

use std::error::Error;
use std::sync::Arc;

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::{ContentKey, Iv, KeyId, Media, Pattern, Scheme, Track};
use common_encryption::{InitProtection, Protector, TrackProtection};
use common_encryption::{IvSource, Method, SampleKey};
use zeroize::Zeroizing;

pub const KEY: [u8; 16] = [0x3a; 16];
pub const IV: [u8; 16] = [0x51; 16];

/// All tracks under one key.
pub struct OneKey {
    key: Arc<SampleKey>,
    scheme: Scheme,
}

impl OneKey {
    pub fn new(scheme: Scheme) -> Self {
        let ivs = IvSource::new(scheme, Iv::new(&IV).unwrap()).unwrap();
        let key = ContentKey::from_bytes(Zeroizing::new(KEY));
        let kid = KeyId::from_bytes([0x10; 16]);
        Self {
            key: Arc::new(SampleKey::new(kid, &key, scheme, ivs)),
            scheme,
        }
    }
}

impl Protector for OneKey {
    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
        let tracks = tracks.iter().map(|track| {
            let pattern = match track.media {
                Media::Video { .. } if self.scheme.has_pattern() => Pattern::ONE_IN_TEN,
                _ => Pattern::NONE,
            };
            Some(TrackProtection {
                key: Arc::clone(&self.key),
                method: Method {
                    scheme: self.scheme,
                    pattern,
                },
            })
        });
        Ok(InitProtection {
            tracks: tracks.collect(),
            pssh: Vec::new(),
        })
    }
}

/// A stream under way.
pub struct Channel {
    encryptor: Encryptor<BytesMut>,
    protector: OneKey,
    out: Vec<Output<BytesMut>>,
}

impl Channel {
    pub fn new(scheme: Scheme, init: &[u8]) -> Self {
        let mut channel = Self {
            encryptor: Encryptor::new(IndexMode::Hold),
            protector: OneKey::new(scheme),
            out: Vec::new(),
        };
        channel.push(BytesMut::from(init));
        channel
    }

    /// Leaves the cipher's work to threads, as a file's is left to them or as a live stream's.
    pub fn set_threads(&mut self, threads: usize, ahead: bool) {
        self.encryptor.set_threads(threads).unwrap();
        if ahead {
            self.encryptor.look_ahead();
        }
    }

    /// The end of the stream: appends the payload that comes out to `done`.
    pub fn finish(&mut self, done: &mut Vec<BytesMut>) {
        let finished = self.encryptor.finish(&mut self.protector, &mut self.out);
        finished.unwrap();
        done.extend(self.out.drain(..).filter_map(payload));
    }

    /// Pushes a chunk and returns the payload that came out last.
    pub fn push(&mut self, chunk: BytesMut) -> Option<BytesMut> {
        self.outputs(chunk).next_back()
    }

    /// Pushes a chunk and appends the payload that came out to `done`.
    pub fn push_to(&mut self, chunk: BytesMut, done: &mut Vec<BytesMut>) {
        done.extend(self.outputs(chunk));
    }

    fn outputs(&mut self, chunk: BytesMut) -> impl DoubleEndedIterator<Item = BytesMut> {
        let pushed = self
            .encryptor
            .push(chunk, &mut self.protector, &mut self.out);
        pushed.unwrap();
        self.out.drain(..).filter_map(payload)
    }

    /// Protects a fragment where it lies.
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
