// SPDX-License-Identifier: MPL-2.0
//! The complete, validated settings of a stream's protection.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::{CipherMode, Iv, IvSize, Media, Pattern, Pssh, Scheme};
use common_encryption::{BoxFlavor, EncryptionMethod, SampleKey, TrackIv};
use content_keys::Selector;
use drm_signaling::{Drm, System};
use host_access::Host;
use playready_header::VersionChoice;
use playready_header::{header::AbsoluteUrl, header::CustomAttributes, header::ServiceId};

use super::config_choices::{
    ClearSignaling, CueAction, IvConfig, KeyChangeForm, OnKeyMissing, PeriodClock, PsshPlaces,
};
use super::properties::{
    CLEAR_LEAD, CLEAR_SIGNALING, CLEAR_TRACKS, CLEARKEY_URL, CONTENT_ID, CRYPT_BYTE_BLOCK,
    CRYPTO_PERIOD, CUE_ACTION, CUSTOM_ATTRIBUTES, DS_ID, FLAVOR, HEADER_VERSION, IV, IV_SIZE,
    KEY_CHANGE, LA_URL, LICENSE_REQUESTED, LICENSE_STORE_SIZE, LUI_URL, ON_DEMAND, ON_KEY_MISSING,
    PSSH, PSSH_IN, PSSH_VERSION, SKIP_BYTE_BLOCK, SYSTEMS,
};
use super::property_spec::items;
use super::{Error, PropertyValues};

/// The settings of a stream's protection.
///
/// # Examples
/// ```
/// use cenc_types::Scheme;
/// use host_access::Host;
/// use protection_policy::Config;
///
/// // No PlayReady client supports AES-CTR with a pattern.
/// assert_eq!(Config::new(Scheme::Cens, Host::system()).warnings().len(), 1);
/// assert!(Config::new(Scheme::Cenc, Host::system()).warnings().is_empty());
/// ```
pub struct Config {
    /// The kind of boxes that signal the protection.
    pub flavor: BoxFlavor,
    /// The scheme of all tracks.
    pub scheme: Scheme,
    /// The pattern of video tracks, for `cens` and `cbcs`.
    pub pattern: Pattern,
    /// The first IV.
    pub iv: IvConfig,
    /// The time for which each key is used; zero: until a rotation is requested.
    pub crypto_period: Duration,
    /// The clock by which crypto periods are numbered.
    pub clock: PeriodClock,
    /// The source of time and random bytes.
    pub host: Host,
    /// The reaction to a crypto period whose key is missing.
    pub on_key_missing: OnKeyMissing,
    /// The signaling of a new crypto period.
    pub key_change: KeyChangeForm,
    /// What cues change.
    pub cue_action: CueAction,
    /// The signaling of clear parts of protected tracks.
    pub clear_signaling: ClearSignaling,
    /// The parts of the stream that have `pssh` boxes.
    pub pssh_places: PsshPlaces,
    /// The identifier of the content in key servers and key stores.
    pub content_id: Option<String>,
    /// The length of the clear part at the start, rounded to whole fragments.
    pub clear_lead: Duration,
    /// The tracks to leave clear.
    pub clear_tracks: Vec<Selector>,
    /// The DRM systems to signal.
    pub systems: BTreeSet<System>,
    /// The content of the PlayReady Header in addition to the KIDs.
    pub header: HeaderConfig,
    /// Complete `pssh` boxes, written after the generated ones: see [`Config::pssh_from_base64`].
    pub extra_pssh: Vec<Drm>,
    /// The licence server in the signaling of Clear Key.
    pub clear_key_url: Option<AbsoluteUrl>,
}

