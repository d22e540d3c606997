// SPDX-License-Identifier: MPL-2.0
//! Channel configurations: those of ISO/IEC 23091-3 (CICP), and those of codecs with more speakers.

/// The speakers of a codec that has a scheme of its own in DASH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeakerLayout {
    /// AC-3 and E-AC-3: a bit for each speaker or pair, left in the highest (ETSI TS 102 366, I.1.2.1).
    Dolby(u16),
    /// AC-4: a bit for each speaker group, left and right in the lowest (ETSI TS 103 190-2, G.3.1); None for objects.
    DolbyAc4(Option<u32>),
    /// DTS:X: ChannelMask (ETSI TS 103 491, annex B).
    DtsUhd(u32),
}

impl SpeakerLayout {
    /// Returns the `schemeIdUri` of an AudioChannelConfiguration in DASH.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Dolby(_) => "tag:dolby.com,2014:dash:audio_channel_configuration:2011",
            Self::DolbyAc4(_) => "tag:dolby.com,2015:dash:audio_channel_configuration:2015",
            Self::DtsUhd(_) => "tag:dts.com,2018:uhd:audio_channel_configuration",
        }
    }

    /// Returns the `value` of that element.
    pub fn value(self) -> String {
        match self {
            Self::Dolby(speakers) => format!("{speakers:04X}"),
            // Objects have the highest bit alone, G.3.1.
            Self::DolbyAc4(groups) => format!("{:06X}", groups.unwrap_or(0x80_0000)),
            Self::DtsUhd(mask) => format!("{mask:08X}"),
        }
    }

    /// Returns the ChannelConfiguration of ISO/IEC 23091-3 with the same speakers: ETSI TS 102 366, table I.1.1, and TS 103 190-2, table
    /// G.1.
    pub(super) const fn cicp(self) -> Option<u8> {
        match self {
            Self::Dolby(speakers) => dolby_cicp(speakers),
            Self::DolbyAc4(Some(groups)) => ac4_cicp(groups),
            Self::DolbyAc4(None) | Self::DtsUhd(_) => None,
        }
    }
}

const fn dolby_cicp(speakers: u16) -> Option<u8> {
    Some(match speakers {
        0x4000 => 1,
        0xa000 => 2,
        0xe000 => 3,
        0xe100 => 4,
        0xf800 => 5,
        0xf801 => 6,
        0xf821 => 7,
        0xa100 => 9,
        0xb800 => 10,
        0xe301 => 11,
        0xfa01 => 12,
        0xf811 => 14,
        0xf815 => 16,
        0xf89d => 17,
        0xe255 => 19,
        _ => return None,
    })
}

const fn ac4_cicp(groups: u32) -> Option<u8> {
    Some(match groups {
        0x2 => 1,
        0x1 => 2,
        0x3 => 3,
        0x8003 => 4,
        0x7 => 5,
        0x47 => 6,
        0x2_0047 => 7,
        0x8001 => 9,
        0x5 => 10,
        0x8047 => 11,
        0x4f => 12,
        0x57 | 0x4_0047 => 14,
        0x77 | 0x4_0067 => 16,
        0x7f | 0x4_006f => 19,
        0x1_007f | 0x5_006f => 20,
        _ => return None,
    })
}

/// Returns the ChannelConfiguration of the channel orders of Vorbis and FLAC: RFC 7845, 5.1.1.2, and RFC 9639, 9.1.3.
pub(super) const fn vorbis_cicp(channels: u32) -> Option<u8> {
    Some(match channels {
        1 => 1,
        2 => 2,
        3 => 3,
        4 => 10,
        5 => 5,
        6 => 6,
        7 => 11,
        8 => 12,
        _ => return None,
    })
}

/// Returns the ChannelConfiguration of the channel orders of ALAC: Apple Lossless Format, "Channel Layout".
pub(super) const fn alac_cicp(channels: u32) -> Option<u8> {
    Some(match channels {
        1 => 1,
        2 => 2,
        3 => 3,
        4 => 4,
        5 => 5,
        6 => 6,
        7 => 11,
        8 => 7,
        _ => return None,
    })
}

/// Returns the ChannelConfiguration of mono and stereo, the only ones that a number of channels names.
pub(super) const fn plain_cicp(channels: u32) -> Option<u8> {
    match channels {
        1 => Some(1),
        2 => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Masks and values of Shaka Packager's ec3_audio_util_unittest.cc and ac4_audio_util_unittest.cc.
    #[test]
    fn masks_have_the_configurations_of_a_peer() {
        for (layout, cicp, value) in [
            (SpeakerLayout::Dolby(0xf801), Some(6), "F801"),
            (SpeakerLayout::Dolby(0xa000), Some(2), "A000"),
            (SpeakerLayout::Dolby(0xe603), None, "E603"),
            (SpeakerLayout::DolbyAc4(Some(0x1)), Some(2), "000001"),
            (SpeakerLayout::DolbyAc4(Some(0x47)), Some(6), "000047"),
            (SpeakerLayout::DolbyAc4(Some(0xc7)), None, "0000C7"),
        ] {
            assert_eq!(layout.cicp(), cicp, "{layout:?}");
            assert_eq!(layout.value(), value);
        }
    }
}
