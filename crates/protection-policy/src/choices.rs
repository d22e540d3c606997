// SPDX-License-Identifier: MPL-2.0
//! The names that a property chooses among.

/// A type of GObject whose values are names.
#[derive(Debug)]
pub struct ChoiceType {
    /// The name of the type.
    pub type_name: &'static str,
    /// The names that commands and `gst-launch-1.0` take, the default first.
    pub nicks: &'static [&'static str],
}

/// Calls a macro with the rows of the table: a constant, a type in Rust and in GObject, and its names in the order of their numbers,
/// each with words for people who choose.
///
/// GObject's types are made at compile time, so that a list of names must be too.
#[macro_export]
macro_rules! property_choices {
    ($with_rows:ident) => {
        $with_rows! {
            (SCHEMES, SchemeProperty, "GstPlayReadyScheme",
                (Cenc, "cenc", "AES-CTR; plays on every PlayReady client")
                (Cens, "cens", "AES-CTR with a pattern; no PlayReady client plays it")
                (Cbc1, "cbc1", "AES-CBC; no PlayReady client plays it")
                (Cbcs, "cbcs", "AES-CBC with a pattern; PlayReady 4.0 and later, FairPlay"))
            (FLAVORS, FlavorProperty, "GstPlayReadyFlavor",
                (Cenc, "cenc", "Common Encryption, ISO/IEC 23001-7")
                (Piff, "piff", "PIFF 1.1, for Smooth Streaming; scheme cenc only"))
            (HEADER_VERSIONS, HeaderVersionProperty, "GstPlayReadyHeaderVersion",
                (Auto, "auto", "The lowest version that holds what is asked")
                (V4_0, "4.0", "One KID; clients from 1.0")
                (V4_1, "4.1", "At most one KID; clients from 2.0")
                (V4_2, "4.2", "Several KIDs; clients from 3.0")
                (V4_3, "4.3", "AES-CBC; clients from 4.0"))
            (PERIOD_CLOCKS, PeriodClockProperty, "GstPlayReadyPeriodClock",
                (Stream, "stream", "The media's own time, from 0")
                (Utc, "utc", "The wall clock, from 1970-01-01 UTC: for live streams"))
            (ON_KEY_MISSING_CHOICES, OnKeyMissingProperty, "GstPlayReadyOnKeyMissing",
                (Stop, "stop", "Stop with an error")
                (Hold, "hold", "Go on under the last key until the next is there, with warnings"))
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
    /// The name of that text, if there is one.
    pub(super) fn find(&self, text: &str) -> Option<&'static str> {
        self.nicks.iter().copied().find(|nick| *nick == text)
    }

    /// The name that is taken where none is chosen.
    pub(super) fn default_nick(&self) -> &'static str {
        self.nicks.first().copied().unwrap_or_default()
    }
}
