// SPDX-License-Identifier: MPL-2.0
//! The properties of sound: the fields of the sample entry are wrong for many codecs, so their configurations count first.

use codec_headers::configuration::{
    Ac3Configuration, Ac4Configuration, AlacConfiguration, AudioSpecificConfig, DtsConfiguration,
    Eac3Configuration, FlacConfiguration, MpegHConfiguration, OpusConfiguration,
};

use super::channels::{alac_cicp, plain_cicp, vorbis_cicp};
use super::codecs::MPEG4_AUDIO;
use super::entry::DescribedEntry;
use super::private_data::read_esds;
use super::{Error, SpeakerLayout};

/// Opus decodes to this rate: RFC 6716, 2.1.4.
const OPUS_RATE: u32 = 48_000;

/// The sound of a track.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AudioDescription {
    /// Samples per second of the decoded sound; 0 if it is not known.
    pub sampling_rate: u32,
    /// Channels of the decoded sound, without those that joint object coding adds; 0 if the sound has objects instead.
    pub channels: u32,
    /// ChannelConfiguration of ISO/IEC 23091-3, the value of DASH's `urn:mpeg:mpegB:cicp:ChannelConfiguration`; None if none has these
    /// speakers, or if they are not known.
    pub cicp_configuration: Option<u8>,
    /// The speakers, in the codec's own scheme.
    pub speakers: Option<SpeakerLayout>,
    /// The objects of joint object coding in E-AC-3 (Dolby Atmos): `CHANNELS="16/JOC"` in HLS. None without.
    pub joc_objects: Option<u8>,
    /// The sound is immersive stereo of AC-4: two channels made for headphones or two speakers.
    pub is_immersive_stereo: bool,
}

/// Reads the properties of sound.
pub(super) fn read(entry: &DescribedEntry<'_>) -> Result<AudioDescription, Error> {
    let mut sound = read_configuration(entry)?.unwrap_or_default();
    if sound.sampling_rate == 0 {
        sound.sampling_rate = entry.clear().sampling_rate()?;
    }
    let is_of_objects = sound.speakers == Some(SpeakerLayout::DolbyAc4(None));
    if sound.channels == 0 && !is_of_objects {
        sound.channels = entry.clear().sound_size()?.channels;
        sound.cicp_configuration = sound
            .cicp_configuration
            .or_else(|| plain_cicp(sound.channels));
    }
    Ok(sound)
}

/// Reads the configuration of the codec; None without.
fn read_configuration(entry: &DescribedEntry<'_>) -> Result<Option<AudioDescription>, Error> {
    Ok(match &entry.format().0 {
        b"mp4a" => read_mpeg4(entry)?,
        b"ac-3" => entry
            .configuration(*b"dac3", Ac3Configuration::read)?
            .map(|ac3| dolby(ac3.sampling_rate, ac3.channels(), ac3.speakers)),
        b"ec-3" => entry
            .configuration(*b"dec3", Eac3Configuration::read)?
            .map(|eac3| AudioDescription {
                joc_objects: eac3.joc_complexity,
                ..dolby(eac3.sampling_rate, eac3.channels(), eac3.speakers)
            }),
        b"ac-4" => entry
            .configuration(*b"dac4", Ac4Configuration::read)?
            .map(ac4),
        b"Opus" => entry
            .configuration(*b"dOps", OpusConfiguration::read)?
            .map(opus),
        b"fLaC" => entry
            .configuration(*b"dfLa", FlacConfiguration::read)?
            .map(|flac| {
                let channels = u32::from(flac.channels);
                known(flac.sampling_rate, channels, vorbis_cicp(channels))
            }),
        b"alac" => entry
            .configuration(*b"alac", AlacConfiguration::read)?
            .map(|alac| {
                let channels = u32::from(alac.channels);
                known(alac.sampling_rate, channels, alac_cicp(channels))
            }),
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" => entry
            .configuration(*b"ddts", DtsConfiguration::read_ddts)?
            .map(dts),
        b"dtsx" | b"dtsy" => entry
            .configuration(*b"udts", DtsConfiguration::read_udts)?
            .map(dts),
        b"mha1" | b"mha2" | b"mhm1" | b"mhm2" => entry
            .configuration(*b"mhaC", MpegHConfiguration::read)?
            .map(|mpeg_h| {
                let configuration = mpeg_h.channel_configuration;
                known(0, 0, (configuration > 0).then_some(configuration))
            }),
        _ => None,
    })
}

const fn known(sampling_rate: u32, channels: u32, cicp: Option<u8>) -> AudioDescription {
    AudioDescription {
        sampling_rate,
        channels,
        cicp_configuration: cicp,
        speakers: None,
        joc_objects: None,
        is_immersive_stereo: false,
    }
}

fn dolby(sampling_rate: Option<u32>, channels: u32, speakers: u16) -> AudioDescription {
    let speakers = SpeakerLayout::Dolby(speakers);
    AudioDescription {
        speakers: Some(speakers),
        ..known(sampling_rate.unwrap_or_default(), channels, speakers.cicp())
    }
}

fn ac4(ac4: Ac4Configuration) -> AudioDescription {
    let Some(first) = ac4.presentation else {
        return known(ac4.sampling_rate, 0, None);
    };
    let speakers = SpeakerLayout::DolbyAc4(first.speaker_groups);
    AudioDescription {
        speakers: Some(speakers),
        is_immersive_stereo: first.version == 2,
        ..known(
            ac4.sampling_rate,
            first.channels().unwrap_or_default(),
            speakers.cicp(),
        )
    }
}

const fn opus(opus: OpusConfiguration) -> AudioDescription {
    let channels = opus.channels as u32;
    let cicp = match opus.mapping_family {
        0 | 1 => vorbis_cicp(channels),
        _ => None,
    };
    known(OPUS_RATE, channels, cicp)
}

fn dts(dts: DtsConfiguration) -> AudioDescription {
    AudioDescription {
        speakers: (!dts.is_core_layout).then_some(SpeakerLayout::DtsUhd(dts.speakers)),
        ..known(
            dts.sampling_rate.unwrap_or_default(),
            dts.channels(),
            plain_cicp(dts.channels()),
        )
    }
}

fn read_mpeg4(entry: &DescribedEntry<'_>) -> Result<Option<AudioDescription>, Error> {
    let Some(esds) = read_esds(entry)? else {
        return Ok(None);
    };
    if esds.object_type != MPEG4_AUDIO || esds.specific_info.is_empty() {
        return Ok(None);
    }
    let config = entry.parse(AudioSpecificConfig::read(esds.specific_info))?;
    let channels = config.channels.unwrap_or_default();
    let cicp = match (config.channel_configuration, config.has_ps) {
        (0, _) | (_, true) => plain_cicp(channels),
        (configuration, false) => Some(configuration),
    };
    Ok(Some(known(config.sampling_rate, channels, cicp)))
}
