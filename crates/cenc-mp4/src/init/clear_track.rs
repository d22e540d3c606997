// SPDX-License-Identifier: MPL-2.0
//! Reads a clear track: its kind of media, and the codec of each sample entry.

use cenc_types::{Media, Scheme, Track};
use codec_headers::{Codec, FormatKind};
use isobmff_boxes::{BoxTree, EntryLayout, FourCc, SampleEntry, Tkhd};

use super::{
    AUDIO_BOXES, CONFIG_BOXES, LAYER_CONFIG_BOXES, STBL_PATH, VIDEO_BOXES, clear_entries,
    handled_kind, has_samples,
};
use crate::Error;
use crate::form::MovieForm;

/// Reads the kind of a track; refuses one that contradicts itself.
pub(super) fn read_track(trak: &BoxTree<'_>, form: MovieForm) -> Result<Track, Error> {
    let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
    let handler =
        isobmff_boxes::read_handler_type(trak.descend(&[FourCc::MDIA, FourCc::HDLR])?.reader())?;
    let stbl = trak.descend(&STBL_PATH)?;
    let entries = clear_entries(stbl)?;
    // The samples of a fragmented track come later.
    if entries.is_empty() && (form == MovieForm::Fragmented || has_samples(stbl)?) {
        return Err(Error::NoSampleEntry { track_id });
    }
    let kind = handled_kind(handler);
    if let Some(entry) = entries.iter().find(|entry| contradicts(entry, kind)) {
        return Err(Error::HandlerMismatch {
            track_id,
            format: entry.format,
            handler,
        });
    }
    Ok(Track {
        track_id,
        media: read_media(kind, &entries)?,
    })
}

/// True if a sample entry, by its type or its child boxes, holds another kind of media than `kind`.
fn contradicts(entry: &SampleEntry<'_>, kind: FormatKind) -> bool {
    let has = |boxes: &[FourCc]| boxes.iter().any(|&child| entry.may_contain(child));
    FormatKind::of(entry.format.0).is_some_and(|own| own != kind)
        || kind != FormatKind::Video && has(&VIDEO_BOXES)
        || kind != FormatKind::Audio && has(&AUDIO_BOXES)
}

/// Describes the media of a track for the choice of its key.
fn read_media(kind: FormatKind, entries: &[SampleEntry<'_>]) -> Result<Media, Error> {
    Ok(match kind {
        FormatKind::Video => {
            let (mut width, mut height) = (0, 0);
            for entry in entries {
                let size = entry.visual_size()?;
                width = size.width.max(width);
                height = size.height.max(height);
            }
            Media::Video { width, height }
        }
        FormatKind::Audio => Media::Audio,
        FormatKind::TextOrMetadata => Media::Text,
    })
}

/// Refuses a scheme that would leave samples of a format clear, or that is not defined for them.
pub(super) fn check_scheme(
    entry: &SampleEntry<'_>,
    track: &Track,
    scheme: Scheme,
) -> Result<(), Error> {
    let reason = match track.media {
        Media::Audio if codec_headers::is_pcm(entry.format.0) && scheme != Scheme::Cenc => {
            "whose frames are shorter than a cipher block and would stay clear"
        }
        Media::Video { .. }
            if codec_headers::is_video_without_rule(entry.format.0) && scheme.has_pattern() =>
        {
            "whose pictures are protected as a whole, since patterns are for video with subsamples"
        }
        _ => return Ok(()),
    };
    Err(Error::SchemeForFormat {
        track_id: track.track_id,
        format: entry.format,
        scheme,
        reason,
    })
}

pub(super) fn read_codec(entry: &SampleEntry<'_>, track: &Track) -> Result<Codec, Error> {
    let read_boxes = |types: &[FourCc]| match track.media {
        Media::Video { .. } => types
            .iter()
            .filter_map(|config| entry.child(EntryLayout::Visual, *config).transpose())
            .collect::<Result<Vec<_>, _>>(),
        Media::Audio | Media::Text => Ok(Vec::new()),
    };
    if FormatKind::of(entry.format.0).is_none() && track.media == Media::Audio {
        // Audio is protected by whole samples whatever its codec, 23001-7 clause 9.7.
        return Ok(Codec::whole_samples());
    }
    let refused = |source| Error::Codec {
        track_id: track.track_id,
        source,
    };
    let config = read_boxes(&CONFIG_BOXES)?.first().copied();
    let mut codec = Codec::new(entry.format.0, config).map_err(refused)?;
    for layers in read_boxes(&LAYER_CONFIG_BOXES)? {
        codec.add_layers(layers).map_err(refused)?;
    }
    Ok(codec)
}
