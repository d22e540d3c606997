// SPDX-License-Identifier: MPL-2.0
//! What an inspection reports; `--json` writes these types as they are.

use std::collections::BTreeSet;
use std::fmt::Display;

use cenc_types::{KeyId, Pattern};
use common_encryption::ParsedProtection;
use drm_signaling::WidevineData;
use playready_header::{Deviation, FoundHeader, guid};
use serde::{Serialize, Serializer};

use super::findings::{Finding, Severity};

/// A stream: one file, or several as one.
#[derive(Debug, Serialize)]
pub struct InspectionReport {
    /// The files, as they were named.
    pub files: Vec<String>,
    /// How the stream is laid out.
    pub container: Container,
    /// Major brand and compatible brands of `ftyp`, or of `styp` without one.
    pub brands: Vec<String>,
    /// Number of `moof` boxes.
    pub fragments: u64,
    /// The tracks of `moov`, or of `moof` without one.
    pub tracks: Vec<Track>,
    /// The `pssh` boxes, equal ones once.
    pub pssh: Vec<PsshBox>,
    /// What is wrong or worth knowing.
    pub findings: Vec<Finding>,
}

impl InspectionReport {
    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.severity == Severity::Error)
    }
}

/// How a stream is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// `moov` with `mvex`, with or without fragments behind it.
    Fragmented,
    /// `moov` with all samples.
    Progressive,
    /// Fragments without `moov`.
    MediaSegment,
    /// None of these.
    NotMp4,
}

/// A track.
#[derive(Debug, Default, Serialize)]
pub struct Track {
    /// track_ID.
    pub track_id: u32,
    /// handler_type; empty without `moov`.
    pub handler: String,
    /// The sample entries of `stsd`.
    pub sample_entries: Vec<Entry>,
    /// Number of samples.
    pub samples: u64,
    /// Samples that are encrypted by `tenc` or their sample group.
    pub protected_samples: u64,
    /// Where the samples' encryption information was found.
    pub information: Information,
    /// Samples with a subsample map.
    pub subsampled_samples: u64,
    /// Subsamples of the sample that has most.
    pub max_subsamples: usize,
    /// The first sample's own IV, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_iv: Option<String>,
    /// Different `seig` entries of `stbl` and of fragments.
    pub seig: Vec<Protection>,
    /// KIDs of the protected samples.
    #[serde(serialize_with = "each_shown")]
    pub key_ids_used: BTreeSet<KeyId>,
}

/// Fragments, or the one track of a progressive file, by where they keep their samples' encryption information.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Information {
    /// In `senc`.
    pub senc: u64,
    /// In PIFF's `uuid` box.
    pub piff_senc: u64,
    /// By `saiz` and `saio`, whether into `senc` or elsewhere.
    pub saiz_saio: u64,
}

/// A sample entry.
#[derive(Debug, Default, Serialize)]
pub struct Entry {
    /// The format that stands in the file, such as `encv`.
    pub format: String,
    /// `frma`: the format under the protection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_format: Option<String>,
    /// Width and height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(u16, u16)>,
    /// scheme_type of `schm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// scheme_version: major in the upper, minor in the lower 16 bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme_version: Option<u32>,
    /// `tenc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenc: Option<Protection>,
}

/// `tenc` or an entry of `seig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// isProtected.
    pub is_protected: u8,
    /// The KID.
    #[serde(serialize_with = "shown")]
    pub kid: KeyId,
    /// Per_Sample_IV_Size in bytes; 0 with a constant IV.
    pub iv_size: u8,
    /// The constant IV, in hexadecimal digits.
    pub constant_iv: Option<String>,
    /// crypt_byte_block:skip_byte_block.
    #[serde(serialize_with = "shown_pattern")]
    pub pattern: Pattern,
}

impl From<&ParsedProtection> for Protection {
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
pub struct PsshBox {
    /// Where it stands first: `moov`, `moof` or `file`.
    pub place: String,
    /// How often an equal box was seen.
    pub count: u64,
    /// SystemID as a UUID.
    pub system_id: String,
    /// The system's name, if it is a known one.
    pub system: Option<&'static str>,
    /// 0, or 1 with a list of KIDs.
    pub version: u8,
    /// The KIDs that a version 1 box lists.
    #[serde(serialize_with = "each_shown")]
    pub kids: Vec<KeyId>,
    /// Bytes of Data.
    pub data_size: usize,
    /// Data, if the system is PlayReady.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playready: Option<Object>,
    /// Data, if the system is Widevine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widevine: Option<Widevine>,
}

/// What Widevine is told.
#[derive(Debug, Serialize)]
pub struct Widevine {
    /// The KIDs.
    #[serde(serialize_with = "each_shown")]
    pub kids: Vec<KeyId>,
    /// protection_scheme as a four-character code.
    pub scheme: Option<String>,
    /// The content provider.
    pub provider: Option<String>,
    /// content_id, in hexadecimal digits.
    pub content_id: Option<String>,
}

impl From<WidevineData> for Widevine {
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
pub struct Object {
    /// Its records in order.
    pub records: Vec<ObjectRecord>,
    /// The first header record, read.
    pub header: Option<PlayReadyHeaderReport>,
}

/// A record of a PlayReady Object.
#[derive(Debug, Serialize)]
pub struct ObjectRecord {
    /// Record type.
    pub number: u16,
    /// Bytes of its value.
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
        let key_ids = found.key_ids.into_iter().map(|key| HeaderKeyId {
            kid: key.kid,
            playready_order: guid::to_base64(&key.kid),
            algorithm: key.algorithm,
            checksum: key.checksum,
        });
        Self {
            version: found.version.name(),
            key_ids: key_ids.collect(),
            la_url: found.la_url,
            lui_url: found.lui_url,
            ds_id: found.ds_id,
            custom_attributes: found.custom_attributes,
            decryptor_setup: found.decryptor_setup,
            license_requested: found.license_requested,
        }
    }
}

/// Whether a deviation breaks the specification; a header that is only long does not.
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
    #[serde(serialize_with = "shown")]
    pub kid: KeyId,
    /// As the header writes it: base64 of the little-endian GUID.
    pub playready_order: String,
    /// ALGID.
    pub algorithm: Option<String>,
    /// CHECKSUM, base64.
    pub checksum: Option<String>,
}

/// Hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// crypt_byte_block:skip_byte_block.
pub fn pattern(pattern: Pattern) -> String {
    format!("{}:{}", pattern.crypt_byte_block, pattern.skip_byte_block)
}

fn shown<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn shown_pattern<S: Serializer>(value: &Pattern, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&pattern(*value))
}

fn each_shown<'a, S: Serializer>(
    kids: impl IntoIterator<Item = &'a KeyId>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kids.into_iter().map(KeyId::to_string))
}
