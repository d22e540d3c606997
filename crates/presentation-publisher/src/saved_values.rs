// SPDX-License-Identifier: MPL-2.0
//! KIDs, schemes and frame rates as the state has them.

use cenc_types::{FrameRate, KeyId, Scheme};
use serde::{Deserialize, Serialize};

/// A KID as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct SavedKid(pub(crate) KeyId);

impl TryFrom<String> for SavedKid {
    type Error = cenc_types::Error;

    fn try_from(text: String) -> Result<Self, cenc_types::Error> {
        text.parse().map(Self)
    }
}

impl From<SavedKid> for String {
    fn from(kid: SavedKid) -> Self {
        kid.0.to_string()
    }
}

/// A scheme by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct SavedScheme(pub(crate) Scheme);

impl TryFrom<String> for SavedScheme {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let mut schemes = Scheme::ALL.into_iter();
        let named = schemes.find(|scheme| scheme.name() == text);
        named.map(Self).ok_or("no protection scheme")
    }
}

impl From<SavedScheme> for String {
    fn from(scheme: SavedScheme) -> Self {
        scheme.0.name().to_owned()
    }
}

/// Pictures per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedFrameRate {
    pub(crate) numerator: u32,
    pub(crate) denominator: u32,
}

impl From<FrameRate> for SavedFrameRate {
    fn from(rate: FrameRate) -> Self {
        Self {
            numerator: rate.numerator,
            denominator: rate.denominator,
        }
    }
}

impl From<SavedFrameRate> for FrameRate {
    fn from(rate: SavedFrameRate) -> Self {
        Self::new(rate.numerator, rate.denominator)
    }
}
