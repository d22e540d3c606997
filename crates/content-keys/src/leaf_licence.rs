// SPDX-License-Identifier: MPL-2.0
//! Leaf licences: a client that has the licence of a root key gets content keys by licences in the stream, without a request for each.

use cenc_types::{KeyId, Pssh};
use cpix::{Document, DrmSystem};
use playready_header::{PlayReadyObject, RecordKind, SYSTEM_ID as PLAYREADY};

use super::PeriodKeys;

/// The leaf licence of a content key for PlayReady. It holds the key encrypted to its root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafLicence {
    /// The KID of the root key.
    pub root_kid: KeyId,
    /// The complete `pssh` box, whose PlayReady Object has the licence as an embedded licence store.
    pub pssh: Vec<u8>,
}

impl LeafLicence {
    /// Returns the leaf licence that a CPIX document has of a key: the key names its root key (`dependsOnKey`), and its DRMSystem for
    /// PlayReady has a `pssh` box with a licence. None if one of these is missing.
    pub fn from_document(document: &Document, kid: KeyId) -> Option<Self> {
        let root_kid = document.content_key(kid)?.depends_on_key?;
        let pssh = document
            .drm_systems
            .iter()
            .filter(|system| system.kid == kid && system.system_id == PLAYREADY)
            .find_map(|system| system.pssh.as_ref().filter(|pssh| has_licence(pssh)))?;
        Some(Self {
            root_kid,
            pssh: pssh.clone(),
        })
    }

    /// Returns the licence as the signaling of PlayReady for the key.
    pub fn to_drm_system(self, kid: KeyId) -> DrmSystem {
        DrmSystem {
            pssh: Some(self.pssh),
            ..DrmSystem::new(PLAYREADY, kid)
        }
    }
}

impl PeriodKeys {
    /// Adds the leaf licence of a key.
    pub fn add_leaf_licence(&mut self, kid: KeyId, licence: LeafLicence) {
        self.roots.insert(kid, licence.root_kid);
        self.systems.push(licence.to_drm_system(kid));
    }
}

/// True if a `pssh` box has a PlayReady Object with an embedded licence store: PlayReady Header Specification, record type 3.
fn has_licence(pssh: &[u8]) -> bool {
    let object = Pssh::from_bytes(pssh)
        .ok()
        .filter(|pssh| pssh.system_id == PLAYREADY)
        .and_then(|pssh| PlayReadyObject::parse(&pssh.data).ok());
    object.is_some_and(|object| {
        object.records().iter().any(|record| {
            record.kind == RecordKind::LicenseStore && record.value.iter().any(|byte| *byte != 0)
        })
    })
}

#[cfg(test)]
mod tests {
    use cpix::ContentKey;
    use playready_header::LicenseStore;

    use super::*;

    const KID: KeyId = KeyId::from_bytes([1; 16]);
    const ROOT: KeyId = KeyId::from_bytes([2; 16]);

    fn pssh(store: LicenseStore) -> Vec<u8> {
        let mut object = PlayReadyObject::default();
        object.push_license_store(store).unwrap();
        let data = object.to_bytes();
        let size = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
        [
            &size(32 + data.len())[..],
            b"pssh\0\0\0\0",
            &PLAYREADY,
            &size(data.len()),
            &data,
        ]
        .concat()
    }

    fn document(root: Option<KeyId>, system_id: [u8; 16], pssh: Vec<u8>) -> Document {
        let key = ContentKey {
            depends_on_key: root,
            ..ContentKey::request(KID, cenc_types::Scheme::Cenc)
        };
        let system = DrmSystem {
            pssh: Some(pssh),
            ..DrmSystem::new(system_id, KID)
        };
        Document {
            content_keys: vec![key],
            drm_systems: vec![system],
            ..Document::default()
        }
    }

    #[test]
    fn only_a_licence_of_playready_under_a_root_key_counts() {
        let licence = || pssh(LicenseStore::Given(b"XMR".to_vec()));
        let found = LeafLicence::from_document(&document(Some(ROOT), PLAYREADY, licence()), KID);
        let expected = LeafLicence {
            root_kid: ROOT,
            pssh: licence(),
        };
        assert_eq!(found.as_ref(), Some(&expected));
        for lacking in [
            document(None, PLAYREADY, licence()),
            document(Some(ROOT), [3; 16], licence()),
            document(Some(ROOT), PLAYREADY, pssh(LicenseStore::Empty(16))),
            document(Some(ROOT), PLAYREADY, b"pssh".to_vec()),
        ] {
            assert_eq!(LeafLicence::from_document(&lacking, KID), None);
        }
        let mut keys = PeriodKeys::default();
        keys.add_leaf_licence(KID, expected);
        assert_eq!(keys.root_kid(KID), Some(ROOT));
        assert_eq!(keys.systems[0].pssh, Some(licence()));
    }
}
