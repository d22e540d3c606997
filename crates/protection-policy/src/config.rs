// SPDX-License-Identifier: MPL-2.0
//! What the operator asked for, checked and complete.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::{Iv, IvSize, Media, Pattern, Pssh, Scheme};
use common_encryption::{BoxFlavor, EncryptionMethod, SampleKey, TrackIv};
use drm_signaling::{Drm, System};
use host_access::Host;
use playready_header::VersionChoice;
use playready_header::{header::AbsoluteUrl, header::CustomAttributes, header::ServiceId};

use super::properties::{
    CLEAR_LEAD, CONTENT_ID, CRYPT_BYTE_BLOCK, CRYPTO_PERIOD, CUSTOM_ATTRIBUTES, DS_ID, FLAVOR,
    HEADER_VERSION, IV, IV_SIZE, LA_URL, LICENSE_REQUESTED, LICENSE_STORE_SIZE, LUI_URL, ON_DEMAND,
    ON_KEY_MISSING, PSSH, PSSH_VERSION, SKIP_BYTE_BLOCK, SYSTEMS,
};
use super::property_spec::items;
use super::{Error, PropertyValues};

/// How a stream is to be protected.
pub struct Config {
    /// In which boxes the protection is told.
    pub flavor: BoxFlavor,
    /// The scheme of all tracks.
    pub scheme: Scheme,
    /// The pattern of video tracks, for `cens` and `cbcs`.
    pub pattern: Pattern,
    /// Where IVs start.
    pub iv: IvConfig,
    /// How long each key is used; zero: until a new one is asked for.
    pub crypto_period: Duration,
    /// What tells the number of a crypto period.
    pub clock: PeriodClock,
    /// The time of day.
    pub host: Host,
    /// What happens when a period begins whose key is not there.
    pub on_key_missing: OnKeyMissing,
    /// What key servers and stores know the content by.
    pub content_id: Option<String>,
    /// How long the stream is clear at its start, rounded to whole fragments.
    pub clear_lead: Duration,
    /// The DRM systems that are told of the keys.
    pub systems: BTreeSet<System>,
    /// What the PlayReady Header says beside the KIDs.
    pub header: HeaderConfig,
    /// `pssh` boxes made elsewhere, which go behind the others: see [`Config::extra_pssh`].
    pub extra_pssh: Vec<Drm>,
}

/// Where IVs start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IvConfig {
    /// Anywhere: a random first IV. The CBC schemes take 16 bytes, whatever is said here.
    Random(IvSize),
    /// At a given IV.
    First(Iv),
}

/// What tells the number of a crypto period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeriodClock {
    /// The media's own time, from 0: files. The stream waits for its keys.
    #[default]
    Stream,
    /// The wall clock, from 1970-01-01 UTC: live streams. Redundant packagers agree on the number.
    Utc,
}

/// What happens when a crypto period begins whose key is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnKeyMissing {
    /// The stream ends with an error.
    #[default]
    Stop,
    /// It goes on under the last key until the next is there.
    Hold,
}

/// What the PlayReady Header and Object say beside the KIDs.
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
    /// Bytes reserved for an embedded licence store; none when 0.
    pub license_store_size: usize,
    /// Whether PlayReady's `pssh` is of version 1, which lists the KIDs. The other systems have one version each.
    pub pssh_lists_kids: bool,
}

/// A number of bytes that no IV has.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not an IV size: give 8 or 16")]
struct NoIvSize(u32);

impl IvConfig {
    fn of(values: &PropertyValues) -> Result<Self, Error> {
        let size = match values.number(&IV_SIZE) {
            8 => IvSize::Eight,
            16 => IvSize::Sixteen,
            other => return Err(IV_SIZE.error(NoIvSize(other))),
        };
        let first = values.text(&IV).map(parse_iv).transpose();
        let first = first.map_err(|error| IV.error(error))?;
        Ok(first.map_or(Self::Random(size), Self::First))
    }
}

/// Reads an IV in hex.
pub(super) fn parse_iv(text: &str) -> Result<Iv, cenc_types::Error> {
    let bytes = cenc_types::decode_hex(text).ok_or(cenc_types::Error::BadIv)?;
    Iv::new(&bytes)
}

