// SPDX-License-Identifier: MPL-2.0
//! The forms in which the keys of the channels change, and what players cannot do with them.

use test_support::players::{Limit, TableRow, WAYS, table};

/// A form of key changes.
pub struct Form {
    /// A name that can be part of a file name.
    pub name: &'static str,
    /// As in docs/players.md.
    title: &'static str,
    /// Properties of playreadysink.
    pub properties: &'static str,
    /// True if it starts with a clear lead, which plays with wrong keys too.
    pub starts_clear: bool,
    /// The format of its texts.
    pub text_format: TextFormat,
    /// The number of its keys with cenc; that with cbcs is one more (`test_support::players::write_keys`).
    series: u8,
}

/// The format of the texts of a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// In `wvtt`.
    WebVtt,
    /// In `stpp`.
    Ttml,
}

/// A scheme of Common Encryption.
#[derive(Clone, Copy)]
pub enum Scheme {
    /// AES in counter mode.
    Cenc,
    /// AES in CBC mode, with a pattern.
    Cbcs,
}

impl Scheme {
    /// The value of the property `scheme`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cenc => "cenc",
            Self::Cbcs => "cbcs",
        }
    }
}

impl Form {
    /// The number of its keys, which no other channel has.
    pub const fn series(&self, scheme: Scheme) -> u8 {
        match scheme {
            Scheme::Cenc => self.series,
            Scheme::Cbcs => self.series + 1,
        }
    }
}

/// All forms.
pub const FORMS: [Form; 3] = [
    Form {
        name: "init",
        title: "`key-change=init`",
        properties: "key-change=init",
        starts_clear: false,
        text_format: TextFormat::Ttml,
        series: 0x20,
    },
    Form {
        name: "in-band",
        title: "`key-change=in-band`",
        properties: "key-change=in-band",
        starts_clear: false,
        text_format: TextFormat::WebVtt,
        series: 0x22,
    },
    Form {
        name: "clear-lead",
        title: "`clear-lead`, `clear-signaling=init`",
        // The players join in it, and leave it while they play.
        properties: "key-change=init clear-lead=16000000000 clear-signaling=init",
        starts_clear: true,
        text_format: TextFormat::Ttml,
        series: 0x24,
    },
];

/// What does not play. None of the players says why.
pub const LIMITS: [Limit; 3] = [
    Limit {
        presentation: "init",
        title: "Shaka Player, HLS",
        error: "",
        note: 4,
    },
    Limit {
        presentation: "in-band",
        title: "Shaka Player, HLS",
        error: "",
        note: 4,
    },
    Limit {
        presentation: "clear-lead",
        title: "Shaka Player, HLS",
        error: "",
        note: 4,
    },
];

/// The table of docs/players.md.
pub fn document() -> String {
    let rows = FORMS.map(|form| TableRow {
        name: form.name,
        title: form.title,
    });
    table(&rows, &WAYS, &LIMITS)
}
