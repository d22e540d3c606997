// SPDX-License-Identifier: MPL-2.0
//! The four protection schemes of ISO/IEC 23001-7, clause 10.

use std::fmt;
use std::str::FromStr;

use super::Error;

/// A protection scheme, by its four-character code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// AES-CTR over whole protected ranges.
    Cenc,
    /// AES-CTR with a pattern of encrypted and skipped blocks.
    Cens,
    /// AES-CBC over whole protected ranges, one chain per sample.
    Cbc1,
    /// AES-CBC with a pattern and a constant IV, one chain per subsample.
    Cbcs,
}

/// The cipher mode of a key: PlayReady forbids the use of one {KID, key} in both modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CipherMode {
    /// Counter mode: `cenc` and `cens`.
    Ctr,
    /// Cipher block chaining: `cbc1` and `cbcs`.
    Cbc,
}

impl Scheme {
    /// All schemes, in the standard's order.
    pub const ALL: [Self; 4] = [Self::Cenc, Self::Cbc1, Self::Cens, Self::Cbcs];

    /// Returns the scheme_type of `schm`.
    pub const fn fourcc(self) -> &'static [u8; 4] {
        match self {
            Self::Cenc => b"cenc",
            Self::Cens => b"cens",
            Self::Cbc1 => b"cbc1",
            Self::Cbcs => b"cbcs",
        }
    }

    /// Returns the scheme_type as text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cenc => "cenc",
            Self::Cens => "cens",
            Self::Cbc1 => "cbc1",
            Self::Cbcs => "cbcs",
        }
    }

    /// Returns the cipher mode that the scheme uses.
    pub const fn cipher_mode(self) -> CipherMode {
        match self {
            Self::Cenc | Self::Cens => CipherMode::Ctr,
            Self::Cbc1 | Self::Cbcs => CipherMode::Cbc,
        }
    }

    /// True if video is protected by a pattern of blocks.
    pub const fn has_pattern(self) -> bool {
        matches!(self, Self::Cens | Self::Cbcs)
    }
}

impl CipherMode {
    /// Returns the default scheme for keys of this mode.
    pub const fn usual_scheme(self) -> Scheme {
        match self {
            Self::Ctr => Scheme::Cenc,
            Self::Cbc => Scheme::Cbcs,
        }
    }
}

impl FromStr for Scheme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.name() == text)
            .ok_or(Error::UnknownScheme)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// crypt_byte_block and skip_byte_block: blocks of 16 bytes, each 0..=15. 0:0 means every block is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Encrypted blocks of each run.
    pub crypt_byte_block: u8,
    /// Clear blocks of each run.
    pub skip_byte_block: u8,
}

impl Pattern {
    /// Every block is encrypted.
    pub const NONE: Self = Self {
        crypt_byte_block: 0,
        skip_byte_block: 0,
    };
    /// One block in ten is encrypted, as is usual for video.
    pub const ONE_IN_TEN: Self = Self {
        crypt_byte_block: 1,
        skip_byte_block: 9,
    };

    /// Returns both numbers as `tenc` and `seig` store them, 4 bits each.
    pub const fn to_byte(self) -> u8 {
        self.crypt_byte_block << 4 | self.skip_byte_block
    }
}
