// SPDX-License-Identifier: MPL-2.0
//! What each DRM system is told of the keys in use.

use cenc_types::KeyId;
use content_keys::{KeyEntry, PeriodKeys};
use cpix::DrmSystem;
use drm_signaling::{Drm, DrmContent, GivenTexts, PlayReadyContent, System};
use playready_header::header::HeaderFields;
use playready_header::{KeyIds, LicenseStore};

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
    pub(super) used: Vec<&'a KeyEntry>,
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
    fn entries(&self) -> Vec<&'a KeyEntry> {
        let of_asset = self.keys.keys.entries().iter();
        let of_period = of_asset.filter(|entry| entry.period.is_none_or(|own| own == self.period));
        once(self.used.iter().copied().chain(of_period))
    }
}

fn once<'a>(entries: impl Iterator<Item = &'a KeyEntry>) -> Vec<&'a KeyEntry> {
    let mut all: Vec<&KeyEntry> = Vec::new();
    for entry in entries {
        if all.iter().all(|other| other.kid != entry.kid) {
            all.push(entry);
        }
    }
    all
}

fn kids(entries: &[&KeyEntry]) -> Vec<KeyId> {
    entries.iter().map(|entry| entry.kid).collect()
}

/// The systems asked for, PlayReady first, then the boxes that were given. What the source of the keys gives goes before what
/// would be made here for the same system.
pub(super) fn drms(config: &Config, told: &Told<'_>) -> Result<Vec<Drm>, Error> {
    let entries = told.entries();
    let kids = kids(&entries);
    let content = DrmContent {
        kids: &kids,
        scheme: config.scheme,
        content_id: config.content_id.as_deref(),
        playready: playready(config, told, &entries),
    };
    let given = told.keys.systems.iter();
    let given: Vec<_> = given.filter(|given| kids.contains(&given.kid)).collect();
    let is_given = |system: &&System| given.iter().any(|given| given.system_id == system.id());
    let asked = config.systems.iter().filter(|system| !is_given(system));
    let mut drms = asked
        .map(|system| system.signal(&content))
        .collect::<Result<Vec<_>, _>>()?;
    for system in &given {
        let drm = given_drm(system, &content)?;
        drms.extend(drm.filter(|drm| !drms.contains(drm)));
    }
    drms.extend(config.extra_pssh.iter().cloned());
    Ok(drms)
}

/// A system as the source of the keys says it; what it does not say is made of `content`. None: nothing can be said of it.
fn given_drm(given: &DrmSystem, content: &DrmContent<'_>) -> Result<Option<Drm>, Error> {
    let made = match (&given.pssh, System::from_id(&given.system_id)) {
        (Some(whole), _) => Config::given_pssh(whole)?,
        (None, Some(system)) => system.signal(content)?,
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
    Ok(Some(made.with_texts(texts)))
}

/// With ONDEMAND at the start of the stream and keys that change there is no KID to ask a licence for yet.
fn playready(config: &Config, told: &Told<'_>, entries: &[&KeyEntry]) -> PlayReadyContent {
    let of = &config.header;
    let on_demand = of.on_demand && told.place == Place::Moov;
    let is_root = on_demand && config.rotates();
    let listed = if is_root { &[] } else { entries };
    let keys = listed.iter().map(|entry| (entry.kid, Some(&entry.key)));
    let header = HeaderFields {
        version: of.version,
        key_ids: KeyIds::for_mode(config.scheme.cipher_mode(), keys),
        la_url: of.la_url.clone(),
        lui_url: of.lui_url.clone(),
        ds_id: of.ds_id,
        custom_attributes: of.custom_attributes.clone(),
        on_demand,
        license_requested: of.license_requested,
    };
    let given = told.keys.license_store.clone().map(LicenseStore::Given);
    let reserved = Some(of.license_store_size).filter(|size| *size > 0);
    PlayReadyContent {
        header,
        license_store: given.or(reserved.map(LicenseStore::Empty)),
        listed: of.pssh_lists_kids.then(|| kids(listed)),
    }
}
