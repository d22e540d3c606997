// SPDX-License-Identifier: MPL-2.0
//! Header versions and their features.

use std::fmt;
use std::str::FromStr;

use super::{HeaderFields, KeyIds};
use crate::Error;

/// A version of the PlayReady Header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeaderVersion {
    /// 4.0.0.0, clients from 1.0: exactly one KID, AESCTR or COCKTAIL.
    V4_0,
    /// 4.1.0.0, clients from 2.0: no KID or one, AESCTR or COCKTAIL.
    V4_1,
    /// 4.2.0.0, clients from 3.0: any number of KIDs, AESCTR or COCKTAIL.
    V4_2,
    /// 4.3.0.0, clients from 4.0: any number of KIDs, AESCTR, AESCBC or no algorithm named.
    V4_3,
}

/// The choice of the version to write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum VersionChoice {
    /// The lowest version that has all fields, so that the oldest clients can read the header.
    #[default]
    Auto,
    /// This version, or an error.
    Only(HeaderVersion),
}

/// A feature that not every version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// A header without any KID.
    NoKeyId,
    /// More than one KID.
    SeveralKeyIds,
    /// ALGID AESCBC.
    AesCbc,
    /// ALGID COCKTAIL.
    Cocktail,
    /// KIDs without ALGID.
    NoAlgorithm,
    /// DECRYPTORSETUP.
    OnDemand,
    /// LICENSEREQUESTED.
    LicenseRequested,
}

impl HeaderVersion {
    /// All versions, the lowest first.
    pub const ALL: [Self; 4] = [Self::V4_0, Self::V4_1, Self::V4_2, Self::V4_3];

    /// Returns the attribute `version` of WRMHEADER.
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::V4_0 => "4.0.0.0",
            Self::V4_1 => "4.1.0.0",
            Self::V4_2 => "4.2.0.0",
            Self::V4_3 => "4.3.0.0",
        }
    }

    /// Returns the short form: 4.0 to 4.3.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V4_0 => "4.0",
            Self::V4_1 => "4.1",
            Self::V4_2 => "4.2",
            Self::V4_3 => "4.3",
        }
    }

    const fn has(self, feature: Feature) -> bool {
        match feature {
            Feature::NoKeyId | Feature::OnDemand => !matches!(self, Self::V4_0),
            Feature::SeveralKeyIds => matches!(self, Self::V4_2 | Self::V4_3),
            Feature::Cocktail => !matches!(self, Self::V4_3),
            Feature::AesCbc | Feature::NoAlgorithm | Feature::LicenseRequested => {
                matches!(self, Self::V4_3)
            }
        }
    }
}

impl fmt::Display for HeaderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HeaderVersion {
    type Err = Error;

    /// Reads the short form or the attribute.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|version| text == version.name() || text == version.attribute())
            .ok_or_else(|| Error::UnknownVersion(text.to_owned()))
    }
}

impl FromStr for VersionChoice {
    type Err = Error;

    /// Reads `auto` or a version.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text.parse().map(Self::Only),
        }
    }
}

impl Feature {
    /// Returns the advice for a version without the feature.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoKeyId | Self::OnDemand => "choose auto or 4.1 and above",
            Self::SeveralKeyIds => "choose auto or 4.2 and above",
            Self::AesCbc | Self::NoAlgorithm | Self::LicenseRequested => "choose auto or 4.3",
            Self::Cocktail => "choose at most 4.2 and leave out what needs 4.3",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKeyId => "no key id at all",
            Self::SeveralKeyIds => "several key ids",
            Self::AesCbc => "AESCBC",
            Self::Cocktail => "COCKTAIL",
            Self::NoAlgorithm => "key ids without ALGID",
            Self::OnDemand => "DECRYPTORSETUP",
            Self::LicenseRequested => "LICENSEREQUESTED",
        })
    }
}

impl HeaderFields {
    /// Returns the requested version, or the lowest that has all fields.
    pub(super) fn choose_version(&self) -> Result<HeaderVersion, Error> {
        let features = self.features();
        let missing = |version: &HeaderVersion| features.iter().find(|f| !version.has(**f));
        let version = match self.version {
            VersionChoice::Only(version) => version,
            VersionChoice::Auto => HeaderVersion::ALL
                .into_iter()
                .find(|version| missing(version).is_none())
                .unwrap_or(HeaderVersion::V4_3),
        };
        match missing(&version) {
            None => Ok(version),
            Some(&feature) => Err(Error::VersionCannotHold { version, feature }),
        }
    }

