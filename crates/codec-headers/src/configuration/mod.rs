// SPDX-License-Identifier: MPL-2.0
//! Decoder configurations, as far as manifests and players need them: profile and level, channels and sampling rate, colours,
//! parameter sets.
//!
//! Each type reads the payload of one box of a sample entry, without the box header. No reader checks more than it returns.

mod aac;
mod ac3;
mod ac4;
mod audio;
mod av1;
mod dolby_vision;
mod iamf;
mod nal_codecs;
mod vp9;

pub use aac::AudioSpecificConfig;
pub use ac3::{Ac3Configuration, Eac3Configuration};
pub use ac4::{Ac4Configuration, Ac4Presentation};
pub use audio::{
    AlacConfiguration, DtsConfiguration, FlacConfiguration, MpegHConfiguration, OpusConfiguration,
};
pub use av1::Av1Configuration;
pub use dolby_vision::DolbyVisionConfiguration;
pub use iamf::IamfConfiguration;
pub use nal_codecs::{AvcConfiguration, HevcConfiguration, VvcConfiguration};
pub use vp9::VpConfiguration;

/// The colours of pictures, in the code points of ISO/IEC 23091-2 (CICP), 2 where they are not specified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamColours {
    /// colour_primaries.
    pub primaries: u8,
    /// transfer_characteristics.
    pub transfer: u8,
    /// matrix_coefficients.
    pub matrix: u8,
    /// All values are used, black is 0.
    pub is_full_range: bool,
}
