// SPDX-License-Identifier: MPL-2.0
//! The table of DRM systems, in the order of boxes and manifest elements. A new system is a file in this folder and a row here.

mod clear_key;
mod common;
mod fairplay;
mod marlin;
mod playready;
mod widevine;
mod widevine_data;

use super::{Drm, DrmContent, Error, SystemFacts};

pub use playready::{PlayReadyContent, playready_pssh};
pub use widevine_data::WidevineData;

/// Calls a macro with the rows of the table: the variant of [`System`] and the module with its [`SystemFacts`], the name of its
/// flag and its bit, its name in commands and `gst-launch-1.0`, and its description. Bits never change. Clear Key comes before the common
/// system: Shaka Player takes both descriptors for Clear Key, and keeps the first.
///
/// The table is a macro because GObject's types need the names at compile time.
#[macro_export]
macro_rules! drm_systems {
    ($with_rows:ident) => {
        $with_rows! {
            (PlayReady, playready, PLAYREADY = 0, "playready", "Microsoft PlayReady")
            (Widevine, widevine, WIDEVINE = 1, "widevine", "Google Widevine")
            (ClearKey, clear_key, CLEARKEY = 5, "clearkey", "Clear Key, for tests: a licence URL in an MPD, KIDs in HLS")
            (Common, common, COMMON = 2, "common", "W3C common: the KIDs for any system, such as Clear Key")
            (FairPlay, fairplay, FAIRPLAY = 3, "fairplay", "Apple FairPlay: a key URI in HLS; requires scheme cbcs")
            (Marlin, marlin, MARLIN = 4, "marlin", "Marlin: content IDs in an MPD")
        }
    };
}

macro_rules! system_enum {
    ($(($system:ident, $module:ident, $flag:ident = $bit:literal, $nick:literal, $words:literal))+) => {
        /// A DRM system, in the order of boxes and manifest elements.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum System {
            $(#[doc = $words] $system,)+
        }

        impl System {
            /// All systems, in their order.
            pub const ALL: [Self; [$($bit),+].len()] = [$(Self::$system),+];

            /// Returns the facts of the system.
            pub const fn facts(self) -> &'static SystemFacts {
                match self {
                    $(Self::$system => &$module::FACTS,)+
                }
            }

            /// Returns its name in commands and `gst-launch-1.0`.
            pub const fn nick(self) -> &'static str {
                match self {
                    $(Self::$system => $nick,)+
                }
            }
        }
    };
}

drm_systems!(system_enum);

/// SystemIDs and names of systems that occur in files but are never written.
const READ_ONLY: [(u128, &str); 2] = [
    (0x69f908af_4816_46ea_910c_cd5dcccb0a3a, "Marlin"),
    (0xadb41c24_2dbf_4a6d_958b_4457c0d27b95, "Nagra"),
];

/// Returns the name of a system with a known SystemID, in UUID order.
///
/// ```
/// let nagra = 0xadb41c24_2dbf_4a6d_958b_4457c0d27b95_u128.to_be_bytes();
/// assert_eq!(drm_signaling::system_name(&nagra), Some("Nagra"));
/// assert_eq!(drm_signaling::system_name(&[7; 16]), None);
/// ```
pub fn system_name(id: &[u8; 16]) -> Option<&'static str> {
    System::from_id(id).map(System::name).or_else(|| {
        READ_ONLY
            .into_iter()
            .find(|(other, _)| other.to_be_bytes() == *id)
            .map(|(_, name)| name)
    })
}

impl System {
    /// Returns the SystemID, in UUID order.
    pub const fn id(self) -> [u8; 16] {
        self.facts().id
    }

    /// Returns the name in reports.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Returns the system with a SystemID, in UUID order.
    pub fn from_id(id: &[u8; 16]) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.id() == *id)
    }

    /// Returns the system with a name of commands and `gst-launch-1.0`.
    pub fn from_nick(nick: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.nick() == nick)
    }

    /// Returns true if its clients can play content of a scheme.
    pub fn plays(self, scheme: cenc_types::Scheme) -> bool {
        self.facts().only_scheme.is_none_or(|only| only == scheme)
    }

    /// Creates the signaling of content for this system.
    ///
    /// # Errors
    /// [`Error::BoxTooLarge`]; [`Error::PlayReady`] for a header that cannot express the content.
    pub fn signal(self, content: &DrmContent<'_>) -> Result<Drm, Error> {
        Ok(Drm::new(self, (self.facts().make)(content)?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn rows_have_distinct_ids_and_names() {
        let all = System::ALL;
        let ids: HashSet<_> = all.map(System::id).into();
        let nicks: HashSet<_> = all.map(System::nick).into();
        assert_eq!((ids.len(), nicks.len()), (all.len(), all.len()));
        for system in all {
            assert_eq!(System::from_id(&system.id()), Some(system));
            assert_eq!(System::from_nick(system.nick()), Some(system));
            assert_eq!(system_name(&system.id()), Some(system.name()));
        }
    }

    #[test]
    fn systems_of_other_packagers_have_names_too() {
        let nagra = 0xadb41c24_2dbf_4a6d_958b_4457c0d27b95_u128.to_be_bytes();
        assert_eq!(System::from_id(&nagra), None);
        assert_eq!(system_name(&nagra), Some("Nagra"));
        assert_eq!(system_name(&[7; 16]), None);
    }
}
