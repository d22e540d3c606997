// SPDX-License-Identifier: MPL-2.0
//! The table of properties: each is described here, and [`super::Config`] says what follows from its value. The properties of
//! elements, their text in `gst-inspect-1.0`, and the options of commands are made of it.

use cenc_types::KeyId;
use playready_header::{header::AbsoluteUrl, header::CustomAttributes, header::ServiceId};

use super::Config;
use super::choices::{FLAVORS, HEADER_VERSIONS, ON_KEY_MISSING_CHOICES, PERIOD_CLOCKS, SCHEMES};
use super::property_spec::OptionGroup::{Encryption, Header, Keys};
use super::property_spec::{PropertyKind, PropertySpec, ValueError};

/// All properties; options are listed in this order.
pub static PROPERTIES: [PropertySpec; 27] = [
    KEY_URI,
    CONTENT_ID,
    KEY_ID,
    KEY,
    KEY_SEED,
    CRYPTO_PERIOD,
    PERIOD_CLOCK,
    ON_KEY_MISSING,
    SCHEME,
    FLAVOR,
    IV_SIZE,
    IV,
    CRYPT_BYTE_BLOCK,
    SKIP_BYTE_BLOCK,
    CLEAR_LEAD,
    PROTECT,
    SYSTEMS,
    PSSH,
    HEADER_VERSION,
    LA_URL,
    LUI_URL,
    DS_ID,
    CUSTOM_ATTRIBUTES,
    ON_DEMAND,
    LICENSE_REQUESTED,
    LICENSE_STORE_SIZE,
    PSSH_VERSION,
];

/// Where keys come from.
pub const KEY_URI: PropertySpec = PropertySpec::new(
    "key-uri",
    "Key location",
    PropertyKind::Location,
    "Where keys come from: file:///path/x.keys with lines 'selector kid key [iv]' (a file that does not exist is made with a new key), file:///path/x.cpix, sqlite:///path/keys.db, postgresql://host/name or speke+https://host/path",
)
.option_with_help(
    Keys,
    "URI",
    "file:///path/x.keys (made with a new key when it does not exist), file:///path/x.cpix, sqlite:///path/keys.db, postgresql://host/name or speke+https://host/path",
);

/// What the source of keys calls the content.
pub const CONTENT_ID: PropertySpec = PropertySpec::new(
    "content-id",
    "Content",
    PropertyKind::any_text(),
    "What key servers and stores know the content by",
)
.option(Keys, "ID");

/// The KID of a single key.
pub const KEY_ID: PropertySpec = PropertySpec::new(
    "key-id",
    "Key ID",
    PropertyKind::text_of::<KeyId>(),
    "KID of the key given by key or key-seed: a UUID or 32 hex digits",
)
.option_with_help(
    Keys,
    "KID",
    "KID of the key in --key-file or of the first in --key-seed-file: a UUID or 32 hex digits",
);

/// A single key. No option: a command line shows it to every user of the machine.
pub const KEY: PropertySpec = PropertySpec::new(
    "key",
    "Content key",
    PropertyKind::Secret,
    "Content key of 16 bytes in hex or base64, write-only; a command line shows it to every user of the machine: prefer key-uri",
);

/// The seed of the keys of all KIDs. No option, as with [`KEY`].
pub const KEY_SEED: PropertySpec = PropertySpec::new(
    "key-seed",
    "Key seed",
    PropertyKind::Secret,
    "PlayReady key seed of 30 bytes or more in hex or base64, from which the key of key-id is computed; write-only",
);

/// How long each key is used.
pub const CRYPTO_PERIOD: PropertySpec = PropertySpec::new(
    "crypto-period",
    "Crypto period",
    PropertyKind::Time,
    "How long each key is used, in nanoseconds of the media's time; 0: until rotate-key asks for a new one",
)
.option_with_help(
    Keys,
    "TIME",
    "How long each key is used, such as 10m; without it there is one for all time",
);

/// What tells the number of a crypto period.
pub const PERIOD_CLOCK: PropertySpec = PropertySpec::new(
    "period-clock",
    "Period clock",
    PropertyKind::Choice(&PERIOD_CLOCKS),
    "What tells the number of a crypto period; by utc redundant packagers agree on it",
);

/// What happens without the key of a period.
pub const ON_KEY_MISSING: PropertySpec = PropertySpec::new(
    "on-key-missing",
    "On key missing",
    PropertyKind::Choice(&ON_KEY_MISSING_CHOICES),
    "What happens when a crypto period begins whose key is not there; the stream is never clear",
);

/// The protection scheme.
pub const SCHEME: PropertySpec = PropertySpec::new(
    "scheme",
    "Scheme",
    PropertyKind::Choice(&SCHEMES),
    "Protection scheme, ISO/IEC 23001-7",
)
.option(Encryption, "SCHEME");

/// The boxes that tell of the protection.
pub const FLAVOR: PropertySpec = PropertySpec::new(
    "flavor",
    "BoxFlavor",
    PropertyKind::Choice(&FLAVORS),
    "Boxes that tell of the protection: Common Encryption's, or PIFF 1.1's for Smooth Streaming",
)
.option(Encryption, "FLAVOR");

