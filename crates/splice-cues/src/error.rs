// SPDX-License-Identifier: MPL-2.0
//! The reasons why a cue cannot be read.

/// The reason why a cue cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are another table, or no section.
    #[error(
        "it is no splice_info_section, whose first byte is 0xFC: give the whole section in binary"
    )]
    NotACue,
    /// A field ends after the section, or the section after the bytes.
    #[error("it is shorter than its fields say: give the whole section")]
    Truncated,
    /// CRC_32 does not match.
    #[error("its CRC_32 does not match: bytes were lost or changed on the way")]
    Crc,
    /// Everything that matters is encrypted.
    #[error("its encrypted_packet is 1: let the inserter of the cues send them in the clear")]
    Encrypted,
    /// A protocol_version that is not known.
    #[error("its protocol_version is {0}, and only 0 is known")]
    Version(u8),
}