    fn features(&self) -> Vec<Feature> {
        let count = self.key_ids.len();
        [
            match &self.key_ids {
                _ if count == 0 => Some(Feature::NoKeyId),
                KeyIds::AesCtr(_) => None,
                KeyIds::AesCbc(_) => Some(Feature::AesCbc),
                KeyIds::Cocktail(_) => Some(Feature::Cocktail),
                KeyIds::NoAlgorithm(_) => Some(Feature::NoAlgorithm),
            },
            (count > 1).then_some(Feature::SeveralKeyIds),
            self.on_demand.then_some(Feature::OnDemand),
            self.license_requested.map(|_| Feature::LicenseRequested),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use cenc_types::KeyId;

    use super::*;
    use crate::header::HeaderKeyId;

    fn ctr(count: u8) -> KeyIds {
        let kids = (1..=count).map(|n| KeyId::from_bytes([n; 16]));
        KeyIds::AesCtr(kids.map(|kid| HeaderKeyId::aes_ctr(kid, None)).collect())
    }

    fn fields(key_ids: KeyIds) -> HeaderFields {
        HeaderFields {
            key_ids,
            ..HeaderFields::default()
        }
    }

    // The table of versions in the PlayReady Header specification.
    #[test]
    fn auto_is_the_lowest_version_that_holds_what_is_asked() {
        let kid = KeyId::from_bytes([1; 16]);
        let on_demand = HeaderFields {
            on_demand: true,
            ..fields(ctr(1))
        };
        let requested = HeaderFields {
            license_requested: Some(false),
            ..fields(ctr(0))
        };
        let cases = [
            (fields(ctr(1)), HeaderVersion::V4_0),
            (fields(ctr(0)), HeaderVersion::V4_1),
            (on_demand, HeaderVersion::V4_1),
            (fields(ctr(2)), HeaderVersion::V4_2),
            (fields(KeyIds::AesCbc(vec![kid])), HeaderVersion::V4_3),
            (fields(KeyIds::NoAlgorithm(vec![kid])), HeaderVersion::V4_3),
            (requested, HeaderVersion::V4_3),
        ];
        for (fields, version) in cases {
            assert_eq!(fields.choose_version(), Ok(version), "{fields:?}");
        }
    }

    #[test]
    fn version_that_cannot_hold_what_is_asked_says_what() {
        let kid = KeyId::from_bytes([1; 16]);
        let cases = [
            (HeaderVersion::V4_0, ctr(2), Feature::SeveralKeyIds),
            (HeaderVersion::V4_0, ctr(0), Feature::NoKeyId),
            (HeaderVersion::V4_1, ctr(2), Feature::SeveralKeyIds),
            (
                HeaderVersion::V4_2,
                KeyIds::AesCbc(vec![kid]),
                Feature::AesCbc,
            ),
            (
                HeaderVersion::V4_2,
                KeyIds::NoAlgorithm(vec![kid]),
                Feature::NoAlgorithm,
            ),
        ];
        for (version, key_ids, feature) in cases {
            let mut requested = fields(key_ids);
            requested.version = VersionChoice::Only(version);
            let refusal = Err(Error::VersionCannotHold { version, feature });
            assert_eq!(requested.choose_version(), refusal);
        }
    }

    #[test]
    fn cocktail_and_license_requested_fit_no_version() {
        let kid = HeaderKeyId::cocktail(KeyId::from_bytes([1; 16]), None).unwrap();
        let mut requested = fields(KeyIds::Cocktail(vec![kid]));
        requested.license_requested = Some(true);
        let error = requested.choose_version().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a header of version 4.3 cannot hold COCKTAIL: choose at most 4.2 and leave out what needs 4.3"
        );
    }

    #[test]
    fn choice_is_read_from_text() {
        assert_eq!("auto".parse(), Ok(VersionChoice::Auto));
        assert_eq!("4.2".parse(), Ok(VersionChoice::Only(HeaderVersion::V4_2)));
        assert_eq!("4.3.0.0".parse(), Ok(HeaderVersion::V4_3));
        assert!("4.4".parse::<VersionChoice>().is_err());
    }
}
