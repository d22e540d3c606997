// SPDX-License-Identifier: MPL-2.0
//! The init segment of tracks from several files, and those of its single tracks.

use isobmff_boxes::{BoxContent, BoxTree, FourCc, FullBoxHeader, Tkhd, Trex, build_edts};

use super::cut_track::CutTrack;
use crate::Error;
use crate::fragmenting::moov::mvex;
use crate::init::find_mut;

/// The major brand, its version and the compatible brands of a CMAF track, which is a DASH segment too: 23000-19 clause 7.2, 23009-1
/// clause 6.3.4.2.
const TRACK_BRANDS: &[u8] = b"cmfc\0\0\0\0iso6cmfcdash";
/// Those of several tracks, which are no CMAF track.
const MOVIE_BRANDS: &[u8] = b"iso6\0\0\0\0iso6dash";
/// The fields of `mvhd` after its times, clause 8.2.2.2: rate, volume, reserved bytes, the unity matrix and predefined bytes.
const PLAYBACK: [u32; 19] = [
    0x0001_0000,
    0x0100_0000,
    0,
    0,
    0x0001_0000,
    0,
    0,
    0,
    0x0001_0000,
    0,
    0,
    0,
    0x4000_0000,
    0,
    0,
    0,
    0,
    0,
    0,
];

/// A track that an init segment describes.
pub(crate) struct InitTrack<'t> {
    /// Its track_ID, other than that of all other tracks.
    pub(crate) track_id: u32,
    /// Ticks per second.
    pub(crate) timescale: u32,
    /// The whole `trak` of its source.
    pub(crate) trak: &'t [u8],
    /// The composition time in ticks that is presented first.
    pub(crate) skipped: i64,
    /// Its end in the presentation, in its own ticks; None if it is not known.
    pub(crate) end: Option<u64>,
}

impl<'t> InitTrack<'t> {
    fn of(track: &'t CutTrack) -> Self {
        let last = track.segments().last();
        let end = last.map_or(0, |last| last.start.saturating_add_unsigned(last.duration));
        Self {
            track_id: track.track_id(),
            timescale: track.source.timescale(),
            trak: track.source.trak(),
            skipped: track.source.skipped,
            end: Some(u64::try_from(end).unwrap_or(0)),
        }
    }
}

/// Writes an init segment, `ftyp` and `moov`, for tracks that have different track_IDs.
///
/// # Errors
/// Damaged boxes.
pub fn init_segment(tracks: &[&CutTrack]) -> Result<Vec<u8>, Error> {
    let tracks: Vec<InitTrack<'_>> = tracks.iter().map(|track| InitTrack::of(track)).collect();
    movie_init(&tracks)
}

/// Writes the init segment of tracks of any source.
pub(crate) fn movie_init(tracks: &[InitTrack<'_>]) -> Result<Vec<u8>, Error> {
    let timescale = tracks.first().map_or(1, |track| track.timescale);
    let track_ids: Vec<u32> = tracks.iter().map(|track| track.track_id).collect();
    let mut children = vec![mvhd(timescale, &track_ids)];
    for track in tracks {
        children.push(own_trak(track)?);
    }
    children.push(mvex(
        &track_ids,
        tracks
            .iter()
            .filter_map(|track| movie_ticks(track, timescale))
            .max(),
    ));
    write_init(
        match tracks {
            [_] => TRACK_BRANDS,
            _ => MOVIE_BRANDS,
        },
        &BoxTree::container(FourCc::MOOV, children),
    )
}

/// Builds the `mvhd` of a fragmented movie, whose duration is unknown.
fn mvhd(timescale: u32, track_ids: &[u32]) -> BoxTree<'static> {
    let mut fields = vec![0, 0, timescale, 0];
    fields.extend(PLAYBACK);
    fields.push(track_ids.iter().max().map_or(1, |last| last + 1));
    let fields: Vec<u8> = fields.into_iter().flat_map(u32::to_be_bytes).collect();
    BoxTree::full(FourCc::MVHD, FullBoxHeader::default(), &fields)
}

/// Returns the init segment of one track of an init segment, which may be protected. All `pssh` boxes stay.
///
/// # Errors
/// [`Error::NoMoov`], damaged boxes.
pub fn track_init(init: &[u8], track_id: u32) -> Result<Vec<u8>, Error> {
    let mut rest = init;
    while !rest.is_empty() {
        let found = BoxTree::parse(rest)?;
        let size = found.size();
        if found.box_type == FourCc::MOOV {
            return write_init(TRACK_BRANDS, &only_track(found, track_id)?);
        }
        rest = rest.get(size..).unwrap_or_default();
    }
    Err(Error::NoMoov)
}

