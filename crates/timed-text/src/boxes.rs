// SPDX-License-Identifier: MPL-2.0
//! The boxes of text tracks: WebVTT in `wvtt` and TTML in `stpp` (ISO/IEC 14496-30).

use std::time::Duration;

use bytes::BytesMut;
use isobmff_boxes::{BoxTree, FourCc, FullBoxHeader, Reader, build_stsd};

use super::{Cue, Timestamp};

/// Ticks per second of text tracks: a multiple of the usual frame rates, so that segments start where those of the pictures do.
pub const TIMESCALE: u32 = 90_000;

/// The unity matrix of `tkhd`, 14496-12 clause 8.3.2.
const MATRIX: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];
/// The language `und`, packed as in 14496-12 clause 8.4.2.
const UNDETERMINED: u16 = 0x55c4;
/// Flag of `tkhd`: the track is enabled and in the presentation.
const ENABLED: u32 = 3;
/// Flag of a data entry: the media is in the same file.
const SELF_CONTAINED: u32 = 1;

/// What a sample entry says of the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextConfiguration {
    /// WebVTT.
    WebVtt {
        /// The blocks before the first cue, with the signature.
        header: String,
    },
    /// TTML.
    Ttml {
        /// The namespace of the documents.
        namespace: String,
        /// The profiles to which they conform, separated by spaces.
        profiles: String,
    },
}

impl TextConfiguration {
    /// Builds the sample entry.
    fn sample_entry(&self) -> BoxTree<'static> {
        // Reserved bytes and data_reference_index, 14496-12 clause 8.5.2.
        let mut body = vec![0, 0, 0, 0, 0, 0, 0, 1];
        match self {
            Self::WebVtt { header } => {
                body.extend(box_bytes(*b"vttC", header.as_bytes()));
                BoxTree::leaf(FourCc(*b"wvtt"), body)
            }
            Self::Ttml {
                namespace,
                profiles,
            } => {
                // The list of auxiliary MIME types is empty.
                for text in [namespace, profiles, ""] {
                    body.extend(text.bytes().filter(|byte| *byte != 0));
                    body.push(0);
                }
                BoxTree::leaf(FourCc(*b"stpp"), body)
            }
        }
    }

    /// Returns the handler type of the track.
    const fn handler(&self) -> [u8; 4] {
        match self {
            Self::WebVtt { .. } => *b"text",
            Self::Ttml { .. } => *b"subt",
        }
    }

    /// Builds the media header of the track.
    fn media_header(&self) -> BoxTree<'static> {
        let box_type = match self {
            Self::WebVtt { .. } => *b"nmhd",
            Self::Ttml { .. } => *b"sthd",
        };
        BoxTree::full(FourCc(box_type), FullBoxHeader::default(), &[])
    }
}

/// Writes the `trak` of a text track in a fragmented movie. Its track_ID is 1.
///
/// # Errors
/// [`isobmff_boxes::Error::TooLarge`].
pub fn text_trak(
    configuration: &TextConfiguration,
    language: Option<&str>,
) -> Result<Vec<u8>, isobmff_boxes::Error> {
    let mut media = vec![media_times()];
    if let Some(language) = language {
        let text = [language.as_bytes(), &[0]].concat();
        media.push(BoxTree::full(
            FourCc(*b"elng"),
            FullBoxHeader::default(),
            &text,
        ));
    }
    media.push(handler(configuration.handler()));
    media.push(BoxTree::container(
        FourCc::MINF,
        vec![
            configuration.media_header(),
            data_information()?,
            sample_tables(configuration)?,
        ],
    ));
    let trak = vec![track_header(), BoxTree::container(FourCc::MDIA, media)];
    let mut out = Vec::new();
    BoxTree::container(FourCc::TRAK, trak).write(&mut out)?;
    Ok(out)
}

/// Builds `dinf`: the media is in the same file.
fn data_information() -> Result<BoxTree<'static>, isobmff_boxes::Error> {
    let header = FullBoxHeader {
        version: 0,
        flags: SELF_CONTAINED,
    };
    let mut entries = 1u32.to_be_bytes().to_vec();
    BoxTree::full(FourCc(*b"url "), header, &[]).write(&mut entries)?;
    let dref = BoxTree::full(FourCc::DREF, FullBoxHeader::default(), &entries);
    Ok(BoxTree::container(FourCc::DINF, vec![dref]))
}