/// The content of the PlayReady Header and Object in addition to the KIDs.
#[derive(Default)]
pub struct HeaderConfig {
    /// WRMHEADER version.
    pub version: VersionChoice,
    /// LA_URL.
    pub la_url: Option<AbsoluteUrl>,
    /// LUI_URL.
    pub lui_url: Option<AbsoluteUrl>,
    /// DS_ID.
    pub ds_id: Option<ServiceId>,
    /// CUSTOMATTRIBUTES.
    pub custom_attributes: Option<CustomAttributes>,
    /// DECRYPTORSETUP ONDEMAND.
    pub on_demand: bool,
    /// LICENSEREQUESTED.
    pub license_requested: Option<bool>,
    /// The number of bytes reserved for an embedded licence store; none if 0.
    pub license_store_size: usize,
    /// True if PlayReady's `pssh` is of version 1, which lists the KIDs. The other systems have one version each.
    pub pssh_lists_kids: bool,
}

/// A size in bytes that IVs cannot have.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not an IV size: give 8 or 16")]
struct InvalidIvSize(u32);

impl IvConfig {
    /// Returns the first IV, if it is given.
    pub(super) const fn first(self) -> Option<Iv> {
        match self {
            Self::First(iv) => Some(iv),
            Self::Random(_) => None,
        }
    }

    fn from_values(values: &PropertyValues) -> Result<Self, Error> {
        let size = match values.number(&IV_SIZE) {
            8 => IvSize::Eight,
            16 => IvSize::Sixteen,
            other => return Err(IV_SIZE.error(InvalidIvSize(other))),
        };
        values
            .text(&IV)
            .map_or(Ok(Self::Random(size)), |text| {
                parse_iv(text).map(Self::First)
            })
            .map_err(|error| IV.error(error))
    }
}

/// A text that is no selector.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown selector: use *, video, audio, text, sd, hd, uhd1, uhd2 or track:N, separated by commas"
)]
pub(super) struct InvalidSelector;

/// Reads the selector of tracks to leave clear.
pub(super) fn parse_clear_track(text: &str) -> Result<Selector, InvalidSelector> {
    text.parse().map_err(|_| InvalidSelector)
}

/// Reads an IV in hex.
pub(super) fn parse_iv(text: &str) -> Result<Iv, cenc_types::Error> {
    Iv::new(&cenc_types::decode_hex(text).ok_or(cenc_types::Error::BadIv)?)
}

impl HeaderConfig {
    /// Reads the settings from the values of properties.
    ///
    /// # Errors
    /// [`Error::Property`].
    pub fn from_values(values: &PropertyValues) -> Result<Self, Error> {
        Ok(Self {
            version: values
                .choice(&HEADER_VERSION)
                .parse()
                .map_err(|error: playready_header::Error| HEADER_VERSION.error(error))?,
            la_url: values.parsed(&LA_URL)?,
            lui_url: values.parsed(&LUI_URL)?,
            ds_id: values.parsed(&DS_ID)?,
            custom_attributes: values.parsed(&CUSTOM_ATTRIBUTES)?,
            on_demand: values.flag(&ON_DEMAND),
            license_requested: (!values.flag(&LICENSE_REQUESTED)).then_some(false),
            license_store_size: values.number(&LICENSE_STORE_SIZE) as usize,
            pssh_lists_kids: values.number(&PSSH_VERSION) == 1,
        })
    }
}

impl Config {
    /// Reads the settings from the values of properties; time and random bytes come from `host`.
    ///
    /// # Errors
    /// [`Error::Property`], [`Error::BadPattern`].
    pub fn from_values(values: &PropertyValues, host: Host) -> Result<Self, Error> {
        Ok(Self {
            flavor: match values.choice(&FLAVOR) {
                "piff" => BoxFlavor::Piff,
                _ => BoxFlavor::Cenc,
            },
            scheme: values.scheme(),
            pattern: Self::pattern(
                values.number(&CRYPT_BYTE_BLOCK),
                values.number(&SKIP_BYTE_BLOCK),
            )?,
            iv: IvConfig::from_values(values)?,
            crypto_period: values.time(&CRYPTO_PERIOD),
            clear_lead: values.time(&CLEAR_LEAD),
            clock: values.period_clock(),
            host,
            on_key_missing: match values.choice(&ON_KEY_MISSING) {
                "hold" => OnKeyMissing::Hold,
                _ => OnKeyMissing::Stop,
            },
            key_change: match values.choice(&KEY_CHANGE) {
                "init" => KeyChangeForm::Init,
                "embedded" => KeyChangeForm::Embedded,
                _ => KeyChangeForm::InBand,
            },
            cue_action: match values.choice(&CUE_ACTION) {
                "key" => CueAction::Key,
                "clear" => CueAction::Clear,
                _ => CueAction::None,
            },
            clear_signaling: match values.choice(&CLEAR_SIGNALING) {
                "init" => ClearSignaling::Init,
                _ => ClearSignaling::SampleGroup,
            },
            pssh_places: PsshPlaces::of_choice(values.choice(&PSSH_IN)),
            content_id: values.text(&CONTENT_ID).map(str::to_owned),
            clear_tracks: items(values.text(&CLEAR_TRACKS).unwrap_or_default())
                .map(|selector| {
                    parse_clear_track(selector).map_err(|error| CLEAR_TRACKS.error(error))
                })
                .collect::<Result<_, _>>()?,
            systems: values.systems(&SYSTEMS),
            header: HeaderConfig::from_values(values)?,
            extra_pssh: Self::read_extra_pssh(values)?,
            clear_key_url: values.parsed(&CLEARKEY_URL)?,
        })
    }

