// SPDX-License-Identifier: MPL-2.0
//! The facts about a track that manifests state and players need before they load it: codecs parameter, size, colours, channels,
//! language and purpose.
//!
//! They are read from the boxes of a `trak`, whether its sample entries are protected or not.

mod audio;
mod channels;
mod codecs;
mod dynamic_range;
mod entry;
mod language;
mod language_codes;
mod private_data;
mod user_data;
mod video;

use codec_headers::FormatKind;
use isobmff_boxes::{BoxTree, FourCc, SampleEntry, Tkhd, TrackKind, TrackPresentation};

use super::Error;
use super::init::STBL_PATH;
pub use audio::AudioDescription;
pub use channels::SpeakerLayout;
pub use codecs::SupplementalCodec;
pub use dynamic_range::DynamicRange;
use entry::DescribedEntry;
pub use video::VideoDescription;

/// A track as manifests describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackDescription {
    /// track_ID.
    pub track_id: u32,
    /// Ticks per second of the times of its samples; 0 only in a damaged file.
    pub timescale: u32,
    /// handler_type: `vide`, `soun`, `text` …
    pub handler: FourCc,
    /// The name of the handler. Most muxers write their own name there, not one of the track.
    pub handler_name: Option<String>,
    /// The name that the author gave the track (`name` in its `udta`).
    pub name: Option<String>,
    /// The language by RFC 5646, in its shortest form (`en`, `pt-BR`); None if it is unknown or undetermined.
    pub language: Option<String>,
    /// The purposes in `kind` boxes.
    pub kinds: Vec<TrackKind>,
    /// track_enabled: the track plays unless the viewer chooses another of its group.
    pub is_enabled: bool,
    /// Tracks with the same number, other than 0, are alternatives.
    pub alternate_group: u16,
    /// The type of the first sample entry, before protection.
    pub format: FourCc,
    /// The codecs parameter of RFC 6381. It has several values with commas between them if the sample entries have.
    pub codecs: String,
    /// The codec for players that know more than `codecs` says.
    pub supplemental_codec: Option<SupplementalCodec>,
    /// The properties of its kind of media, by the first sample entry.
    pub media: MediaDescription,
    /// CodecPrivateData of a Smooth Streaming manifest (MS-SSTR 2.2.2.5): parameter sets with start codes for AVC and HEVC,
    /// AudioSpecificConfig for AAC; None for other codecs.
    pub codec_private_data: Option<Vec<u8>>,
}

/// The properties of the kind of media of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaDescription {
    /// Pictures.
    Video(VideoDescription),
    /// Sound.
    Audio(AudioDescription),
    /// Subtitles or captions.
    Text {
        /// All of it is shown even if the viewer chose no subtitles.
        is_forced: bool,
    },
    /// Metadata and anything else.
    Other,
}

impl TrackDescription {
    /// Reads a `trak`. A sample entry without the configuration that names its profile has its type alone as codecs parameter, as FFmpeg
    /// and GPAC do.
    ///
    /// # Errors
    /// [`Error::Box`] and [`Error::Codec`] for damaged boxes and configurations, [`Error::NoSampleEntry`].
    pub fn read(trak: &BoxTree<'_>) -> Result<Self, Error> {
        let header = trak.child(FourCc::TKHD)?;
        let track_id = Tkhd::read(header.reader())?.track_id;
        let presentation = TrackPresentation::read(header.reader())?;
        let mdia = trak.child(FourCc::MDIA)?;
        let hdlr = mdia.child(FourCc::HDLR)?;
        let mdhd = mdia.child(FourCc::MDHD)?;
        let handler = isobmff_boxes::read_handler_type(hdlr.reader())?;
        let stsd = trak.descend(&STBL_PATH)?.child(FourCc::STSD)?;
        let entries = SampleEntry::read_all(stsd.reader())?
            .into_iter()
            .map(|entry| DescribedEntry::new(entry, track_id, handler))
            .collect::<Result<Vec<_>, _>>()?;
        let first = entries.first().ok_or(Error::NoSampleEntry { track_id })?;
        let user_data = user_data::read(trak);
        Ok(Self {
            track_id,
            timescale: isobmff_boxes::read_timescale(mdhd.reader())?,
            handler,
            handler_name: isobmff_boxes::read_handler_name(hdlr.reader()).unwrap_or_default(),
            name: user_data.name,
            language: language::read(mdia, mdhd)?,
            kinds: user_data.kinds,
            is_enabled: presentation.is_enabled,
            alternate_group: presentation.alternate_group,
            format: first.format(),
            codecs: join_distinct(&entries)?,
            supplemental_codec: codecs::supplemental_codec(first)?,
            media: read_media(first, handler, presentation)?,
            codec_private_data: private_data::read(first)?,
        })
    }
}

/// Returns the codecs parameters of all entries, each once.
fn join_distinct(entries: &[DescribedEntry<'_>]) -> Result<String, Error> {
    let mut distinct: Vec<String> = Vec::new();
    for entry in entries {
        let codecs = codecs::codecs(entry)?;
        if !distinct.contains(&codecs) {
            distinct.push(codecs);
        }
    }
    Ok(distinct.join(","))
}

fn read_media(
    entry: &DescribedEntry<'_>,
    handler: FourCc,
    presentation: TrackPresentation,
) -> Result<MediaDescription, Error> {
    Ok(match entry.kind() {
        FormatKind::Video => MediaDescription::Video(video::read(entry, presentation)?),
        FormatKind::Audio => MediaDescription::Audio(audio::read(entry)?),
        FormatKind::TextOrMetadata => match &handler.0 {
            b"text" | b"subt" | b"sbtl" | b"subp" | b"clcp" => MediaDescription::Text {
                is_forced: entry.is_forced_text(),
            },
            _ => MediaDescription::Other,
        },
    })
}
