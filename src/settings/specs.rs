// SPDX-License-Identifier: MPL-2.0
//! What `gst-inspect-1.0` shows of the shared properties: the manual of the elements.

use gst::glib::{
    ParamSpec, ParamSpecBoolean, ParamSpecEnum, ParamSpecFlags, ParamSpecString, ParamSpecUInt,
    ParamSpecUInt64,
};
use gst::prelude::*;

use super::{
    FlavorProperty, HeaderVersionProperty, OnKeyMissingProperty, PeriodClockProperty,
    SchemeProperty, Settings, SystemsProperty,
};

/// The writable properties that all encryptors have.
pub(crate) fn specs() -> Vec<ParamSpec> {
    let mut specs = encryption();
    specs.extend(key_specs(
        "Where keys come from: file:///path/x.keys with lines 'selector kid key [iv]' (a file that does not exist is made with a new key), file:///path/x.cpix, sqlite:///path/keys.db, postgresql://host/name or speke+https://host/path",
    ));
    specs.push(text(
        "content-id",
        "Content",
        "What key servers and stores know the content by",
    ));
    specs.extend(systems());
    specs.extend(header());
    specs.extend(periods());
    specs
}

fn encryption() -> Vec<ParamSpec> {
    let default = Settings::default();
    vec![
        ParamSpecEnum::builder::<SchemeProperty>("scheme")
            .nick("Scheme")
            .blurb("Protection scheme, ISO/IEC 23001-7")
            .mutable_ready()
            .build(),
        ParamSpecEnum::builder::<FlavorProperty>("flavor")
            .nick("Flavor")
            .blurb("Boxes that tell of the protection: Common Encryption's, or PIFF 1.1's for Smooth Streaming")
            .mutable_ready()
            .build(),
        uint("iv-size", "IV size", (8, 16), default.iv_size)
            .blurb("Bytes of each sample's IV in cenc and cens, 8 or 16; PlayReady clients before 4.0 take 8 only")
            .mutable_ready()
            .build(),
        ParamSpecString::builder("iv")
            .nick("First IV")
            .blurb("First IV in hex (16 or 32 digits), constant in cbcs; random when unset. Never give one twice with one key")
            .mutable_ready()
            .build(),
        uint("crypt-byte-block", "Encrypted blocks", (1, 15), default.crypt_byte_block)
            .blurb("Encrypted blocks of 16 bytes in each run of the video pattern, cens and cbcs")
            .mutable_ready()
            .build(),
        uint("skip-byte-block", "Clear blocks", (0, 15), default.skip_byte_block)
            .blurb("Clear blocks of 16 bytes in each run of the video pattern, cens and cbcs")
            .mutable_ready()
            .build(),
    ]
}

/// The properties that say where keys come from; `locations` describes those of `key-uri`.
pub(crate) fn key_specs(locations: &str) -> Vec<ParamSpec> {
    vec![
        ParamSpecString::builder("key-uri")
            .nick("Key location")
            .blurb(locations)
            .mutable_ready()
            .build(),
        ParamSpecString::builder("key-id")
            .nick("Key ID")
            .blurb("KID of the key given by key or key-seed: a UUID or 32 hex digits")
            .mutable_ready()
            .build(),
        ParamSpecString::builder("key")
            .nick("Content key")
            .blurb("Content key of 16 bytes in hex or base64, write-only; a command line shows it to every user of the machine: prefer key-uri")
            .write_only()
            .mutable_ready()
            .build(),
        ParamSpecString::builder("key-seed")
            .nick("Key seed")
            .blurb("PlayReady key seed of 30 bytes or more in hex or base64, from which the key of key-id is computed; write-only")
            .write_only()
            .mutable_ready()
            .build(),
    ]
}

fn systems() -> Vec<ParamSpec> {
    vec![
        ParamSpecFlags::builder::<SystemsProperty>("systems")
            .nick("DRM systems")
            .blurb("DRM systems that the file and the manifest texts signal")
            .default_value(SystemsProperty::default())
            .mutable_ready()
            .build(),
        text("pssh", "Extra pssh boxes", "Whole pssh boxes made elsewhere, in base64, separated by commas; written as they are, behind the others"),
        uint("pssh-version", "pssh version", (0, 1), 0)
            .blurb("Version of the PlayReady pssh box; version 1 lists the KIDs beside the PlayReady Object")
            .mutable_ready()
            .build(),
    ]
}

fn header() -> Vec<ParamSpec> {
    vec![
        ParamSpecEnum::builder::<HeaderVersionProperty>("header-version")
            .nick("Header version")
            .blurb("Version of the PlayReady Header")
            .mutable_ready()
            .build(),
        text("la-url", "Licence URL", "LA_URL: absolute URL at which players ask for a licence"),
        text("lui-url", "Licence page", "LUI_URL: absolute URL of a page where the user gets a licence"),
        text("ds-id", "Domain service", "DS_ID: service ID of the domain service, base64 of 16 bytes"),
        text("custom-attributes", "Custom attributes", "Content of CUSTOMATTRIBUTES: well-formed XML, under 1 KB"),
        ParamSpecBoolean::builder("on-demand")
            .nick("On demand")
            .blurb("DECRYPTORSETUP ONDEMAND: licences come with the stream (scalable key rotation)")
            .mutable_ready()
            .build(),
        ParamSpecBoolean::builder("license-requested")
            .nick("Licence requested")
            .blurb("LICENSEREQUESTED: whether the player should ask for a licence; false is written, true is what players assume")
            .default_value(true)
            .mutable_ready()
            .build(),
        uint("license-store-size", "Licence store", (0, 14_000), 0)
            .blurb("Bytes reserved in the PlayReady Object for an embedded licence store")
            .mutable_ready()
            .build(),
    ]
}

fn periods() -> Vec<ParamSpec> {
    vec![
        ParamSpecUInt64::builder("crypto-period")
            .nick("Crypto period")
            .blurb("How long each key is used, in nanoseconds of the media's time; 0: until rotate-key asks for a new one")
            .mutable_ready()
            .build(),
        ParamSpecEnum::builder::<PeriodClockProperty>("period-clock")
            .nick("Period clock")
            .blurb("What tells the number of a crypto period; by utc redundant packagers agree on it")
            .mutable_ready()
            .build(),
        ParamSpecEnum::builder::<OnKeyMissingProperty>("on-key-missing")
            .nick("On key missing")
            .blurb("What happens when a crypto period begins whose key is not there; the stream is never clear")
            .mutable_ready()
            .build(),
        ParamSpecUInt64::builder("clear-lead")
            .nick("Clear lead")
            .blurb("How long the stream is clear at its start, in nanoseconds, rounded to whole fragments")
            .mutable_ready()
            .build(),
        ParamSpecBoolean::builder("protect")
            .nick("Protect")
            .blurb("Whether the fragments to come are protected; the stream says of each which it is")
            .default_value(true)
            .mutable_playing()
            .build(),
    ]
}

fn text(name: &'static str, nick: &'static str, blurb: &'static str) -> ParamSpec {
    ParamSpecString::builder(name)
        .nick(nick)
        .blurb(blurb)
        .mutable_ready()
        .build()
}

fn uint<'a>(
    name: &'a str,
    nick: &'a str,
    (minimum, maximum): (u32, u32),
    default: u32,
) -> gst::glib::ParamSpecUIntBuilder<'a> {
    ParamSpecUInt::builder(name)
        .nick(nick)
        .minimum(minimum)
        .maximum(maximum)
        .default_value(default)
}
