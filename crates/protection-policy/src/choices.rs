// SPDX-License-Identifier: MPL-2.0
//! The values of properties that take one of several names.

/// A property type with named values, registered as an enumeration in GObject.
#[derive(Debug)]
pub struct ChoiceType {
    /// The name of the type.
    pub type_name: &'static str,
    /// The names that commands and `gst-launch-1.0` accept, the default first.
    pub nicks: &'static [&'static str],
}

/// Calls a macro with the rows of the table: a constant, a type in Rust and in GObject, and its names with their descriptions in
/// the order of their numbers.
///
/// GObject types are declared at compile time, so the names must be known then.
#[macro_export]
macro_rules! property_choices {
    ($with_rows:ident) => {
        $with_rows! {
            (SCHEMES, SchemeProperty, "GstPlayReadyScheme",
                (Cenc, "cenc", "AES-CTR; supported by every PlayReady client")
                (Cens, "cens", "AES-CTR with a pattern; not supported by PlayReady clients")
                (Cbc1, "cbc1", "AES-CBC; not supported by PlayReady clients")
                (Cbcs, "cbcs", "AES-CBC with a pattern; supported by PlayReady 4.0 and later and by FairPlay"))
            (FLAVORS, FlavorProperty, "GstPlayReadyFlavor",
                (Cenc, "cenc", "Common Encryption, ISO/IEC 23001-7")
                (Piff, "piff", "PIFF 1.1 for Smooth Streaming; requires scheme cenc"))
            (HEADER_VERSIONS, HeaderVersionProperty, "GstPlayReadyHeaderVersion",
                (Auto, "auto", "The lowest version that supports the settings")
                (V4_0, "4.0", "One KID; for clients from 1.0 on")
                (V4_1, "4.1", "At most one KID; for clients from 2.0 on")
                (V4_2, "4.2", "Several KIDs; for clients from 3.0 on")
                (V4_3, "4.3", "AES-CBC; for clients from 4.0 on"))
            (PERIOD_CLOCKS, PeriodClockProperty, "GstPlayReadyPeriodClock",
                (Stream, "stream", "Media time, from 0")
                (Utc, "utc", "Wall clock time from 1970-01-01 UTC, for live streams"))
            (KEY_CHANGES, KeyChangeProperty, "GstPlayReadyKeyChange",
                (InBand, "in-band", "A sample group in the fragment names the KID, and its moof has the pssh boxes")
                (Init, "init", "A new init segment before the fragment, which every decryptor follows")
                (Embedded, "embedded", "As in-band, with an ONDEMAND header at the start and the leaf licences of the source of keys in the moof"))
            (PSSH_PLACES, PsshInProperty, "GstPlayReadyPsshIn",
                (InitMoof, "init+moof", "The init segment, and the first fragments under keys that it does not list")
                (Init, "init", "Only init segments")
                (Moof, "moof", "Only fragments where decoding can start")
                (None, "none", "Neither: the manifest has the signaling"))
            (CLEAR_SIGNALINGS, ClearSignalingProperty, "GstPlayReadyClearSignaling",
                (SampleGroup, "sample-group", "A sample group in the fragment")
                (Init, "init", "A new init segment with clear sample entries before the fragment"))
            (CUE_ACTIONS, CueActionProperty, "GstPlayReadyCueAction",
                (None, "none", "Cues pass and change nothing")
                (Key, "key", "A new crypto period starts where a break, a programme or another segment begins or ends")
                (Clear, "clear", "Breaks out of the programme are clear"))
            (ON_KEY_MISSING_CHOICES, OnKeyMissingProperty, "GstPlayReadyOnKeyMissing",
                (Stop, "stop", "Stop with an error")
                (Hold, "hold", "Continue with the last key and with warnings until the next key is available"))
        }
    };
}

macro_rules! choice_types {
    ($(($constant:ident, $type:ident, $type_name:literal, $(($choice:ident, $nick:literal, $blurb:literal))+))+) => {
        $(
            #[doc = concat!("The names of ", $type_name, ".")]
            pub static $constant: ChoiceType = ChoiceType {
                type_name: $type_name,
                nicks: &[$($nick),+],
            };
        )+
    };
}

property_choices!(choice_types);

impl ChoiceType {
    /// Returns the static name that is equal to `text`, or None if the type has no such name.
    pub(super) fn find(&self, text: &str) -> Option<&'static str> {
        self.nicks.iter().copied().find(|nick| *nick == text)
    }

    /// Returns the default name.
    pub(super) fn default_nick(&self) -> &'static str {
        self.nicks.first().copied().unwrap_or_default()
    }
}
