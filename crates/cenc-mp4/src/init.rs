// SPDX-License-Identifier: MPL-2.0
//! The init segment: `moov` in the clear becomes a `moov` whose sample entries say that they are protected.

use bytes::BytesMut;

use cenc_types::{Media, Track};
use codec_headers::Codec;
use common_encryption::BoxFlavor;
use isobmff_boxes::{BoxTree, FourCc, SampleEntry, Schm, Tkhd, Trex};

use super::fragmenting::Fragmenter;
use super::{Error, piff};
use common_encryption::{Protector, TrackProtection};

/// scheme_version of `schm`: version 1.0 of all four schemes, 23001-7 clause 4.2.
const SCHEME_VERSION: u32 = 0x0001_0000;
pub(super) const STBL_PATH: [FourCc; 3] = [FourCc::MDIA, FourCc::MINF, FourCc::STBL];
const VIDEO_HANDLERS: [FourCc; 2] = [FourCc(*b"vide"), FourCc(*b"auxv")];
/// The decoder configurations of those codecs whose headers cannot be read without.
const CONFIG_BOXES: [FourCc; 4] = [
    FourCc(*b"avcC"),
    FourCc(*b"hvcC"),
    FourCc(*b"av1C"),
    FourCc(*b"vvcC"),
];
const AUDIO_HANDLER: FourCc = FourCc(*b"soun");

/// A track of the init segment, ready for its fragments.
pub(super) struct TrackState {
    pub(super) track_id: u32,
    pub(super) protection: Option<TrackProtection>,
    /// One for each sample description of a protected track.
    pub(super) codecs: Vec<Codec>,
    pub(super) trex: Trex,
    /// Ticks in a second; it matters only where keys change by time.
    pub(super) timescale: Option<u32>,
    /// Where its last fragment ended, in ticks.
    pub(super) decoded: u64,
    pub(super) flavor: BoxFlavor,
}

/// A track whose sample entries say how it is protected.
pub(super) struct ProtectedTrack {
    pub(super) track_id: u32,
    pub(super) protection: Option<TrackProtection>,
    /// One for each sample description of a protected track.
    pub(super) codecs: Vec<Codec>,
}

/// Rewrites a `moov` box and returns it with the state that its fragments need.
pub(super) fn protect_moov(
    moov: &[u8],
    protector: &mut dyn Protector,
) -> Result<(Vec<u8>, Vec<TrackState>), Error> {
    let moov = BoxTree::parse(moov)?;
    let trexes = read_trexes(&moov)?;
    let mut timescales = Vec::new();
    for trak in moov.all(FourCc::TRAK) {
        refuse_samples(trak.descend(&STBL_PATH)?)?;
        let mdhd = trak.child(FourCc::MDIA)?.all(FourCc::MDHD).next();
        let timescale = mdhd.map(|mdhd| isobmff_boxes::read_timescale(mdhd.reader()));
        timescales.push(timescale.transpose()?);
    }
    let (moov, tracks) = protect_tracks(moov, protector)?;
    let flavor = protector.flavor();
    let with_trex = |(track, timescale): (ProtectedTrack, Option<u32>)| {
        let trex = trexes.iter().find(|trex| trex.track_id == track.track_id);
        Ok(TrackState {
            track_id: track.track_id,
            protection: track.protection,
            codecs: track.codecs,
            trex: *trex.ok_or(isobmff_boxes::Error::Missing {
                parent: FourCc::MVEX,
                child: FourCc::TREX,
            })?,
            timescale,
            decoded: 0,
            flavor,
        })
    };
    let states = tracks.into_iter().zip(timescales).map(with_trex);
    Ok((moov, states.collect::<Result<_, Error>>()?))
}

/// Asks how the tracks of a `moov` are to be protected and lets their sample entries and `pssh` boxes say so.
pub(super) fn protect_tracks(
    mut moov: BoxTree<'_>,
    protector: &mut dyn Protector,
) -> Result<(Vec<u8>, Vec<ProtectedTrack>), Error> {
    let clear = moov
        .all(FourCc::TRAK)
        .map(read_track)
        .collect::<Result<Vec<_>, _>>()?;
    refuse_duplicates(clear.iter().map(|track| track.track_id))?;
    let protection = protector.protect(&clear).map_err(Error::Protection)?;
    let flavor = protector.flavor();

    let mut tracks = Vec::with_capacity(clear.len());
    let mut protections = protection.tracks.into_iter();
    let traks = moov.children_mut().into_iter().flatten();
    for (trak, track) in traks.filter(|b| b.box_type == FourCc::TRAK).zip(&clear) {
        let protection = protections.next().flatten();
        let codecs = match &protection {
            Some(protection) => protect_trak(trak, track, (protection, flavor))?,
            None => Vec::new(),
        };
        tracks.push(ProtectedTrack {
            track_id: track.track_id,
            protection,
            codecs,
        });
    }
    Ok((with_pssh(moov, (&protection.pssh, flavor))?, tracks))
}

