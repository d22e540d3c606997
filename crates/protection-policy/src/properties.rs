// SPDX-License-Identifier: MPL-2.0
//! The table of properties. The properties of elements, their text in `gst-inspect-1.0` and the options of commands are
//! generated from it; [`super::Config`] interprets the values.

mod header;

use cenc_types::KeyId;
use playready_header::header::AbsoluteUrl;

use super::Config;
use super::choices::{
    CLEAR_SIGNALINGS, CUE_ACTIONS, FLAVORS, KEY_CHANGES, ON_KEY_MISSING_CHOICES, PERIOD_CLOCKS,
    PSSH_PLACES, SCHEMES,
};
use super::property_spec::OptionGroup::{Encryption, Keys};
use super::property_spec::{PropertyKind, PropertySpec, ValueError};

pub use header::{
    CUSTOM_ATTRIBUTES, DS_ID, HEADER_VERSION, LA_URL, LICENSE_REQUESTED, LICENSE_STORE_SIZE,
    LUI_URL, ON_DEMAND, PSSH_VERSION,
};

/// All properties, in the order in which commands list their options.
pub static PROPERTIES: [PropertySpec; 34] = [
    KEY_URI,
    CONTENT_ID,
    KEY_ID,
    KEY,
    KEY_SEED,
    KEY_TIMEOUT,
    CRYPTO_PERIOD,
    PERIOD_CLOCK,
    ON_KEY_MISSING,
    KEY_CHANGE,
    CUE_ACTION,
    SCHEME,
    FLAVOR,
    IV_SIZE,
    IV,
    CRYPT_BYTE_BLOCK,
    SKIP_BYTE_BLOCK,
    CLEAR_LEAD,
    CLEAR_TRACKS,
    CLEAR_SIGNALING,
    PROTECT,
    SYSTEMS,
    PSSH,
    PSSH_IN,
    CLEARKEY_URL,
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

/// The location of the keys.
pub const KEY_URI: PropertySpec = PropertySpec::new(
    "key-uri",
    "Key location",
    PropertyKind::Location,
    "Location of the keys: file:///path/x.keys with lines 'selector kid key [iv]' (created with a new key if it does not exist), file:///path/x.cpix, sqlite:///path/keys.db, postgresql://host/name or speke+https://host/path. If no property gives keys, the signal request-key requests them: a handler gets a structure with the field period (guint64), and returns one with key-id and key (strings), or one named 'pending' before set-key",
)
.option_with_help(
    Keys,
    "URI",
    "file:///path/x.keys (created with a new key if it does not exist), file:///path/x.cpix, sqlite:///path/keys.db, postgresql://host/name or speke+https://host/path",
);

/// The identifier of the content at the source of keys.
pub const CONTENT_ID: PropertySpec = PropertySpec::new(
    "content-id",
    "Content",
    PropertyKind::any_text(),
    "Identifier of the content in key servers and key stores",
)
.option(Keys, "ID");

/// The KID of a single key.
pub const KEY_ID: PropertySpec = PropertySpec::new(
    "key-id",
    "Key ID",
    PropertyKind::text_of::<KeyId>(),
    "KID of key, or of the first key that is computed from key-seed: a UUID or 32 hex digits",
)
.option_with_help(
    Keys,
    "KID",
    "KID of the key in --key-file, or of the first key that is computed from --key-seed-file: a UUID or 32 hex digits",
);

/// A single key. It is not a command option, since every user of a machine can read its command lines.
pub const KEY: PropertySpec = PropertySpec::new(
    "key",
    "Content key",
    PropertyKind::Secret,
    "Content key of 16 bytes in hex or base64. It cannot be read back, but other users of the machine can read a command line: prefer key-uri",
);

/// The seed from which the key of any KID is computed. It is not a command option, as [`KEY`] is not.
pub const KEY_SEED: PropertySpec = PropertySpec::new(
    "key-seed",
    "Key seed",
    PropertyKind::Secret,
    "PlayReady key seed of 30 bytes or more in hex or base64, from which the content key of each KID is computed. It cannot be read back, but other users of the machine can read a command line: set it in a program",
);

/// The longest time until the application gives a key that it announced.
pub const KEY_TIMEOUT: PropertySpec = PropertySpec::new(
    "key-timeout",
    "Key timeout",
    PropertyKind::Time {
        default: 30_000_000_000,
    },
    "How long the signal set-key may take to give a key after a handler of request-key returned a structure 'pending', in nanoseconds",
);

/// The time for which each key is used.
pub const CRYPTO_PERIOD: PropertySpec = PropertySpec::new(
    "crypto-period",
    "Crypto period",
    PropertyKind::Time { default: 0 },
    "Media time for which each key is used, in nanoseconds; with 0 a key is used until the signal rotate-key",
)
.option_with_help(
    Keys,
    "TIME",
    "Media time for which each key is used, such as 10m; by default the key never changes",
);

/// The clock by which crypto periods are numbered.
pub const PERIOD_CLOCK: PropertySpec = PropertySpec::new(
    "period-clock",
    "Period clock",
    PropertyKind::Choice(&PERIOD_CLOCKS),
    "Clock by which crypto periods are numbered; with utc, redundant packagers agree on the numbers",
);

/// The reaction to a crypto period whose key is missing.
pub const ON_KEY_MISSING: PropertySpec = PropertySpec::new(
    "on-key-missing",
    "On key missing",
    PropertyKind::Choice(&ON_KEY_MISSING_CHOICES),
    "Reaction to a crypto period that starts without its key; in no case is the stream sent in the clear",
);

/// The signaling of a new crypto period.
pub const KEY_CHANGE: PropertySpec = PropertySpec::new(
    "key-change",
    "Key change",
    PropertyKind::Choice(&KEY_CHANGES),
    "How the stream signals a new crypto period",
)
.option(Keys, "FORM");

/// The effect of cues.
pub const CUE_ACTION: PropertySpec = PropertySpec::new(
    "cue-action",
    "Cue action",
    PropertyKind::Choice(&CUE_ACTIONS),
    "What SCTE 35 cues in the stream change, at the first fragment at or after the splice where decoding can start",
)
.option(Keys, "ACTION");

/// The protection scheme.
pub const SCHEME: PropertySpec = PropertySpec::new(
    "scheme",
    "Scheme",
    PropertyKind::Choice(&SCHEMES),
    "Protection scheme, ISO/IEC 23001-7",
)
.option(Encryption, "SCHEME");

/// The boxes that signal the protection.
pub const FLAVOR: PropertySpec = PropertySpec::new(
    "flavor",
    "Flavor",
    PropertyKind::Choice(&FLAVORS),
    "Boxes that signal the protection: those of Common Encryption, or of PIFF 1.1 for Smooth Streaming",
)
.option(Encryption, "FLAVOR");

/// The size of IVs in bytes.
pub const IV_SIZE: PropertySpec = PropertySpec::new(
    "iv-size",
    "IV size",
    PropertyKind::Number {
        range: 8..=16,
        default: 8,
        only: &[8, 16],
    },
    "Size in bytes of each sample's IV in cenc and cens, 8 or 16; PlayReady clients before 4.0 accept only 8",
)
.option(Encryption, "BYTES");

/// The first IV.
pub const IV: PropertySpec = PropertySpec::new(
    "iv",
    "First IV",
    PropertyKind::Text { check: check_iv },
    "First IV in hex (16 or 32 digits), constant in cbcs. If unset, it follows from key and KID in cbcs and is random in the other schemes. In cenc and cens only for a key that key-id and key or the application give; never use the same IV twice with one key",
)
.option(Encryption, "HEX");

/// The number of encrypted blocks in the pattern, ISO/IEC 23001-7 clause 9.6.
pub const CRYPT_BYTE_BLOCK: PropertySpec = PropertySpec::new(
    "crypt-byte-block",
    "Encrypted blocks",
    PropertyKind::Number {
        range: 1..=15,
        default: 1,
        only: &[],
    },
    "Number of encrypted 16-byte blocks in each repetition of the video pattern (cens and cbcs)",
)
.option(Encryption, "BLOCKS");

/// The number of clear blocks in the pattern.
pub const SKIP_BYTE_BLOCK: PropertySpec = PropertySpec::new(
    "skip-byte-block",
    "Clear blocks",
    PropertyKind::Number {
        range: 0..=15,
        default: 9,
        only: &[],
    },
    "Number of clear 16-byte blocks in each repetition of the video pattern (cens and cbcs)",
)
.option(Encryption, "BLOCKS");

/// The length of the clear start.
pub const CLEAR_LEAD: PropertySpec = PropertySpec::new(
    "clear-lead",
    "Clear lead",
    PropertyKind::Time { default: 0 },
    "Length of the clear part at the start of the stream, in nanoseconds, rounded to whole fragments",
)
.option_with_help(
    Encryption,
    "TIME",
    "Length of the clear part at the start of the file, such as 10s, rounded to whole fragments",
);

/// The tracks to leave clear.
pub const CLEAR_TRACKS: PropertySpec = PropertySpec::new(
    "clear-tracks",
    "Clear tracks",
    PropertyKind::Texts { check: check_selector },
    "Tracks to leave clear, as selectors separated by commas: *, video, audio, text, sd, hd, uhd1, uhd2 or track:N; a key with a more specific selector still protects its tracks",
)
.option(Encryption, "SELECTORS");

/// The signaling of clear parts.
pub const CLEAR_SIGNALING: PropertySpec = PropertySpec::new(
    "clear-signaling",
    "Clear signaling",
    PropertyKind::Choice(&CLEAR_SIGNALINGS),
    "How the stream signals a clear lead and other clear parts of protected tracks; PlayReady clients often fail on a sample group",
)
.option(Encryption, "FORM");

/// The switch for protection while a stream runs, see [`super::Controls`].
pub const PROTECT: PropertySpec = PropertySpec {
    is_mutable_in_playing: true,
    ..PropertySpec::new(
        "protect",
        "Protect",
        PropertyKind::Flag { default: true },
        "Whether the following fragments are protected; the stream signals for each fragment whether it is protected",
    )
};

/// The DRM systems that are signaled.
pub const SYSTEMS: PropertySpec = PropertySpec::new(
    "systems",
    "DRM systems",
    PropertyKind::Systems,
    "DRM systems to signal in the file and in the manifest texts; join several with +, such as playready+widevine",
)
.option(Encryption, "SYSTEMS");

/// Complete `pssh` boxes to add.
pub const PSSH: PropertySpec = PropertySpec::new(
    "pssh",
    "Extra pssh boxes",
    PropertyKind::Texts { check: check_pssh },
    "Complete pssh boxes to add, in base64, separated by commas; they are written unchanged after the generated ones",
)
.option(Encryption, "BASE64");

/// The boxes that have `pssh` boxes.
pub const PSSH_IN: PropertySpec = PropertySpec::new(
    "pssh-in",
    "pssh places",
    PropertyKind::Choice(&PSSH_PLACES),
    "Parts of the stream that have pssh boxes; with none, players find the signaling in the manifest",
)
.option(Encryption, "PLACES");

/// The licence server of Clear Key.
pub const CLEARKEY_URL: PropertySpec = PropertySpec::new(
    "clearkey-url",
    "Clear Key licence URL",
    PropertyKind::text_of::<AbsoluteUrl>(),
    "Absolute URL of the licence server in the ContentProtection of clearkey",
)
.option(Encryption, "URL");

fn check_iv(text: &str) -> Result<(), ValueError> {
    super::config::parse_iv(text)?;
    Ok(())
}

fn check_selector(text: &str) -> Result<(), ValueError> {
    super::config::parse_clear_track(text)?;
    Ok(())
}

fn check_pssh(text: &str) -> Result<(), ValueError> {
    Config::pssh_from_base64(text)?;
    Ok(())
}
