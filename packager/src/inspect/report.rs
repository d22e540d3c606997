// SPDX-License-Identifier: MPL-2.0
//! The report of `inspect`, which `--json` serializes.

use std::collections::BTreeSet;
use std::fmt::Display;

use cenc_types::{KeyId, Pattern};
use common_encryption::ParsedProtection;
use drm_signaling::WidevineData;
use playready_header::{Deviation, FoundHeader, guid};
use serde::{Serialize, Serializer};

use super::facts::TrackFacts;
use super::findings::{Finding, Severity};
use super::profiles::ClientProfile;

/// The report of a stream, which is one file or several files as one.
#[derive(Debug, Serialize)]
pub struct InspectionReport {
    /// The names of the files.
    pub files: Vec<String>,
    /// The kind of the stream.
    pub container: Container,
    /// Major brand and compatible brands of `ftyp`, or of `styp` without one.
    pub brands: Vec<String>,
    /// minor_version of `ftyp`; None without one.
    #[serde(skip)]
    pub minor_version: Option<u32>,
    /// The number of `moof` boxes.
    pub fragments: u64,
    /// The tracks of `moov`, or of `moof` without one.
    pub tracks: Vec<TrackReport>,
    /// The different `pssh` boxes.
    pub pssh: Vec<PsshReport>,
    /// The profiles that the stream was compared with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<ClientProfile>,
    /// The findings.
    pub findings: Vec<Finding>,
}

impl InspectionReport {
    /// True if there is an error among the findings.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }
}

/// The kind of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// `moov` with `mvex`, with or without fragments.
    Fragmented,
    /// `moov` with all samples.
    Progressive,
    /// Fragments without `moov`.
    MediaSegment,
    /// None of these.
    NotMp4,
}

impl Container {
    /// True if there is a `moov`.
    pub const fn has_moov(self) -> bool {
        matches!(self, Self::Fragmented | Self::Progressive)
    }
}

/// A track.
#[derive(Debug, Default, Serialize)]
pub struct TrackReport {
    /// track_ID.
    pub track_id: u32,
    /// handler_type; empty without `moov`.
    pub handler: String,
    /// The sample entries of `stsd`.
    pub sample_entries: Vec<SampleEntryReport>,
    /// The number of samples.
    pub samples: u64,
    /// The size of all samples in bytes, as far as it is known.
    pub bytes: u64,
    /// The number of samples that are protected according to `tenc` or their sample group.
    pub signaled_samples: u64,
    /// The number of samples of which at least one byte is encrypted.
    pub protected_samples: u64,
    /// The number of bytes in the protected ranges of samples.
    pub protected_bytes: u64,
    /// The number of bytes of these that are encrypted: without those that a pattern skips, and without partial blocks in CBC.
    pub encrypted_bytes: u64,
    /// The number of samples that are signaled as protected and have no encrypted byte.
    pub bare_samples: u64,
    /// The boxes with the encryption information of the samples.
    pub information: InformationCounts,
    /// The number of samples with subsamples.
    pub subsampled_samples: u64,
    /// The largest number of subsamples in a sample.
    pub max_subsamples: usize,
    /// The first sample's own IV, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_iv: Option<String>,
    /// The different `seig` entries of `stbl` and of fragments.
    pub seig: Vec<ProtectionReport>,
    /// The KIDs of the protected samples.
    #[serde(serialize_with = "serialize_kids")]
    pub key_ids_used: BTreeSet<KeyId>,
    /// Facts for the rules of profiles.
    #[serde(skip)]
    pub facts: TrackFacts,
}

impl TrackReport {
    /// True for pictures.
    pub fn is_video(&self) -> bool {
        self.handler == "vide"
    }

    /// True for sound.
    pub fn is_audio(&self) -> bool {
        self.handler == "soun"
    }

    /// Returns the protected sample entries.
    pub fn protected_entries(&self) -> impl Iterator<Item = &SampleEntryReport> {
        self.sample_entries
            .iter()
            .filter(|entry| entry.is_protected())
    }

    /// Returns the KIDs of `tenc`, `seig` and the samples.
    pub fn key_ids(&self) -> BTreeSet<KeyId> {
        self.sample_entries
            .iter()
            .filter_map(|entry| entry.tenc.as_ref())
            .chain(&self.seig)
            .filter(|protection| protection.is_protected != 0)
            .map(|protection| protection.kid)
            .chain(self.key_ids_used.iter().copied())
            .filter(|kid| !kid.is_nil())
            .collect()
    }
}

/// The numbers of fragments, or 1 for a track of a progressive file, with encryption information in each kind of box.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct InformationCounts {
    /// Those with `senc`.
    pub senc: u64,
    /// Those with PIFF's `uuid` box.
    pub piff_senc: u64,
    /// Those with `saiz` and `saio`, which may point into `senc` or elsewhere.
    pub saiz_saio: u64,
}

/// A sample entry.
#[derive(Debug, Default, Serialize)]
pub struct SampleEntryReport {
    /// The format of the sample entry, such as `encv`.
    pub format: String,
    /// The format of the clear samples, from `frma`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_format: Option<String>,
    /// Width and height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(u16, u16)>,
    /// scheme_type of `schm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// scheme_version: the major version in the upper 16 bits, the minor version in the lower 16 bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme_version: Option<u32>,
    /// `tenc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenc: Option<ProtectionReport>,
}

impl SampleEntryReport {
    /// True if its samples are protected, or may be by groups.
    pub const fn is_protected(&self) -> bool {
        self.scheme.is_some() || self.tenc.is_some()
    }
}