/// Builds an `stbl` with the sample entry and no samples.
fn sample_tables(
    configuration: &TextConfiguration,
) -> Result<BoxTree<'static>, isobmff_boxes::Error> {
    let one_entry = Reader::new(FourCc::STSD, &[0, 0, 0, 0, 0, 0, 0, 1]);
    let mut tables = vec![build_stsd(one_entry, &[configuration.sample_entry()])?];
    for (box_type, fields) in [
        (FourCc::STTS, 4),
        (FourCc::STSC, 4),
        (FourCc::STSZ, 8),
        (FourCc::STCO, 4),
    ] {
        let header = FullBoxHeader::default();
        tables.push(BoxTree::full(box_type, header, &vec![0; fields]));
    }
    Ok(BoxTree::container(FourCc::STBL, tables))
}

fn track_header() -> BoxTree<'static> {
    // Times, track_ID and duration; reserved bytes; layer, group and volume; matrix; width and height.
    let fields = [0, 0, 1, 0, 0, 0, 0, 0, 0];
    let fields = fields.into_iter().chain(MATRIX).chain([0, 0]);
    let fields: Vec<u8> = fields.flat_map(u32::to_be_bytes).collect();
    let header = FullBoxHeader {
        version: 0,
        flags: ENABLED,
    };
    BoxTree::full(FourCc::TKHD, header, &fields)
}

fn media_times() -> BoxTree<'static> {
    let times = [0, 0, TIMESCALE, 0, u32::from(UNDETERMINED) << 16];
    let fields: Vec<u8> = times.into_iter().flat_map(u32::to_be_bytes).collect();
    BoxTree::full(FourCc::MDHD, FullBoxHeader::default(), &fields)
}

fn handler(handler_type: [u8; 4]) -> BoxTree<'static> {
    let mut fields = vec![0; 4];
    fields.extend(handler_type);
    fields.extend([0; 12]);
    // An empty name.
    fields.push(0);
    BoxTree::full(FourCc::HDLR, FullBoxHeader::default(), &fields)
}

/// A cue in a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SampleCue<'c> {
    pub(crate) cue: &'c Cue,
    /// The number that all parts of a cue share, if it is in several samples.
    pub(crate) source_id: Option<u32>,
    /// The time from its start to that of the sample.
    pub(crate) elapsed: Duration,
}

/// Returns a sample of `wvtt` with cues. One without cues says so.
pub(crate) fn web_vtt_sample(cues: &[SampleCue<'_>]) -> BytesMut {
    let mut sample = BytesMut::new();
    if cues.is_empty() {
        sample.extend(box_bytes(*b"vtte", &[]));
    }
    for SampleCue {
        cue,
        source_id,
        elapsed,
    } in cues
    {
        let mut body = Vec::new();
        if let Some(source_id) = source_id {
            body.extend(box_bytes(*b"vsid", &source_id.to_be_bytes()));
        }
        if let Some(identifier) = &cue.identifier {
            body.extend(box_bytes(*b"iden", identifier.as_bytes()));
        }
        // The start of the sample, in the time of those in the text.
        if has_timestamp(&cue.text) {
            body.extend(box_bytes(
                *b"ctim",
                Timestamp(cue.start + *elapsed).to_string().as_bytes(),
            ));
        }
        if let Some(settings) = &cue.settings {
            body.extend(box_bytes(*b"sttg", settings.as_bytes()));
        }
        body.extend(box_bytes(*b"payl", cue.text.as_bytes()));
        sample.extend(box_bytes(*b"vttc", &body));
    }
    sample
}

/// True for a text with a tag such as `<00:00:01.000>`.
fn has_timestamp(text: &str) -> bool {
    let mut tags = text.split('<').skip(1);
    tags.any(|tag| tag.starts_with(|first: char| first.is_ascii_digit()))
}

/// Writes a box of less than 4 GiB, as all texts are.
fn box_bytes(box_type: [u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&size.to_be_bytes(), &box_type, body].concat()
}