/// Rewrites an init segment that is whole in memory, such as the stream header in a pipeline's caps.
///
/// # Errors
/// As [`super::Encryptor::push`]; boxes other than `moov`, and `ftyp` in PIFF, are kept.
pub fn protect_init(init: &[u8], protector: &mut dyn Protector) -> Result<Vec<u8>, Error> {
    let mut reader = isobmff_boxes::Reader::new(FourCc(*b"file"), init);
    let mut out = Vec::with_capacity(init.len() + 1024);
    while !reader.is_empty() {
        let before = reader.left();
        let header = reader.child()?.header;
        let whole = before.split_at(before.len() - reader.left().len()).0;
        match header.box_type {
            FourCc::MOOV => {
                let (clear, _) = Fragmenter::<BytesMut>::open(whole)?;
                out.extend(protect_moov(&clear, protector)?.0);
            }
            _ => out.extend(piff::top_level(protector.flavor(), whole.to_vec())?),
        }
    }
    Ok(out)
}

/// Fragments find their track by its number alone.
pub(super) fn refuse_duplicates(numbers: impl Iterator<Item = u32>) -> Result<(), Error> {
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    let twice = numbers.windows(2).find(|pair| pair.first() == pair.last());
    match twice.and_then(|pair| pair.first()) {
        Some(&track_id) => Err(Error::DuplicateTrack { track_id }),
        None => Ok(()),
    }
}

fn read_trexes(moov: &BoxTree<'_>) -> Result<Vec<Trex>, Error> {
    let mut mvex = moov.all(FourCc::MVEX).peekable();
    if mvex.peek().is_none() {
        return Err(isobmff_boxes::Error::Missing {
            parent: FourCc::MOOV,
            child: FourCc::MVEX,
        }
        .into());
    }
    let trexes = mvex.flat_map(|mvex| mvex.all(FourCc::TREX));
    Ok(trexes
        .map(|trex| Trex::read(trex.reader()))
        .collect::<Result<_, _>>()?)
}

/// What kind of track a `trak` is, after a look at what cannot be protected.
fn read_track(trak: &BoxTree<'_>) -> Result<Track, Error> {
    let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
    let handler = trak.descend(&[FourCc::MDIA, FourCc::HDLR])?;
    let handler = isobmff_boxes::read_handler_type(handler.reader())?;
    let stbl = trak.descend(&STBL_PATH)?;
    let entries = clear_entries(stbl)?;
    let media = media(handler, &entries)?.ok_or_else(|| Error::Codec {
        track_id,
        source: codec_headers::Error::Unsupported {
            format: entries.first().map_or(*b"none", |entry| entry.format.0),
        },
    })?;
    Ok(Track { track_id, media })
}

fn refuse_samples(stbl: &BoxTree<'_>) -> Result<(), Error> {
    match has_samples(stbl)? {
        true => Err(Error::SamplesInMoov),
        false => Ok(()),
    }
}