    /// Reads the boxes of the property `pssh`.
    ///
    /// # Errors
    /// [`Error::Property`].
    pub fn read_extra_pssh(values: &PropertyValues) -> Result<Vec<Drm>, Error> {
        items(values.text(&PSSH).unwrap_or_default())
            .map(|text| Self::pssh_from_base64(text).map_err(|error| PSSH.error(error)))
            .collect()
    }

    /// Returns the usual settings for a scheme: pattern 1:9, random IVs of 8 bytes, PlayReady, and a key that never changes.
    pub fn new(scheme: Scheme, host: Host) -> Self {
        Self {
            flavor: BoxFlavor::Cenc,
            scheme,
            pattern: Pattern::ONE_IN_TEN,
            iv: IvConfig::Random(IvSize::Eight),
            crypto_period: Duration::ZERO,
            clear_lead: Duration::ZERO,
            clock: PeriodClock::default(),
            host,
            on_key_missing: OnKeyMissing::default(),
            key_change: KeyChangeForm::default(),
            cue_action: CueAction::default(),
            clear_signaling: ClearSignaling::default(),
            pssh_places: PsshPlaces::default(),
            content_id: None,
            clear_tracks: Vec::new(),
            systems: PropertyValues::default().systems(&SYSTEMS),
            header: HeaderConfig::default(),
            extra_pssh: Vec::new(),
            clear_key_url: None,
        }
    }

    /// Returns the pattern with these numbers of encrypted and clear blocks.
    ///
    /// # Errors
    /// [`Error::BadPattern`] if nothing would be encrypted or a number does not fit its four bits.
    ///
    /// # Examples
    /// ```
    /// use cenc_types::Pattern;
    /// use protection_policy::Config;
    ///
    /// assert_eq!(Config::pattern(1, 9).unwrap(), Pattern::ONE_IN_TEN);
    /// assert!(Config::pattern(0, 9).is_err());
    /// ```
    pub fn pattern(crypt_byte_block: u32, skip_byte_block: u32) -> Result<Pattern, Error> {
        let nibble = |blocks: u32| u8::try_from(blocks).ok().filter(|blocks| *blocks < 16);
        match (nibble(crypt_byte_block), nibble(skip_byte_block)) {
            (Some(crypt_byte_block @ 1..), Some(skip_byte_block)) => Ok(Pattern {
                crypt_byte_block,
                skip_byte_block,
            }),
            _ => Err(Error::BadPattern {
                crypt_byte_block,
                skip_byte_block,
            }),
        }
    }

    /// Reads a complete `pssh` box in base64. Its bytes are written unchanged.
    ///
    /// # Errors
    /// [`Error::PsshBase64`], or [`Error::ExtraPssh`] for anything but one box of version 0 or 1.
    pub fn pssh_from_base64(text: &str) -> Result<Drm, Error> {
        Self::pssh_from_bytes(
            &STANDARD
                .decode(text.trim())
                .map_err(|_| Error::PsshBase64)?,
        )
    }

