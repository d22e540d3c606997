// SPDX-License-Identifier: MPL-2.0
//! The `moov` of a progressive file as an init segment: no samples in its tables, and `mvex`, 14496-12 clause 8.8.1.

use isobmff_boxes::{BoxTree, FourCc, FullBoxHeader};

use super::track::ProgressiveTrack;
use crate::information::points_at_entries;
use crate::init::find_stbl_mut;

/// The tables that `stbl` must have, with their fields after version and flags if they are empty.
const EMPTY: [(FourCc, &[u8]); 4] = [
    (FourCc::STTS, &[0; 4]),
    (FourCc::STSC, &[0; 4]),
    (FourCc::STSZ, &[0; 8]),
    (FourCc::STCO, &[0; 4]),
];
/// The tables that refer to samples by number, whose contents move into the fragments.
const DROPPED: [FourCc; 12] = [
    FourCc::STZ2,
    FourCc::CO64,
    FourCc::CTTS,
    FourCc::STSS,
    FourCc::STPS,
    FourCc::STSH,
    FourCc::STDP,
    FourCc::PADB,
    FourCc::SDTP,
    FourCc::SBGP,
    FourCc::CSGP,
    FourCc::SUBS,
];

/// Writes the `moov` of the init segment from one with these tracks, which place samples. An `mvex` stays.
pub(crate) fn init(
    mut moov: BoxTree<'_>,
    tracks: &[ProgressiveTrack],
) -> Result<Vec<u8>, isobmff_boxes::Error> {
    let mvhd = moov.all(FourCc::MVHD).next();
    let duration = mvhd.map(|mvhd| isobmff_boxes::read_movie_duration(mvhd.reader()));
    let track_ids: Vec<u32> = tracks.iter().map(|track| track.track_id).collect();
    let fresh = mvex(&track_ids, duration.transpose()?.flatten());
    let children = moov.children_mut().into_iter().flatten();
    for trak in children.filter(|child| child.box_type == FourCc::TRAK) {
        empty_tables(trak);
    }
    if let Some(children) = moov.children_mut()
        && children.iter().all(|child| child.box_type != FourCc::MVEX)
    {
        let last = children
            .iter()
            .rposition(|child| child.box_type == FourCc::TRAK);
        children.insert(last.map_or(children.len(), |last| last + 1), fresh);
    }
    let mut out = Vec::with_capacity(moov.size());
    moov.write(&mut out)?;
    Ok(out)
}

/// Writes a `trak` without the samples in its tables.
pub(crate) fn trak_without_samples(trak: &BoxTree<'_>) -> Result<Vec<u8>, isobmff_boxes::Error> {
    let mut trak = trak.clone();
    empty_tables(&mut trak);
    let mut out = Vec::with_capacity(trak.size());
    trak.write(&mut out)?;
    Ok(out)
}

/// Empties the tables of a `trak`.
fn empty_tables(trak: &mut BoxTree<'_>) {
    let Some(tables) = find_stbl_mut(trak).and_then(BoxTree::children_mut) else {
        return;
    };
    let stale = |table: &BoxTree<'_>| {
        let mut emptied = EMPTY.iter().map(|(box_type, _)| box_type);
        DROPPED.contains(&table.box_type)
            || emptied.any(|&kind| kind == table.box_type)
            || matches!(points_at_entries(table), Ok(Some(false)))
    };
    tables.retain(|table| !stale(table));
    let description = tables.iter().position(|t| t.box_type == FourCc::STSD);
    let at = description.map_or(0, |at| at + 1);
    let fresh =
        EMPTY.map(|(box_type, fields)| BoxTree::full(box_type, FullBoxHeader::default(), fields));
    tables.splice(at..at, fresh);
}

/// Returns the `mvex` that announces fragments; `duration` is that of the movie in its timescale.
pub(crate) fn mvex(track_ids: &[u32], duration: Option<u64>) -> BoxTree<'static> {
    let mehd = duration.map(|ticks| {
        BoxTree::full(
            FourCc::MEHD,
            FullBoxHeader {
                version: 1,
                flags: 0,
            },
            &ticks.to_be_bytes(),
        )
    });
    let trexes = track_ids.iter().map(|&track_id| {
        // Sample description 1; each fragment states its other defaults.
        let fields = [track_id, 1, 0, 0, 0].map(u32::to_be_bytes);
        BoxTree::full(
            FourCc::TREX,
            FullBoxHeader::default(),
            fields.as_flattened(),
        )
    });
    BoxTree::container(FourCc::MVEX, mehd.into_iter().chain(trexes).collect())
}