/// sample_count of `stsz` and `stz2` stands at the same place; an empty table has none.
pub(super) fn has_samples(stbl: &BoxTree<'_>) -> Result<bool, Error> {
    let tables = [FourCc::STSZ, FourCc::STZ2];
    for table in tables.iter().flat_map(|&table| stbl.all(table)) {
        let mut reader = table.reader();
        reader.bytes(8)?;
        if reader.u32()? != 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The sample entries of an `stbl`, none of which is protected.
pub(super) fn clear_entries<'a>(stbl: &'a BoxTree<'_>) -> Result<Vec<SampleEntry<'a>>, Error> {
    let entries = SampleEntry::read_all(stbl.child(FourCc::STSD)?.reader())?;
    match entries.iter().find(|entry| entry.is_protected()) {
        Some(entry) => Err(Error::AlreadyProtected { by: entry.format }),
        None => Ok(entries),
    }
}

fn media(handler: FourCc, entries: &[SampleEntry<'_>]) -> Result<Option<Media>, Error> {
    if VIDEO_HANDLERS.contains(&handler) {
        let (mut width, mut height) = (0, 0);
        for entry in entries {
            let size = entry.visual_size()?;
            (width, height) = (size.width.max(width), size.height.max(height));
        }
        return Ok(Some(Media::Video { width, height }));
    }
    if handler == AUDIO_HANDLER {
        return Ok(Some(Media::Audio));
    }
    let text = entries
        .iter()
        .all(|entry| codec_headers::is_text_or_metadata(entry.format.0));
    Ok(text.then_some(Media::Text))
}

/// Makes a track's sample entries protected and returns a codec for each.
fn protect_trak(
    trak: &mut BoxTree<'_>,
    track: &Track,
    protection: (&TrackProtection, BoxFlavor),
) -> Result<Vec<Codec>, Error> {
    let stsd = trak.descend(&STBL_PATH)?.child(FourCc::STSD)?;
    let mut codecs = Vec::new();
    let mut protected = Vec::new();
    for entry in SampleEntry::read_all(stsd.reader())? {
        codecs.push(read_codec(&entry, track)?);
        protected.push(protect_entry(entry, track.media, protection)?);
    }
    let protected = isobmff_boxes::build_stsd(stsd.reader(), &protected)?;
    let mut parent = Some(trak);
    for box_type in STBL_PATH {
        parent = parent.and_then(|parent| find_mut(parent, box_type));
    }
    if let Some(stsd) = parent.and_then(|stbl| find_mut(stbl, FourCc::STSD)) {
        *stsd = protected;
    }
    Ok(codecs)
}

pub(super) fn find_mut<'a, 'b>(
    parent: &'b mut BoxTree<'a>,
    box_type: FourCc,
) -> Option<&'b mut BoxTree<'a>> {
    let mut children = parent.children_mut()?.iter_mut();
    children.find(|child| child.box_type == box_type)
}

fn read_codec(entry: &SampleEntry<'_>, track: &Track) -> Result<Codec, Error> {
    let config = match track.media {
        Media::Video { .. } => {
            let boxes = CONFIG_BOXES.iter();
            let found = boxes.map(|config| entry.visual_child(*config));
            found
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .next()
        }
        Media::Audio | Media::Text => None,
    };
    Codec::new(entry.format.0, config).map_err(|source| Error::Codec {
        track_id: track.track_id,
        source,
    })
}

fn protect_entry(
    entry: SampleEntry<'_>,
    media: Media,
    (protection, flavor): (&TrackProtection, BoxFlavor),
) -> Result<BoxTree<'static>, Error> {
    let (format, entry) = match media {
        Media::Video { .. } => (FourCc::ENCV, entry.without_terminator()?),
        Media::Audio => (FourCc::ENCA, entry),
        Media::Text => (FourCc::ENCT, entry),
    };
    let tenc = protection.tenc();
    let (schm, tenc) = match flavor {
        BoxFlavor::Cenc => {
            let schm = Schm {
                scheme_type: FourCc(*protection.method.scheme.fourcc()),
                scheme_version: SCHEME_VERSION,
            };
            (schm, tenc.to_box())
        }
        BoxFlavor::Piff => (common_encryption::piff::SCHM, tenc.to_piff_box()),
    };
    let sinf = isobmff_boxes::build_sinf(entry.format, schm, tenc);
    Ok(entry.with_child(format, &sinf)?)
}

/// The `moov` with `pssh` boxes behind its other children.
fn with_pssh<'a>(
    mut moov: BoxTree<'a>,
    (pssh, flavor): (&'a [Vec<u8>], BoxFlavor),
) -> Result<Vec<u8>, Error> {
    let mut boxes = pssh
        .iter()
        .map(|pssh| piff::pssh(flavor, pssh))
        .collect::<Result<Vec<_>, _>>()?;
    let children = moov.children_mut().ok_or(isobmff_boxes::Error::Missing {
        parent: FourCc::MOOV,
        child: FourCc::TRAK,
    })?;
    children.append(&mut boxes);
    let mut out = Vec::with_capacity(moov.size());
    moov.write(&mut out)?;
    Ok(out)
}
