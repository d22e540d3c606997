// SPDX-License-Identifier: MPL-2.0
//! The systems with a `pssh` of our own making.

use cenc_types::{KeyId, Pssh, Scheme};
use playready_header::PlayReadyObject;

use super::{Drm, Error, System, WidevineData};

impl Drm {
    /// PlayReady with an object; `listed` are the KIDs of a version 1 box, None makes one of version 0.
    ///
    /// # Errors
    /// [`Error::BoxTooLarge`].
    pub fn playready(object: PlayReadyObject, listed: Option<Vec<KeyId>>) -> Result<Self, Error> {
        let pssh = Pssh {
            system_id: System::PlayReady.id(),
            kids: listed,
            data: object.to_bytes(),
        };
        let pssh = whole(&pssh)?;
        Ok(Self::PlayReady { pssh, object })
    }

    /// Widevine with the KIDs of content of a scheme, and what its provider calls the content. A version 0 box: the KIDs stand in
    /// its data, and old clients know no other version.
    ///
    /// # Errors
    /// [`Error::BoxTooLarge`].
    pub fn widevine(
        kids: Vec<KeyId>,
        scheme: Scheme,
        content_id: Option<&str>,
    ) -> Result<Self, Error> {
        let data = WidevineData {
            key_ids: kids.clone(),
            protection_scheme: Some(*scheme.fourcc()),
            content_id: content_id.map(|id| id.as_bytes().to_vec()),
            ..WidevineData::default()
        };
        let pssh = Pssh {
            system_id: System::Widevine.id(),
            kids: None,
            data: data.to_bytes(),
        };
        let pssh = whole(&pssh)?;
        Ok(Self::Widevine { pssh, kids })
    }

    /// The KIDs alone, for any system.
    ///
    /// # Errors
    /// [`Error::BoxTooLarge`].
    pub fn common(kids: Vec<KeyId>) -> Result<Self, Error> {
        let pssh = Pssh {
            system_id: System::Common.id(),
            kids: Some(kids),
            data: Vec::new(),
        };
        let pssh = whole(&pssh)?;
        Ok(Self::Common { pssh })
    }
}

fn whole(pssh: &Pssh) -> Result<Vec<u8>, Error> {
    pssh.to_bytes().map_err(|_| Error::BoxTooLarge)
}
