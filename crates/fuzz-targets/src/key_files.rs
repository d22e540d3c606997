// SPDX-License-Identifier: MPL-2.0
//! Files with keys of any bytes, and the choice of keys for tracks.

use std::path::Path;
use std::sync::Arc;

use cenc_types::{Media, Scheme, Track};
use content_keys::{ContentRequest, CpixFile, KeyFile, KeyProvider};
use host_access::{Host, SecretFileError, SecretFiles};
use zeroize::Zeroizing;

/// The periods for which keys are requested.
const PERIODS: [u64; 3] = [0, 1, u64::MAX];

/// A machine with one file.
struct OneFile(String);

impl SecretFiles for OneFile {
    fn read(&self, _: &Path) -> Result<Zeroizing<String>, SecretFileError> {
        Ok(Zeroizing::new(self.0.clone()))
    }

    fn create(&self, _: &Path, _: &[u8]) -> Result<(), SecretFileError> {
        unreachable!("the file is there")
    }
}

fn host(text: &str) -> Host {
    Host {
        files: Arc::new(OneFile(text.to_owned())),
        ..Host::system()
    }
}

/// Reads `data` as a `.keys` file and asks for keys.
pub fn keys_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(mut file) = KeyFile::open_or_create("file:///any.keys", &host(text)) {
        choose(&mut file);
    }
}

/// Reads `data` as a CPIX file and asks for keys.
pub fn cpix_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for request in [Scheme::Cenc, Scheme::Cbcs].map(ContentRequest::new) {
        if let Ok(mut file) = CpixFile::open("any.cpix".into(), &request, &host(text)) {
            choose(&mut file);
        }
    }
}

/// Checks that a key that is given for a track is given again.
fn choose(source: &mut dyn KeyProvider) {
    const VIDEO: Media = Media::Video {
        width: 1920,
        height: 1080,
    };
    for period in PERIODS {
        let Ok(keys) = source.period_keys(period) else {
            continue;
        };
        for media in [VIDEO, Media::Audio, Media::Text] {
            let kid = || {
                keys.select(&Track { track_id: 1, media }, period)
                    .map(|key| key.map(|key| key.kid))
            };
            assert_eq!(kid().ok(), kid().ok());
        }
    }
}