impl HeaderConfig {
    /// What the properties say.
    ///
    /// # Errors
    /// [`Error::Property`].
    pub fn of(values: &PropertyValues) -> Result<Self, Error> {
        let version = values.choice(&HEADER_VERSION).parse();
        Ok(Self {
            version: version
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
    /// What the properties say, on the machine `host`.
    ///
    /// # Errors
    /// [`Error::Property`], [`Error::BadPattern`].
    pub fn of(values: &PropertyValues, host: Host) -> Result<Self, Error> {
        let (crypt, skip) = (
            values.number(&CRYPT_BYTE_BLOCK),
            values.number(&SKIP_BYTE_BLOCK),
        );
        Ok(Self {
            flavor: match values.choice(&FLAVOR) {
                "piff" => BoxFlavor::Piff,
                _ => BoxFlavor::Cenc,
            },
            scheme: values.scheme(),
            pattern: Self::pattern(crypt, skip)?,
            iv: IvConfig::of(values)?,
            crypto_period: values.time(&CRYPTO_PERIOD),
            clear_lead: values.time(&CLEAR_LEAD),
            clock: values.period_clock(),
            host,
            on_key_missing: match values.choice(&ON_KEY_MISSING) {
                "hold" => OnKeyMissing::Hold,
                _ => OnKeyMissing::Stop,
            },
            content_id: values.text(&CONTENT_ID).map(str::to_owned),
            systems: values.systems(&SYSTEMS),
            header: HeaderConfig::of(values)?,
            extra_pssh: Self::extra_boxes(values)?,
        })
    }

    /// The `pssh` boxes made elsewhere.
    ///
    /// # Errors
    /// [`Error::Property`].
    pub fn extra_boxes(values: &PropertyValues) -> Result<Vec<Drm>, Error> {
        let boxes = items(values.text(&PSSH).unwrap_or_default());
        boxes
            .map(|text| Self::extra_pssh(text).map_err(|error| PSSH.error(error)))
            .collect()
    }

    /// Protection by a scheme as most content has it: a pattern of 1:9, random IVs of 8 bytes, PlayReady, one key for all time.
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
            content_id: None,
            systems: [System::PlayReady].into(),
            header: HeaderConfig::default(),
            extra_pssh: Vec::new(),
        }
    }

    /// A pattern from its two numbers of blocks.
    ///
    /// # Errors
    /// [`Error::BadPattern`] when nothing would be encrypted or a number outgrows its four bits.
    pub fn pattern(crypt_byte_block: u32, skip_byte_block: u32) -> Result<Pattern, Error> {
        let bad = Error::BadPattern {
            crypt_byte_block,
            skip_byte_block,
        };
        let nibble = |blocks: u32| u8::try_from(blocks).ok().filter(|blocks| *blocks < 16);
        match (nibble(crypt_byte_block), nibble(skip_byte_block)) {
            (Some(crypt_byte_block @ 1..), Some(skip_byte_block)) => Ok(Pattern {
                crypt_byte_block,
                skip_byte_block,
            }),
            _ => Err(bad),
        }
    }

    /// A whole `pssh` box in base64, which is kept byte for byte.
    ///
    /// # Errors
    /// [`Error::PsshBase64`], or [`Error::ExtraPssh`] for anything but one box of version 0 or 1.
    pub fn extra_pssh(text: &str) -> Result<Drm, Error> {
        let whole = STANDARD.decode(text.trim());
        Self::given_pssh(&whole.map_err(|_| Error::PsshBase64)?)
    }

    /// A whole `pssh` box, which is kept byte for byte.
    pub(super) fn given_pssh(whole: &[u8]) -> Result<Drm, Error> {
        let pssh = Pssh::from_bytes(whole).map_err(Error::ExtraPssh)?;
        Ok(Drm::from_pssh(&pssh, whole.to_vec()))
    }

    /// Which of the systems asked for play nothing of the scheme.
    pub fn warnings(&self) -> Vec<String> {
        let scheme = self.scheme;
        let mut warnings = Vec::new();
        if matches!(scheme, Scheme::Cens | Scheme::Cbc1) {
            warnings.push(format!(
                "no PlayReady client plays scheme {scheme}: use cenc or cbcs"
            ));
        }
        for system in &self.systems {
            let only = system.facts().only_scheme;
            if let Some(only) = only.filter(|only| *only != scheme) {
                let (name, nick) = (system.name(), system.nick());
                warnings.push(format!(
                    "no {name} client plays scheme {scheme}: use {only}, or take {nick} out of systems"
                ));
            }
        }
        warnings
    }

    /// Whether what counts for samples changes by their time.
    pub(super) const fn is_timed(&self) -> bool {
        self.rotates() || !self.clear_lead.is_zero()
    }

    /// Whether keys change by themselves.
    pub(super) const fn rotates(&self) -> bool {
        !self.crypto_period.is_zero()
    }

    /// What is done with the samples of a track: the pattern is for video only (23001-7 clause 9.7).
    pub(super) const fn method(&self, media: Media) -> EncryptionMethod {
        let pattern = match media {
            Media::Video { .. } if self.scheme.has_pattern() => self.pattern,
            Media::Video { .. } | Media::Audio | Media::Text => Pattern::NONE,
        };
        EncryptionMethod {
            scheme: self.scheme,
            pattern,
        }
    }

    /// PIFF 1.1 names AES-CTR, and Smooth Streaming clients take IVs of 8 bytes.
    pub(super) fn check_flavor(&self, key: &SampleKey) -> Result<(), Error> {
        let eight = TrackIv::PerSample(IvSize::Eight);
        let fits = self.scheme == Scheme::Cenc && key.track_iv() == eight;
        match self.flavor {
            BoxFlavor::Piff if !fits => Err(Error::Piff),
            BoxFlavor::Piff | BoxFlavor::Cenc => Ok(()),
        }
    }

    /// The first IV of a key for which none is given.
    pub(super) fn first_iv(&self) -> Result<Iv, Error> {
        let random = &*self.host.random;
        Ok(match (self.iv, self.scheme) {
            (IvConfig::First(iv), _) => iv,
            (IvConfig::Random(size), Scheme::Cenc | Scheme::Cens) => Iv::generate(size, random)?,
            (IvConfig::Random(_), Scheme::Cbc1 | Scheme::Cbcs) => {
                Iv::generate(IvSize::Sixteen, random)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_must_encrypt_and_fit() {
        assert_eq!(Config::pattern(1, 9).unwrap(), Pattern::ONE_IN_TEN);
        assert!(Config::pattern(15, 15).is_ok());
        assert!(Config::pattern(1, 0).is_ok());
        for (crypt, skip) in [(0, 9), (0, 0), (16, 1), (1, 16), (u32::MAX, 0)] {
            assert!(Config::pattern(crypt, skip).is_err(), "{crypt}:{skip}");
        }
    }

    // Schemes of the systems: PlayReady's list of MP4-based formats, FairPlay Streaming overview.
    #[test]
    fn schemes_that_no_client_plays_are_warned_of() {
        let warnings = |scheme, systems: &[System]| {
            let mut config = Config::new(scheme, Host::system());
            config.systems = systems.iter().copied().collect();
            config.warnings().len()
        };
        let both = [System::PlayReady, System::FairPlay];
        assert_eq!(warnings(Scheme::Cbcs, &both), 0);
        assert_eq!(warnings(Scheme::Cenc, &both[..1]), 0);
        assert_eq!(warnings(Scheme::Cenc, &both), 1);
        assert_eq!(warnings(Scheme::Cens, &both), 2);
    }

    // Made by Shaka Packager 3.8.0.
    #[test]
    fn given_box_is_kept_byte_for_byte() {
        let text = "AAAANHBzc2gBAAAAEHfv7MCyTQKs4zweUuL7SwAAAAEQAAAAEAAQABAAEAAAAACqAAAAAA==";
        let drm = Config::extra_pssh(text).unwrap();
        assert_eq!(drm.system_id(), System::Common.id());
        assert_eq!(STANDARD.encode(drm.pssh().unwrap()), text);
    }

    #[test]
    fn what_is_no_whole_box_is_refused() {
        let error = |text| Config::extra_pssh(text).unwrap_err();
        assert!(matches!(error("no-base64"), Error::PsshBase64));
        for text in ["", "AAAADHBzc2g=", "AAAADGZyZWVAAAAA"] {
            assert!(matches!(error(text), Error::ExtraPssh(_)), "{text}");
        }
    }
}