    /// Reads a complete `pssh` box. Its bytes are written unchanged.
    pub(super) fn pssh_from_bytes(bytes: &[u8]) -> Result<Drm, Error> {
        let pssh = Pssh::from_bytes(bytes).map_err(Error::ExtraPssh)?;
        Ok(Drm::from_pssh(&pssh, bytes.to_vec()))
    }

    /// Returns a warning for each DRM system whose clients do not support the scheme.
    pub fn warnings(&self) -> Vec<String> {
        let scheme = self.scheme;
        let mut warnings = Vec::new();
        if matches!(scheme, Scheme::Cens | Scheme::Cbc1) {
            warnings.push(format!(
                "no PlayReady client plays scheme {scheme}: use cenc or cbcs"
            ));
        }
        for system in &self.systems {
            if let Some(only) = system.facts().only_scheme.filter(|only| *only != scheme) {
                warnings.push(format!(
                    "no {} client plays scheme {scheme}: use {only}, or take {} out of systems",
                    system.name(),
                    system.nick()
                ));
            }
        }
        warnings
    }

    /// True if the protection of samples depends on their time.
    pub(super) fn is_timed(&self) -> bool {
        self.rotates()
            || !self.clear_lead.is_zero()
            || self.key_change == KeyChangeForm::Embedded
            || self.cue_action != CueAction::None
    }

    /// Checks that the form of key changes fits the other settings.
    pub(super) fn check_key_change(&self) -> Result<(), Error> {
        match self.key_change == KeyChangeForm::Embedded && !self.pssh_places.moof {
            true => Err(Error::EmbeddedWithoutMoof),
            false => Ok(()),
        }
    }

    /// True if the KIDs are in each `moof` where decoding can start, and not in `moov`: with ONDEMAND and keys that change, players
    /// request no licence before.
    pub(super) fn lists_kids_in_moof(&self) -> bool {
        self.key_change == KeyChangeForm::Embedded || (self.header.on_demand && self.rotates())
    }

    /// True if a change of protection is signaled by a new init segment.
    pub fn renews_init(&self) -> bool {
        self.key_change == KeyChangeForm::Init || self.clear_signaling == ClearSignaling::Init
    }

    /// True if the header at the start says that licences are in the stream.
    pub(super) fn is_on_demand(&self) -> bool {
        self.header.on_demand || self.key_change == KeyChangeForm::Embedded
    }

    /// True if keys change without the operator.
    pub(super) fn rotates(&self) -> bool {
        !self.crypto_period.is_zero() || self.cue_action == CueAction::Key
    }

    /// Returns the method for the samples of a track. Only video has a pattern (ISO/IEC 23001-7 clause 9.7).
    pub(super) const fn method(&self, media: Media) -> EncryptionMethod {
        EncryptionMethod {
            scheme: self.scheme,
            pattern: match media {
                Media::Video { .. } if self.scheme.has_pattern() => self.pattern,
                Media::Video { .. } | Media::Audio | Media::Text => Pattern::NONE,
            },
        }
    }

    /// Checks that PIFF can signal the key: PIFF 1.1 has AES-CTR only, and Smooth Streaming clients accept only IVs of 8 bytes.
    pub(super) fn check_flavor(&self, key: &SampleKey) -> Result<(), Error> {
        let fits =
            self.scheme == Scheme::Cenc && key.track_iv() == TrackIv::PerSample(IvSize::Eight);
        match self.flavor {
            BoxFlavor::Piff if !fits => Err(Error::Piff),
            BoxFlavor::Piff | BoxFlavor::Cenc => Ok(()),
        }
    }

    /// Returns a random first IV.
    pub(super) fn random_iv(&self) -> Result<Iv, Error> {
        let size = match (self.iv, self.scheme.cipher_mode()) {
            (IvConfig::First(iv), _) => iv.size(),
            (IvConfig::Random(size), CipherMode::Ctr) => size,
            (IvConfig::Random(_), CipherMode::Cbc) => IvSize::Sixteen,
        };
        Ok(Iv::generate(size, &*self.host.random)?)
    }
}

#[cfg(test)]
mod tests;
