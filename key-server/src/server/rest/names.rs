// SPDX-License-Identifier: MPL-2.0
//! Enumerations in JSON and queries: read and written by name, and listed in the OpenAPI description.

use std::borrow::Cow;

use cenc_types::{CipherMode, Scheme};
use content_key_store::{KeyState, Origin};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::accounts::Role;
use crate::deliveries::DeliveryState;
use crate::operations::timeline::PeriodPhase;
use crate::store_health::KekState;

/// An enumeration whose values have names.
pub trait Named: Copy + 'static {
    /// The name of the enumeration.
    const TITLE: &'static str;
    /// All values.
    const ALL: &'static [Self];
    /// Returns the name of the value.
    fn name(self) -> &'static str;
}

/// A value by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name<T>(pub T);

macro_rules! named {
    ($alias:ident, $type:ty, $title:literal, $all:expr, $name:expr) => {
        #[doc = concat!($title, ", by its name.")]
        pub type $alias = Name<$type>;

        impl Named for $type {
            const TITLE: &'static str = $title;
            const ALL: &'static [Self] = $all;

            fn name(self) -> &'static str {
                let name: fn(Self) -> &'static str = $name;
                name(self)
            }
        }
    };
}

named!(SchemeName, Scheme, "Scheme", &Self::ALL, Self::name);
named!(RoleName, Role, "Role", &Self::ALL, Self::name);
named!(
    CipherName,
    CipherMode,
    "Cipher",
    &[Self::Ctr, Self::Cbc],
    |mode| match mode {
        CipherMode::Ctr => "ctr",
        CipherMode::Cbc => "cbc",
    }
);
named!(KeyStateName, KeyState, "KeyState", &Self::ALL, Self::name);
named!(
    OriginName,
    Origin,
    "Origin",
    &[Self::Random, Self::Entered, Self::Seed, Self::Imported],
    Self::name
);
named!(
    DeliveryStateName,
    DeliveryState,
    "DeliveryState",
    &[Self::Pending, Self::Acknowledged, Self::GivenUp],
    |state| match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Acknowledged => "acknowledged",
        DeliveryState::GivenUp => "given-up",
    }
);
named!(KekStateName, KekState, "KekState", &Self::ALL, Self::name);
named!(
    PeriodPhaseName,
    PeriodPhase,
    "PeriodPhase",
    &[Self::Past, Self::Current, Self::Next],
    |phase| match phase {
        PeriodPhase::Past => "past",
        PeriodPhase::Current => "current",
        PeriodPhase::Next => "next",
    }
);

impl<T: Named> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de, T: Named> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::ALL
            .iter()
            .find(|value| value.name() == text)
            .map(|value| Self(*value))
            .ok_or_else(|| {
                let names: Vec<_> = T::ALL.iter().map(|value| value.name()).collect();
                let expected = format!("one of {}", names.join(", "));
                D::Error::invalid_value(serde::de::Unexpected::Other("name"), &expected.as_str())
            })
    }
}

impl<T: Named> PartialSchema for Name<T> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(T::ALL.iter().map(|value| value.name())))
            .into()
    }
}

impl<T: Named> ToSchema for Name<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::TITLE)
    }
}