/// Bytes of IVs.
pub const IV_SIZE: PropertySpec = PropertySpec::new(
    "iv-size",
    "IV size",
    PropertyKind::Number {
        limits: (8, 16),
        default: 8,
        only: &[8, 16],
    },
    "Bytes of each sample's IV in cenc and cens, 8 or 16; PlayReady clients before 4.0 take 8 only",
)
.option(Encryption, "BYTES");

/// The first IV.
pub const IV: PropertySpec = PropertySpec::new(
    "iv",
    "First IV",
    PropertyKind::Text { check: check_iv },
    "First IV in hex (16 or 32 digits), constant in cbcs; random when unset. Never give one twice with one key",
)
.option(Encryption, "HEX");

/// Encrypted blocks of the pattern.
pub const CRYPT_BYTE_BLOCK: PropertySpec = PropertySpec::new(
    "crypt-byte-block",
    "Encrypted blocks",
    PropertyKind::Number {
        limits: (1, 15),
        default: 1,
        only: &[],
    },
    "Encrypted blocks of 16 bytes in each run of the video pattern, cens and cbcs",
)
.option(Encryption, "BLOCKS");

/// Clear blocks of the pattern.
pub const SKIP_BYTE_BLOCK: PropertySpec = PropertySpec::new(
    "skip-byte-block",
    "Clear blocks",
    PropertyKind::Number {
        limits: (0, 15),
        default: 9,
        only: &[],
    },
    "Clear blocks of 16 bytes in each run of the video pattern, cens and cbcs",
)
.option(Encryption, "BLOCKS");

/// How long the start is clear.
pub const CLEAR_LEAD: PropertySpec = PropertySpec::new(
    "clear-lead",
    "Clear lead",
    PropertyKind::Time,
    "How long the stream is clear at its start, in nanoseconds, rounded to whole fragments",
)
.option_with_help(
    Encryption,
    "TIME",
    "How long the file is clear at its start, such as 10s, rounded to whole fragments",
);

/// Whether anything is protected, see [`super::Controls`].
pub const PROTECT: PropertySpec = PropertySpec {
    is_mutable_in_playing: true,
    ..PropertySpec::new(
        "protect",
        "Protect",
        PropertyKind::Flag { default: true },
        "Whether the fragments to come are protected; the stream says of each which it is",
    )
};

/// The DRM systems that are signaled.
pub const SYSTEMS: PropertySpec = PropertySpec::new(
    "systems",
    "DRM systems",
    PropertyKind::Systems,
    "DRM systems that the file and the manifest texts signal",
)
.option(Encryption, "SYSTEMS");

/// `pssh` boxes made elsewhere.
pub const PSSH: PropertySpec = PropertySpec::new(
    "pssh",
    "Extra pssh boxes",
    PropertyKind::Texts { check: check_pssh },
    "Whole pssh boxes made elsewhere, in base64, separated by commas; written as they are, behind the others",
)
.option(Encryption, "BASE64");

/// The version of the PlayReady Header.
pub const HEADER_VERSION: PropertySpec = PropertySpec::new(
    "header-version",
    "Header version",
    PropertyKind::Choice(&HEADER_VERSIONS),
    "Version of the PlayReady Header",
)
.option_with_help(
    Header,
    "VERSION",
    "Version: the lowest that holds what is asked, or this one",
);

/// LA_URL.
pub const LA_URL: PropertySpec = PropertySpec::new(
    "la-url",
    "Licence URL",
    PropertyKind::text_of::<AbsoluteUrl>(),
    "LA_URL: absolute URL at which players ask for a licence",
)
.option(Header, "URL");

/// LUI_URL.
pub const LUI_URL: PropertySpec = PropertySpec::new(
    "lui-url",
    "Licence page",
    PropertyKind::text_of::<AbsoluteUrl>(),
    "LUI_URL: absolute URL of a page where the user gets a licence",
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
    "DECRYPTORSETUP ONDEMAND: licences come with the stream (scalable key rotation)",
)
.option(Header, "");

/// LICENSEREQUESTED.
pub const LICENSE_REQUESTED: PropertySpec = PropertySpec::new(
    "license-requested",
    "Licence requested",
    PropertyKind::Flag { default: true },
    "LICENSEREQUESTED: whether the player should ask for a licence; false is written, true is what players assume",
);

/// Room for a licence store.
pub const LICENSE_STORE_SIZE: PropertySpec = PropertySpec::new(
    "license-store-size",
    "Licence store",
    PropertyKind::Number {
        limits: (0, 14_000),
        default: 0,
        only: &[],
    },
    "Bytes reserved in the PlayReady Object for an embedded licence store",
);

/// The version of PlayReady's `pssh` box.
pub const PSSH_VERSION: PropertySpec = PropertySpec::new(
    "pssh-version",
    "pssh version",
    PropertyKind::Number {
        limits: (0, 1),
        default: 0,
        only: &[0, 1],
    },
    "Version of the PlayReady pssh box; version 1 lists the KIDs beside the PlayReady Object",
)
.option(Header, "VERSION");

fn check_iv(text: &str) -> Result<(), ValueError> {
    super::config::parse_iv(text)?;
    Ok(())
}

fn check_pssh(text: &str) -> Result<(), ValueError> {
    Config::extra_pssh(text)?;
    Ok(())
}
