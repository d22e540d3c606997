// SPDX-License-Identifier: MPL-2.0
//! What each DRM system is told of the keys in use.

use crate::cenc::{KeyId, Pssh};
use crate::keys::Entry;
use crate::playready::header::HeaderFields;
use crate::playready::{Header, KeyIds, LicenseStore, PlayReadyObject};
use crate::signaling::{Drm, System, WidevineData};

use super::{Config, Error};

/// The systems asked for, PlayReady first, then the boxes that were given.
pub(super) fn drms(config: &Config, used: &[&Entry]) -> Result<Vec<Drm>, Error> {
    let kids: Vec<KeyId> = used.iter().map(|entry| entry.kid).collect();
    let made = config.systems.iter().map(|system| match system {
        System::PlayReady => playready(config, used, &kids),
        System::Widevine => widevine(config, &kids),
        System::Common => common(&kids),
        System::FairPlay => Ok(Drm::FairPlay { kids: kids.clone() }),
        System::Marlin => Ok(Drm::Marlin { kids: kids.clone() }),
    });
    let given = config.extra_pssh.iter().cloned().map(Ok);
    made.chain(given).collect()
}

fn playready(config: &Config, used: &[&Entry], kids: &[KeyId]) -> Result<Drm, Error> {
    let keys = used.iter().map(|entry| (entry.kid, Some(&entry.key)));
    let of = &config.header;
    let header = Header::new(HeaderFields {
        version: of.version,
        key_ids: KeyIds::for_mode(config.scheme.cipher_mode(), keys),
        la_url: of.la_url.clone(),
        lui_url: of.lui_url.clone(),
        ds_id: of.ds_id,
        custom_attributes: of.custom_attributes.clone(),
        on_demand: of.on_demand,
        license_requested: of.license_requested,
    })?;
    let mut object = PlayReadyObject::with_header(&header)?;
    if of.license_store_size > 0 {
        object.push_license_store(LicenseStore::Empty(of.license_store_size))?;
    }
    let pssh = Pssh {
        system_id: System::PlayReady.id(),
        kids: of.pssh_lists_kids.then(|| kids.to_vec()),
        data: object.to_bytes(),
    };
    Ok(Drm::PlayReady {
        pssh: pssh.to_bytes()?,
        object,
    })
}

/// A version 0 box: the KIDs stand in its data, and old clients know no other version.
fn widevine(config: &Config, kids: &[KeyId]) -> Result<Drm, Error> {
    let data = WidevineData {
        key_ids: kids.to_vec(),
        protection_scheme: Some(*config.scheme.fourcc()),
        ..WidevineData::default()
    };
    let pssh = Pssh {
        system_id: System::Widevine.id(),
        kids: None,
        data: data.to_bytes(),
    };
    Ok(Drm::Widevine {
        pssh: pssh.to_bytes()?,
        kids: kids.to_vec(),
    })
}

fn common(kids: &[KeyId]) -> Result<Drm, Error> {
    let pssh = Pssh {
        system_id: System::Common.id(),
        kids: Some(kids.to_vec()),
        data: Vec::new(),
    };
    Ok(Drm::Common {
        pssh: pssh.to_bytes()?,
    })
}
