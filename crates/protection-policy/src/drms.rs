// SPDX-License-Identifier: MPL-2.0
//! What each DRM system is told of the keys in use.

use cenc_types::KeyId;
use content_keys::{Entry, PeriodKeys};
use cpix::DrmSystem;
use drm_signaling::{Drm, GivenTexts, System};
use playready_header::header::HeaderFields;
use playready_header::{Header, KeyIds, LicenseStore, PlayReadyObject};

use super::{Config, Error};

/// Where the systems are told of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the start of the stream.
    Moov,
    /// At the start of a crypto period.
    Moof,
}

/// What the systems are told.
pub(super) struct Told<'a> {
    keys: &'a PeriodKeys,
    period: u64,
    place: Place,
    /// The keys of the stream's tracks, in their order.
    pub(super) used: Vec<&'a Entry>,
}

impl<'a> Told<'a> {
    pub(super) const fn new(keys: &'a PeriodKeys, period: u64, place: Place) -> Self {
        Self {
            keys,
            period,
            place,
            used: Vec::new(),
        }
    }

    /// The KIDs of the stream's tracks, each once.
    pub(super) fn used_kids(&self) -> Vec<KeyId> {
        kids(&once(self.used.iter().copied()))
    }

    /// All keys of the asset in the period, each once: those of the stream first. Other tracks may be in files of their own,
    /// and a player may switch to them.
    fn entries(&self) -> Vec<&'a Entry> {
        let of_asset = self.keys.keys.entries().iter();
        let of_period = of_asset.filter(|entry| entry.period.is_none_or(|own| own == self.period));
        once(self.used.iter().copied().chain(of_period))
    }
}

fn once<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<&'a Entry> {
    let mut all: Vec<&Entry> = Vec::new();
    for entry in entries {
        if all.iter().all(|other| other.kid != entry.kid) {
            all.push(entry);
        }
    }
    all
}

fn kids(entries: &[&Entry]) -> Vec<KeyId> {
    entries.iter().map(|entry| entry.kid).collect()
}

/// The systems asked for, PlayReady first, then the boxes that were given. What the source of the keys gives goes before what
/// would be made here for the same system.
pub(super) fn drms(config: &Config, told: &Told<'_>) -> Result<Vec<Drm>, Error> {
    let entries = told.entries();
    let kids = kids(&entries);
    let make = |system: System| match system {
        System::PlayReady => playready(config, told, &entries),
        System::Widevine => {
            let content_id = config.content_id.as_deref();
            Ok(Drm::widevine(kids.clone(), config.scheme, content_id)?)
        }
        System::Common => Ok(Drm::common(kids.clone())?),
        System::FairPlay => Ok(Drm::FairPlay { kids: kids.clone() }),
        System::Marlin => Ok(Drm::Marlin { kids: kids.clone() }),
    };
    let given = told.keys.systems.iter();
    let given: Vec<_> = given.filter(|given| kids.contains(&given.kid)).collect();
    let is_given = |system: &&System| given.iter().any(|given| given.system_id == system.id());
    let asked = config.systems.iter().filter(|system| !is_given(system));
    let mut drms = asked
        .map(|system| make(*system))
        .collect::<Result<Vec<_>, _>>()?;
    for system in &given {
        let drm = given_drm(system, make)?;
        drms.extend(drm.filter(|drm| !drms.contains(drm)));
    }
    drms.extend(config.extra_pssh.iter().cloned());
    Ok(drms)
}

/// A system as the source of the keys says it; `make` makes what it does not say. None: nothing can be said of it.
fn given_drm(
    given: &DrmSystem,
    make: impl FnOnce(System) -> Result<Drm, Error>,
) -> Result<Option<Drm>, Error> {
    let made = match (&given.pssh, System::from_id(&given.system_id)) {
        (Some(whole), _) => Config::given_pssh(whole)?,
        (None, Some(system)) => make(system)?,
        (None, None) => return Ok(None),
    };
    let lines = |playlist| {
        let given = given.hls.iter().filter(move |hls| hls.playlist == playlist);
        given.flat_map(|hls| hls.lines.lines().map(str::to_owned))
    };
    let texts = GivenTexts {
        content_protection: given.content_protection.as_ref().map(|c| c.xml.clone()),
        hls_media: lines(None)
            .chain(lines(Some(cpix::Playlist::Media)))
            .collect(),
        hls_multivariant: lines(Some(cpix::Playlist::MultiVariant)).collect(),
        smooth: given.smooth.clone(),
    };
    if texts == GivenTexts::default() {
        return Ok(Some(made));
    }
    let made = Box::new(made);
    Ok(Some(Drm::Given { made, texts }))
}

/// With ONDEMAND at the start of the stream and keys that change there is no KID to ask a licence for yet.
fn playready(config: &Config, told: &Told<'_>, entries: &[&Entry]) -> Result<Drm, Error> {
    let of = &config.header;
    let on_demand = of.on_demand && told.place == Place::Moov;
    let is_root = on_demand && config.rotates();
    let listed = if is_root { &[] } else { entries };
    let keys = listed.iter().map(|entry| (entry.kid, Some(&entry.key)));
    let header = Header::new(HeaderFields {
        version: of.version,
        key_ids: KeyIds::for_mode(config.scheme.cipher_mode(), keys),
        la_url: of.la_url.clone(),
        lui_url: of.lui_url.clone(),
        ds_id: of.ds_id,
        custom_attributes: of.custom_attributes.clone(),
        on_demand,
        license_requested: of.license_requested,
    })?;
    let mut object = PlayReadyObject::with_header(&header)?;
    match &told.keys.license_store {
        Some(store) => object.push_license_store(LicenseStore::Given(store.clone()))?,
        None if of.license_store_size > 0 => {
            object.push_license_store(LicenseStore::Empty(of.license_store_size))?;
        }
        None => (),
    }
    let listed = of.pssh_lists_kids.then(|| kids(listed));
    Ok(Drm::playready(object, listed)?)
}
