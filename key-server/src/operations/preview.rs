// SPDX-License-Identifier: MPL-2.0
//! The signaling of a content's keys in files and manifests, and the command that protects a file with them. It needs no keys: a header
//! shows only their checksums.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::{CipherMode, KeyId};
use content_key_store::{AssignedSlot, Content, KeyStore};
use drm_signaling::{Drm, Playlist, hls, playready_pssh};
use playready_header::header::HeaderKeyId;
use playready_header::{Header, HeaderFields, KeyIds, PlayReadyObject};
use protection_policy::{HeaderConfig, Published, Signals};
use serde::Serialize;

use super::kid::KeyIdForms;
use super::{Error, content};

mod launch;

pub use launch::{CERTIFICATE, CREDENTIALS};

/// The source of the packagers' keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackagerKeys {
    /// A key store that the packager opens itself.
    Store {
        /// The value of the property `key-uri`, such as `sqlite:///var/lib/keys.db`.
        uri: String,
    },
    /// A key server.
    Speke {
        /// Its address without parameters, such as `speke+https://keys.example.com/speke`.
        address: String,
        /// True if packagers must be given its certificate.
        is_self_signed: bool,
    },
}

/// A content's signaling.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// WRMHEADER.
    pub header_xml: String,
    /// The PlayReady Object in base64.
    pub object_base64: String,
    /// The whole `pssh` box in base64.
    pub pssh_base64: String,
    /// The KIDs.
    pub kids: Vec<PreviewKey>,
    /// The ContentProtection elements of an MPD, a line each.
    pub mpd: String,
    /// The EXT-X-KEY line of media playlists; None for schemes that HLS does not support.
    pub hls_media: Option<String>,
    /// The EXT-X-SESSION-KEY line of the multivariant playlist.
    pub hls_multivariant: Option<String>,
    /// The Protection element of a Smooth Streaming manifest.
    pub smooth: Option<String>,
    /// A command that protects a file with the content's settings.
    pub gst_launch: String,
}

/// A KID of a preview.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PreviewKey {
    /// The KID in all notations.
    #[serde(flatten)]
    pub forms: KeyIdForms,
    /// The CHECKSUM in base64, if the key is known and the scheme has one.
    pub checksum: Option<String>,
}

/// Returns the signaling of KIDs with a content's settings. `source` is for the command that protects a file. The KIDs need not be in a
/// store yet: [`HeaderKeyId::aes_ctr`] makes one from a new key.
///
/// # Errors
/// [`Error::Setting`], [`Error::Header`], [`Error::Box`].
pub fn preview(
    content: &Content,
    keys: &[HeaderKeyId<8>],
    source: &PackagerKeys,
) -> Result<Preview, Error> {
    let header = header(content, keys, &header_config(content)?)?;
    let object = PlayReadyObject::with_header(&header)?;
    let pssh = playready_pssh(&object, None)?;
    let drm = Drm::playready(object.clone(), pssh.clone());
    let session = hls::key_lines(&drm, content.scheme, Playlist::Multivariant);
    let signals = Signals {
        kids: keys.iter().map(|key| key.kid).collect(),
        drms: vec![drm],
    };
    let texts = Published::new(&signals, content.scheme);
    Ok(Preview {
        header_xml: header.to_xml(),
        object_base64: object.to_base64(),
        pssh_base64: STANDARD.encode(&pssh),
        kids: keys
            .iter()
            .map(|key| preview_key(key, content.scheme.cipher_mode()))
            .collect(),
        mpd: texts.content_protection.unwrap_or_default(),
        hls_media: texts.hls_key,
        hls_multivariant: session.ok().map(|lines| lines.join("\n")),
        smooth: texts.smooth_protection,
        gst_launch: launch::line(content, source),
    })
}

/// Returns the signaling of the keys of a content in its last crypto period.
///
/// # Errors
/// [`Error::NoKeys`], and those of [`preview`].
pub fn of_stored(
    store: &KeyStore,
    content_id: &str,
    source: &PackagerKeys,
) -> Result<Preview, Error> {
    let content = store.content(content_id)?;
    let slots = content::last_slots(store, &content)?;
    if slots.is_empty() {
        return Err(Error::NoKeys(content.id));
    }
    let mut kids: Vec<KeyId> = Vec::with_capacity(slots.len());
    for AssignedSlot { kid, .. } in slots {
        if !kids.contains(&kid) {
            kids.push(kid);
        }
    }
    let keys = kids
        .iter()
        .map(|kid| store.header_key_id(kid))
        .collect::<Result<Vec<_>, _>>()?;
    preview(&content, &keys, source)
}

/// Checks that a PlayReady Header can be made of a content's settings. It tries with a made-up KID, since there may be none yet.
///
/// # Errors
/// [`Error::Setting`], [`Error::Header`], [`Error::Box`].
pub fn check_header(content: &Content) -> Result<(), Error> {
    let kid = HeaderKeyId {
        kid: KeyId::from_bytes([1; 16]),
        checksum: None,
    };
    let header = header(content, &[kid], &header_config(content)?)?;
    playready_pssh(&PlayReadyObject::with_header(&header)?, None)?;
    Ok(())
}

/// Checks the settings of a content for headers, and returns them.
///
/// # Errors
/// [`Error::Setting`].
fn header_config(content: &Content) -> Result<HeaderConfig, Error> {
    Ok(HeaderConfig {
        version: setting(content, "header version", content.header_version.as_ref())?
            .unwrap_or_default(),
        la_url: setting(content, "LA_URL", content.la_url.as_ref())?,
        lui_url: setting(content, "LUI_URL", content.lui_url.as_ref())?,
        ds_id: setting(content, "DS_ID", content.ds_id.as_ref())?,
        custom_attributes: setting(
            content,
            "CUSTOMATTRIBUTES",
            content.custom_attributes.as_ref(),
        )?,
        ..HeaderConfig::default()
    })
}

fn setting<T: std::str::FromStr<Err = playready_header::Error>>(
    content: &Content,
    setting: &'static str,
    text: Option<&String>,
) -> Result<Option<T>, Error> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|source| Error::Setting {
            content: content.id.clone(),
            setting,
            source,
        })
}

fn header(content: &Content, keys: &[HeaderKeyId<8>], of: &HeaderConfig) -> Result<Header, Error> {
    let key_ids = match content.scheme.cipher_mode() {
        CipherMode::Ctr => KeyIds::AesCtr(keys.to_vec()),
        CipherMode::Cbc => KeyIds::AesCbc(keys.iter().map(|key| key.kid).collect()),
    };
    Ok(Header::new(HeaderFields {
        version: of.version,
        key_ids,
        la_url: of.la_url.clone(),
        lui_url: of.lui_url.clone(),
        ds_id: of.ds_id,
        custom_attributes: of.custom_attributes.clone(),
        ..HeaderFields::default()
    })?)
}

fn preview_key(key: &HeaderKeyId<8>, mode: CipherMode) -> PreviewKey {
    PreviewKey {
        forms: key.kid.into(),
        checksum: key
            .checksum
            .filter(|_| mode == CipherMode::Ctr)
            .map(|checksum| STANDARD.encode(checksum)),
    }
}

#[cfg(test)]
mod tests;
