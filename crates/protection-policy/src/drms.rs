// SPDX-License-Identifier: MPL-2.0
//! The signaling of the keys in use for each DRM system.

use cenc_types::KeyId;
use content_keys::{KeyEntry, PeriodKeys};
use cpix::DrmSystem;
use drm_signaling::{Drm, DrmContent, PlayReadyContent, SourceTexts, System};
use playready_header::header::HeaderFields;
use playready_header::{KeyIds, LicenseStore};

use super::{Config, Error, KeyChangeForm};

/// The box that carries the signaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalPosition {
    /// `moov`, at the start of the stream.
    Moov,
    /// `moof`, at the start of a crypto period.
    Moof,
}

/// The keys to signal.
pub(super) struct SignaledKeys<'a> {
    keys: &'a PeriodKeys,
    period: u64,
    position: SignalPosition,
    /// The keys of the stream's tracks, in track order.
    pub(super) used: Vec<&'a KeyEntry>,
}

impl<'a> SignaledKeys<'a> {
    pub(super) const fn new(keys: &'a PeriodKeys, period: u64, position: SignalPosition) -> Self {
        Self {
            keys,
            period,
            position,
            used: Vec::new(),
        }
    }

    /// Returns the KIDs of the stream's tracks, each once.
    pub(super) fn used_kids(&self) -> Vec<KeyId> {
        kids(&distinct(self.used.iter().copied()))
    }

    /// Returns the KIDs whose signaling from the source belongs here: with leaf licences in the `moof`, those of their root keys in `moov`.
    fn described_kids(&self, config: &Config, kids: &[KeyId]) -> Vec<KeyId> {
        let lists_roots =
            config.key_change == KeyChangeForm::Embedded && self.position == SignalPosition::Moov;
        match lists_roots {
            true => kids
                .iter()
                .filter_map(|kid| self.keys.root_kid(*kid))
                .collect(),
            false => kids.to_vec(),
        }
    }

    /// Returns all keys of the asset in the period, each once, those of the stream first. A player may switch to tracks of the
    /// asset that are in other files.
    fn entries(&self) -> Vec<&'a KeyEntry> {
        let of_period = self
            .keys
            .keys
            .entries()
            .iter()
            .filter(|entry| entry.period.is_none_or(|own| own == self.period));
        distinct(self.used.iter().copied().chain(of_period))
    }
}

fn distinct<'a>(entries: impl Iterator<Item = &'a KeyEntry>) -> Vec<&'a KeyEntry> {
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

/// Returns the signaling of the configured systems, PlayReady first, followed by the extra boxes. Signaling from the source of the
/// keys replaces that of the same system.
pub(super) fn drms(config: &Config, signaled: &SignaledKeys<'_>) -> Result<Vec<Drm>, Error> {
    let entries = signaled.entries();
    let kids = kids(&entries);
    let content = DrmContent {
        kids: &kids,
        scheme: config.scheme,
        content_id: config.content_id.as_deref(),
        playready: playready(config, signaled, &entries),
        clear_key_url: config.clear_key_url.as_ref().map(|url| url.as_str()),
    };
    let described = signaled.described_kids(config, &kids);
    let given: Vec<_> = signaled
        .keys
        .systems
        .iter()
        .filter(|given| described.contains(&given.kid))
        .collect();
    let is_given = |system: &&System| given.iter().any(|given| given.system_id == system.id());
    let mut drms = config
        .systems
        .iter()
        .filter(|system| !is_given(system))
        .map(|system| system.signal(&content))
        .collect::<Result<Vec<_>, _>>()?;
    for system in &given {
        let drm = given_drm(system, &content)?;
        drms.extend(drm.filter(|drm| !drms.contains(drm)));
    }
    drms.extend(config.extra_pssh.iter().cloned());
    Ok(drms)
}

/// Returns the signaling that the source of the keys gives for a system, completed from `content`. None for an unknown system
/// without a box.
fn given_drm(given: &DrmSystem, content: &DrmContent<'_>) -> Result<Option<Drm>, Error> {
    let drm = match (&given.pssh, System::from_id(&given.system_id)) {
        (Some(whole), _) => Config::pssh_from_bytes(whole)?,
        (None, Some(system)) => system.signal(content)?,
        (None, None) => return Ok(None),
    };
    let lines = |playlist| {
        given
            .hls
            .iter()
            .filter(move |hls| hls.playlist == playlist)
            .flat_map(|hls| hls.lines.lines().map(str::to_owned))
    };
    let texts = SourceTexts {
        content_protection: given.content_protection.as_ref().map(|c| c.xml.clone()),
        hls_media: lines(None)
            .chain(lines(Some(cpix::Playlist::Media)))
            .collect(),
        hls_multivariant: lines(Some(cpix::Playlist::MultiVariant)).collect(),
        smooth: given.smooth.clone(),
    };
    if texts == SourceTexts::default() {
        return Ok(Some(drm));
    }
    Ok(Some(drm.with_source_texts(texts)))
}

/// Returns the content for PlayReady. With ONDEMAND and keys that change, the header in `moov` lists no KIDs, since players cannot
/// request a licence yet.
fn playready(
    config: &Config,
    signaled: &SignaledKeys<'_>,
    entries: &[&KeyEntry],
) -> PlayReadyContent {
    let settings = &config.header;
    let on_demand = config.is_on_demand() && signaled.position == SignalPosition::Moov;
    let listed = match on_demand && config.lists_kids_in_moof() {
        true => &[],
        false => entries,
    };
    let header = HeaderFields {
        version: settings.version,
        key_ids: KeyIds::for_mode(
            config.scheme.cipher_mode(),
            listed.iter().map(|entry| (entry.kid, Some(&entry.key))),
        ),
        la_url: settings.la_url.clone(),
        lui_url: settings.lui_url.clone(),
        ds_id: settings.ds_id,
        custom_attributes: settings.custom_attributes.clone(),
        on_demand,
        license_requested: settings.license_requested,
    };
    PlayReadyContent {
        header,
        license_store: signaled
            .keys
            .license_store
            .clone()
            .map(LicenseStore::Given)
            .or(Some(settings.license_store_size)
                .filter(|size| *size > 0)
                .map(LicenseStore::Empty)),
        listed: settings.pssh_lists_kids.then(|| kids(listed)),
    }
}
