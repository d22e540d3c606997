// SPDX-License-Identifier: MPL-2.0
//! Manifests of any text, protected as if every file that they name were protected.

use std::rc::Rc;

use cenc_types::{KeyId, Pssh, Scheme};
use drm_signaling::Drm;
use playready_header::{PlayReadyObject, SYSTEM_ID};
use presentation::{
    Error, FileLayout, FileProtection, NamedProtection, PresentationFiles, protect_manifest,
};
use url::Url;

/// The text of each media playlist.
const PLAYLIST: &str = "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:2,\n1.m4s\n";

/// Files with the same protection.
struct UniformFiles {
    url: Url,
    protection: Rc<FileProtection>,
    is_given: bool,
}

impl PresentationFiles for UniformFiles {
    type Error = Error;

    fn manifest_url(&self) -> &Url {
        &self.url
    }

    fn given(&mut self) -> Result<Vec<NamedProtection>, Error> {
        let named = || NamedProtection {
            name: "init.mp4".to_owned(),
            protection: Rc::clone(&self.protection),
        };
        Ok(self.is_given.then(named).into_iter().collect())
    }

    fn protection(&mut self, _: &Url) -> Result<Rc<FileProtection>, Error> {
        Ok(Rc::clone(&self.protection))
    }

    fn layout(&mut self, _: &Url) -> Result<Option<Rc<FileLayout>>, Error> {
        Ok(None)
    }

    fn playlist(&mut self, _: &Url) -> Result<String, Error> {
        Ok(PLAYLIST.to_owned())
    }
}

/// Protects `data` as a manifest: all of it is still there, and it is refused when it comes in again.
pub fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for is_given in [false, true] {
        let mut files = UniformFiles {
            url: Url::parse("file:///presentation/manifest").expect("it is a URL"),
            protection: Rc::new(protection()),
            is_given,
        };
        let Ok(protected) = protect_manifest(text, &mut files) else {
            continue;
        };
        if protected.added.is_empty() {
            // A playlist of subtitles.
            assert_eq!(protected.text, text);
            continue;
        }
        // An empty element is opened: its slash moves.
        let kept = |text: &str| text.replace('/', "");
        assert!(is_within(&kept(text), &kept(&protected.text)));
        assert!(
            protect_manifest(&protected.text, &mut files).is_err(),
            "protected twice"
        );
    }
}

/// True if `whole` contains the characters of `part`, in their order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|c| rest.any(|other| other == c))
}

fn protection() -> FileProtection {
    let pssh = Pssh {
        system_id: SYSTEM_ID,
        kids: None,
        data: PlayReadyObject::default().to_bytes(),
    };
    FileProtection {
        scheme: Some(Scheme::Cbcs),
        kids: vec![KeyId::from_bytes(*b"a KID for tests.")],
        drms: vec![Drm::from_pssh(&pssh, pssh.to_bytes().expect("it is small"))],
        is_text: false,
    }
}
