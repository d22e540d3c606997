// SPDX-License-Identifier: MPL-2.0
//! A sample entry as it was before protection, with the boxes of its configuration.

use codec_headers::FormatKind;
use isobmff_boxes::{EntryLayout, FourCc, Reader, SampleEntry, Sinf};

use super::Error;

/// QuickTime's box around the configuration boxes of audio.
const WAVE: FourCc = FourCc(*b"wave");
/// displayFlags of `tx3g`: all samples are forced subtitles (QuickTime File Format, "Subtitle Sample Data").
const ALL_FORCED: u32 = 0x8000_0000;

/// A sample entry, with the type that it had before protection.
#[derive(Debug)]
pub(super) struct DescribedEntry<'a> {
    entry: SampleEntry<'a>,
    kind: FormatKind,
    track_id: u32,
}

impl<'a> DescribedEntry<'a> {
    pub(super) fn new(
        entry: SampleEntry<'a>,
        track_id: u32,
        handler: FourCc,
    ) -> Result<Self, Error> {
        let protected = entry.format;
        let format = match entry.is_protected() {
            false => protected,
            true => {
                let sinf = entry.sinf()?.ok_or(isobmff_boxes::Error::Missing {
                    parent: protected,
                    child: FourCc::SINF,
                })?;
                Sinf::read(Reader::new(FourCc::SINF, sinf))?.original_format
            }
        };
        let kind = match protected {
            FourCc::ENCV => FormatKind::Video,
            FourCc::ENCA => FormatKind::Audio,
            _ => FormatKind::of(format.0).unwrap_or(match &handler.0 {
                b"vide" | b"auxv" | b"pict" => FormatKind::Video,
                b"soun" => FormatKind::Audio,
                _ => FormatKind::TextOrMetadata,
            }),
        };
        Ok(Self {
            entry: SampleEntry { format, ..entry },
            kind,
            track_id,
        })
    }

    /// Returns the type before protection.
    pub(super) const fn format(&self) -> FourCc {
        self.entry.format
    }

    pub(super) const fn kind(&self) -> FormatKind {
        self.kind
    }

    /// Returns the entry with the type before protection.
    pub(super) const fn clear(&self) -> &SampleEntry<'a> {
        &self.entry
    }

    /// Returns the body of a child box; for audio, also of one in QuickTime's `wave`.
    pub(super) fn child(&self, box_type: [u8; 4]) -> Result<Option<&'a [u8]>, Error> {
        let layout = match self.kind {
            FormatKind::Video => EntryLayout::Visual,
            FormatKind::Audio => EntryLayout::Audio,
            FormatKind::TextOrMetadata => EntryLayout::Other,
        };
        let found = self.entry.child(layout, FourCc(box_type))?;
        if found.is_some() || layout != EntryLayout::Audio {
            return Ok(found);
        }
        let Some(wave) = self.entry.child(layout, WAVE)? else {
            return Ok(None);
        };
        let mut wave = Reader::new(WAVE, wave);
        while let Some(child) = wave.next_child()? {
            if child.header.box_type.0 == box_type {
                return Ok(Some(child.body));
            }
        }
        Ok(None)
    }

    /// Reads the configuration in a child box; None without that box.
    pub(super) fn configuration<T>(
        &self,
        box_type: [u8; 4],
        read: impl FnOnce(&'a [u8]) -> Result<T, codec_headers::Error>,
    ) -> Result<Option<T>, Error> {
        self.child(box_type)?
            .map(|body| self.parse(read(body)))
            .transpose()
    }

    /// Names the track in an error.
    pub(super) fn parse<T>(&self, read: Result<T, codec_headers::Error>) -> Result<T, Error> {
        read.map_err(|source| Error::Codec {
            track_id: self.track_id,
            source,
        })
    }

    /// True for `tx3g` whose samples are all forced subtitles.
    pub(super) fn is_forced_text(&self) -> bool {
        let display_flags = self.entry.body.get(8..12);
        let display_flags = display_flags.and_then(<[u8]>::first_chunk);
        &self.entry.format.0 == b"tx3g"
            && display_flags.is_some_and(|flags| u32::from_be_bytes(*flags) & ALL_FORCED != 0)
    }
}