fn only_track(mut moov: BoxTree<'_>, track_id: u32) -> Result<BoxTree<'_>, Error> {
    let Some(children) = moov.children_mut() else {
        return Err(Error::NoMoov);
    };
    let mut kept = Vec::new();
    for mut child in std::mem::take(children) {
        let stays = match child.box_type {
            FourCc::TRAK => Tkhd::read(child.child(FourCc::TKHD)?.reader())?.track_id == track_id,
            _ => true,
        };
        if child.box_type == FourCc::MVEX
            && let Some(defaults) = child.children_mut()
        {
            defaults.retain(|default| {
                default.box_type != FourCc::TREX
                    || Trex::read(default.reader()).is_ok_and(|trex| trex.track_id == track_id)
            });
        }
        if stays {
            kept.push(child);
        }
    }
    *children = kept;
    Ok(moov)
}

fn write_init(brands: &[u8], moov: &BoxTree<'_>) -> Result<Vec<u8>, Error> {
    let ftyp = BoxTree::leaf(FourCc::FTYP, brands.to_vec());
    let mut bytes = Vec::with_capacity(ftyp.size() + moov.size());
    ftyp.write(&mut bytes)?;
    moov.write(&mut bytes)?;
    Ok(bytes)
}

/// Returns the end of a track in ticks of `timescale`.
fn movie_ticks(track: &InitTrack<'_>, timescale: u32) -> Option<u64> {
    let ticks = u128::from(track.end?) * u128::from(timescale);
    u64::try_from(ticks.checked_div(track.timescale.into())?).ok()
}

/// Returns the `trak` of a track with its new track_ID and timescale, and without durations, which are unknown in a fragmented movie.
fn own_trak(track: &InitTrack<'_>) -> Result<BoxTree<'static>, Error> {
    let mut trak = into_owned(BoxTree::parse(track.trak)?);
    if let Some(tkhd) = find_mut(&mut trak, FourCc::TKHD) {
        patch_times(tkhd, HeaderTimes::Track(track.track_id))?;
    }
    if let Some(mdia) = find_mut(&mut trak, FourCc::MDIA)
        && let Some(mdhd) = find_mut(mdia, FourCc::MDHD)
    {
        patch_times(mdhd, HeaderTimes::Media(track.timescale))?;
    }
    if let Some(children) = trak.children_mut() {
        // References name tracks by their old ids, and other tracks are in other files.
        children.retain(|child| ![FourCc::EDTS, FourCc::TREF].contains(&child.box_type));
        if let Ok(skipped) = u64::try_from(track.skipped)
            && skipped > 0
        {
            let after_header = children
                .iter()
                .position(|child| child.box_type == FourCc::TKHD)
                .map_or(0, |tkhd| tkhd + 1);
            children.insert(after_header, build_edts(skipped));
        }
    }
    Ok(trak)
}

/// The fields that follow creation and modification time.
#[derive(Clone, Copy)]
enum HeaderTimes {
    /// `tkhd`: the track_ID, reserved bytes and the duration.
    Track(u32),
    /// `mdhd`: the timescale and the duration.
    Media(u32),
}

/// Sets the duration to 0, and the track_ID or the timescale.
fn patch_times(header: &mut BoxTree<'_>, times: HeaderTimes) -> Result<(), Error> {
    let mut body = header.body().to_vec();
    let (time, zero): (usize, &[u8]) = match body.first() {
        Some(1) => (4 + 2 * 8, &[0; 8]),
        _ => (4 + 2 * 4, &[0; 4]),
    };
    let duration = match times {
        HeaderTimes::Track(track_id) => {
            overwrite(&mut body, header.box_type, time, &track_id.to_be_bytes())?;
            time + 8
        }
        HeaderTimes::Media(timescale) => {
            overwrite(&mut body, header.box_type, time, &timescale.to_be_bytes())?;
            time + 4
        }
    };
    overwrite(&mut body, header.box_type, duration, zero)?;
    header.content = BoxContent::Bytes(body.into());
    Ok(())
}

fn overwrite(
    body: &mut [u8],
    in_box: FourCc,
    at: usize,
    bytes: &[u8],
) -> Result<(), isobmff_boxes::Error> {
    let left = body.len().saturating_sub(at);
    body.get_mut(at..at + bytes.len())
        .ok_or(isobmff_boxes::Error::Truncated {
            in_box,
            needed: bytes.len(),
            left,
        })?
        .copy_from_slice(bytes);
    Ok(())
}

fn into_owned(tree: BoxTree<'_>) -> BoxTree<'static> {
    BoxTree {
        box_type: tree.box_type,
        uuid: tree.uuid,
        content: match tree.content {
            BoxContent::Children(children) => {
                BoxContent::Children(children.into_iter().map(into_owned).collect())
            }
            BoxContent::Bytes(bytes) => BoxContent::Bytes(bytes.into_owned().into()),
        },
    }
}
