// SPDX-License-Identifier: MPL-2.0
//! The properties of the PlayReady Header and of its boxes.

use playready_header::{header::AbsoluteUrl, header::CustomAttributes, header::ServiceId};

use crate::choices::HEADER_VERSIONS;
use crate::property_spec::OptionGroup::Header;
use crate::property_spec::{PropertyKind, PropertySpec};

/// The version of the PlayReady Header.
pub const HEADER_VERSION: PropertySpec = PropertySpec::new(
    "header-version",
    "Header version",
    PropertyKind::Choice(&HEADER_VERSIONS),
    "Version of the PlayReady Header; auto selects the lowest version that supports the other settings",
)
.option_with_help(
    Header,
    "VERSION",
    "Version of the header; auto selects the lowest version that supports the other settings",
);

/// LA_URL.
pub const LA_URL: PropertySpec = PropertySpec::new(
    "la-url",
    "Licence URL",
    PropertyKind::text_of::<AbsoluteUrl>(),
    "LA_URL: absolute URL of the licence server",
)
.option(Header, "URL");

/// LUI_URL.
pub const LUI_URL: PropertySpec = PropertySpec::new(
    "lui-url",
    "Licence page",
    PropertyKind::text_of::<AbsoluteUrl>(),
    "LUI_URL: absolute URL of a page where users can obtain a licence",
)
.option(Header, "URL");

/// DS_ID.
pub const DS_ID: PropertySpec = PropertySpec::new(
    "ds-id",
    "Domain service",
    PropertyKind::text_of::<ServiceId>(),
    "DS_ID: service ID of the domain service, base64 of 16 bytes",
)
.option(Header, "BASE64");

/// CUSTOMATTRIBUTES.
pub const CUSTOM_ATTRIBUTES: PropertySpec = PropertySpec::new(
    "custom-attributes",
    "Custom attributes",
    PropertyKind::text_of::<CustomAttributes>(),
    "Content of CUSTOMATTRIBUTES: well-formed XML, under 1 KB",
)
.option(Header, "XML");

/// DECRYPTORSETUP.
pub const ON_DEMAND: PropertySpec = PropertySpec::new(
    "on-demand",
    "On demand",
    PropertyKind::Flag { default: false },
    "DECRYPTORSETUP ONDEMAND: licences are delivered in the stream (scalable key rotation)",
)
.option(Header, "");

/// LICENSEREQUESTED.
pub const LICENSE_REQUESTED: PropertySpec = PropertySpec::new(
    "license-requested",
    "Licence requested",
    PropertyKind::Flag { default: true },
    "LICENSEREQUESTED: whether the player should request a licence. The element is written only for false, since players assume true",
);

/// The space reserved for a licence store.
pub const LICENSE_STORE_SIZE: PropertySpec = PropertySpec::new(
    "license-store-size",
    "Licence store",
    PropertyKind::Number {
        range: 0..=14_000,
        default: 0,
        only: &[],
    },
    "Number of bytes to reserve in the PlayReady Object for an embedded licence store",
);

/// The version of PlayReady's `pssh` box.
pub const PSSH_VERSION: PropertySpec = PropertySpec::new(
    "pssh-version",
    "pssh version",
    PropertyKind::Number {
        range: 0..=1,
        default: 0,
        only: &[0, 1],
    },
    "Version of the PlayReady pssh box; version 1 lists the KIDs in addition to the PlayReady Object",
)
.option(Header, "VERSION");