/// `tenc` or an entry of `seig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProtectionReport {
    /// isProtected.
    pub is_protected: u8,
    /// The KID.
    #[serde(serialize_with = "serialize_display")]
    pub kid: KeyId,
    /// Per_Sample_IV_Size in bytes; 0 with a constant IV.
    pub iv_size: u8,
    /// The constant IV, in hex.
    pub constant_iv: Option<String>,
    /// crypt_byte_block:skip_byte_block.
    #[serde(serialize_with = "serialize_pattern")]
    pub pattern: Pattern,
}

impl From<&ParsedProtection> for ProtectionReport {
    fn from(found: &ParsedProtection) -> Self {
        Self {
            is_protected: found.is_protected,
            kid: found.kid,
            iv_size: found.per_sample_iv_size,
            constant_iv: found.constant_iv.as_deref().map(hex),
            pattern: found.pattern,
        }
    }
}

/// A `pssh` box.
#[derive(Debug, Serialize)]
pub struct PsshReport {
    /// The parent of its first occurrence: `moov`, `moof` or `file`.
    pub place: String,
    /// The number of equal boxes.
    pub count: u64,
    /// SystemID as a UUID.
    pub system_id: String,
    /// The name of the system, if it is known.
    pub system: Option<&'static str>,
    /// 0, or 1 with a list of KIDs.
    pub version: u8,
    /// The KIDs that a version 1 box lists.
    #[serde(serialize_with = "serialize_kids")]
    pub kids: Vec<KeyId>,
    /// The size of Data in bytes.
    pub data_size: usize,
    /// The content of Data, if the system is PlayReady.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playready: Option<PlayReadyObjectReport>,
    /// The content of Data, if the system is Widevine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widevine: Option<WidevineReport>,
}

/// A Widevine message.
#[derive(Debug, Serialize)]
pub struct WidevineReport {
    /// The KIDs.
    #[serde(serialize_with = "serialize_kids")]
    pub kids: Vec<KeyId>,
    /// protection_scheme as a four-character code.
    pub scheme: Option<String>,
    /// The content provider.
    pub provider: Option<String>,
    /// content_id, in hex.
    pub content_id: Option<String>,
}

impl From<WidevineData> for WidevineReport {
    fn from(data: WidevineData) -> Self {
        Self {
            kids: data.key_ids,
            scheme: data
                .protection_scheme
                .map(|fourcc| fourcc.escape_ascii().to_string()),
            provider: data.provider,
            content_id: data.content_id.as_deref().map(hex),
        }
    }
}

/// A PlayReady Object.
#[derive(Debug, Serialize)]
pub struct PlayReadyObjectReport {
    /// Its records in order.
    pub records: Vec<ObjectRecord>,
    /// The header in the first header record.
    pub header: Option<PlayReadyHeaderReport>,
}

/// A record of a PlayReady Object.
#[derive(Debug, Serialize)]
pub struct ObjectRecord {
    /// The record type.
    pub number: u16,
    /// The size of its value in bytes.
    pub size: usize,
}

/// A PlayReady Header.
#[derive(Debug, Serialize)]
pub struct PlayReadyHeaderReport {
    /// 4.0 to 4.3.
    pub version: &'static str,
    /// The KIDs.
    pub key_ids: Vec<HeaderKeyId>,
    /// LA_URL.
    pub la_url: Option<String>,
    /// LUI_URL.
    pub lui_url: Option<String>,
    /// DS_ID, base64.
    pub ds_id: Option<String>,
    /// CUSTOMATTRIBUTES in canonical form.
    pub custom_attributes: Option<String>,
    /// DECRYPTORSETUP.
    pub decryptor_setup: Option<String>,
    /// LICENSEREQUESTED.
    pub license_requested: Option<String>,
}

impl From<FoundHeader> for PlayReadyHeaderReport {
    fn from(found: FoundHeader) -> Self {
        Self {
            version: found.version.name(),
            key_ids: found
                .key_ids
                .into_iter()
                .map(|key| HeaderKeyId {
                    kid: key.kid,
                    playready_order: guid::to_base64(&key.kid),
                    algorithm: key.algorithm,
                    checksum: key.checksum,
                })
                .collect(),
            la_url: found.la_url,
            lui_url: found.lui_url,
            ds_id: found.ds_id,
            custom_attributes: found.custom_attributes,
            decryptor_setup: found.decryptor_setup,
            license_requested: found.license_requested,
        }
    }
}

/// True if a deviation violates the specification; excess length alone does not.
pub const fn is_violation(deviation: &Deviation) -> bool {
    !matches!(
        deviation,
        Deviation::LongHeader(_) | Deviation::LongCustomAttributes(_)
    )
}

/// A KID of a PlayReady Header.
#[derive(Debug, Serialize)]
pub struct HeaderKeyId {
    /// The KID.
    #[serde(serialize_with = "serialize_display")]
    pub kid: KeyId,
    /// The KID as in the header: base64 of the little-endian GUID.
    pub playready_order: String,
    /// ALGID.
    pub algorithm: Option<String>,
    /// CHECKSUM, base64.
    pub checksum: Option<String>,
}

/// Formats bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Formats a pattern as crypt_byte_block:skip_byte_block.
pub fn pattern_text(pattern: Pattern) -> String {
    format!("{}:{}", pattern.crypt_byte_block, pattern.skip_byte_block)
}

fn serialize_display<S: Serializer>(
    value: &impl Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn serialize_pattern<S: Serializer>(value: &Pattern, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&pattern_text(*value))
}

fn serialize_kids<'a, S: Serializer>(
    kids: impl IntoIterator<Item = &'a KeyId>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kids.into_iter().map(KeyId::to_string))
}
