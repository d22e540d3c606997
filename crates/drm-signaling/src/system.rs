// SPDX-License-Identifier: MPL-2.0
//! The DRM systems that can be signaled, with the SystemIDs that are registered for ISO/IEC 23001-7.

use playready_header::SYSTEM_ID;

/// A DRM system. The order is that of the boxes and texts: PlayReady first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Microsoft PlayReady.
    PlayReady,
    /// Google Widevine.
    Widevine,
    /// The KIDs alone, for any system: W3C "cenc" Initialization Data Format, clause 4.
    Common,
    /// Apple FairPlay Streaming.
    FairPlay,
    /// Marlin.
    Marlin,
}

impl System {
    /// All systems, in their order.
    pub const ALL: [Self; 5] = [
        Self::PlayReady,
        Self::Widevine,
        Self::Common,
        Self::FairPlay,
        Self::Marlin,
    ];

    /// The SystemID, in UUID order.
    pub const fn id(self) -> [u8; 16] {
        match self {
            Self::PlayReady => SYSTEM_ID,
            Self::Widevine => 0xedef8ba9_79d6_4ace_a3c8_27dcd51d21ed_u128.to_be_bytes(),
            Self::Common => 0x1077efec_c0b2_4d02_ace3_3c1e52e2fb4b_u128.to_be_bytes(),
            Self::FairPlay => 0x94ce86fb_07ff_4f43_adb8_93d2fa968ca2_u128.to_be_bytes(),
            Self::Marlin => 0x5e629af5_38da_4063_8977_97ffbd9902d4_u128.to_be_bytes(),
        }
    }

    /// The system with that SystemID.
    pub fn from_id(id: &[u8; 16]) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.id() == *id)
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlayReady => "PlayReady",
            Self::Widevine => "Widevine",
            Self::Common => "W3C common (Clear Key)",
            Self::FairPlay => "FairPlay",
            Self::Marlin => "Marlin",
        }
    }
}
