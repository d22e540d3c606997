// SPDX-License-Identifier: MPL-2.0
//! Protects whole streams with the library's encryptor, under one key and without a policy.

use std::error::Error;
use std::sync::Arc;

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::{ContentKey, Iv, KeyId, Media, Pattern, Scheme, Track};
use common_encryption::{EncryptionMethod, IvSource, SampleKey};
use common_encryption::{InitProtection, Protector, TrackProtection};

use crate::decrypt::{Keys, hex};

/// The content key of all tracks.
pub const KEY: [u8; 16] = *b"a key for tests.";
/// The KID of that key.
pub const KID: [u8; 16] = *b"a KID for tests.";

/// The key of all tracks in the form of the independent decryptor.
pub fn keys() -> Keys {
    Keys::one(&hex(&KID), &hex(&KEY))
}

/// Protects video and audio with one key and one first IV, and leaves text clear.
pub struct FixedKey(Scheme);

impl FixedKey {
    /// Protects by `scheme`, with the usual pattern for video.
    pub const fn new(scheme: Scheme) -> Self {
        Self(scheme)
    }
}

impl Protector for FixedKey {
    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
        let scheme = self.0;
        let iv = match scheme {
            Scheme::Cbcs | Scheme::Cbc1 => Iv::new(b"the constant IV.")?,
            _ => Iv::new(b"first IV")?,
        };
        let key = Arc::new(SampleKey::new(
            KeyId::from_bytes(KID),
            &ContentKey::from_bytes(KEY.into()),
            scheme,
            IvSource::new(scheme, iv)?,
        ));
        let protection = |track: &Track| {
            let pattern = match track.media {
                Media::Video { .. } if scheme.has_pattern() => Pattern::ONE_IN_TEN,
                Media::Text => return None,
                Media::Video { .. } | Media::Audio => Pattern::NONE,
            };
            Some(TrackProtection {
                key: Arc::clone(&key),
                method: EncryptionMethod { scheme, pattern },
                root_kid: None,
            })
        };
        Ok(InitProtection {
            tracks: tracks.iter().map(protection).collect(),
            ..InitProtection::default()
        })
    }
}

/// Protects `data`, pushed in chunks of the sizes `sizes`, and returns the bytes of the resulting file.
pub fn protect(
    data: &[u8],
    scheme: Scheme,
    mode: IndexMode,
    sizes: impl IntoIterator<Item = usize>,
) -> Result<Vec<u8>, String> {
    let mut encryptor = Encryptor::new(mode);
    let mut protector = FixedKey::new(scheme);
    let mut outputs = Vec::new();
    let mut sizes = sizes.into_iter();
    let mut rest = data;
    while !rest.is_empty() {
        let (chunk, remaining) =
            rest.split_at(sizes.next().unwrap_or(rest.len()).clamp(1, rest.len()));
        encryptor
            .push(BytesMut::from(chunk), &mut protector, &mut outputs)
            .map_err(|error| error.to_string())?;
        rest = remaining;
    }
    encryptor
        .finish(&mut protector, &mut outputs)
        .map_err(|error| error.to_string())?;
    Ok(file(outputs))
}

/// Returns the bytes of the file that the outputs form.
pub fn file(outputs: Vec<Output<BytesMut>>) -> Vec<u8> {
    let mut file = Vec::new();
    for output in outputs {
        match output {
            Output::Boxes { bytes, .. } => file.extend(bytes),
            Output::Media(bytes) => file.extend(bytes),
            Output::Patch {
                position, bytes, ..
            } => {
                let at = usize::try_from(position).expect("inside the file");
                file[at..at + bytes.len()].copy_from_slice(&bytes);
            }
        }
    }
    file
}
