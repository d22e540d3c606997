// SPDX-License-Identifier: MPL-2.0
//! The samples of a track that `moov` itself lists, ISO/IEC 14496-12 clauses 8.6 and 8.7.

use cenc_mp4::information::{InformationBoxes, SeigDescriptions};
use common_encryption::ParsedProtection;
use isobmff_boxes::{BoxTree, ChunkRun, Error, FourCc, Stsz, read_stsc};

use super::findings::{Findings, Place};
use super::information::{Check, Location};
use super::read::Source;
use super::runs::{self, Descriptions, Run};
use super::track::{Description, TrackState};
use super::walk::Samples;

/// A `moov` and the file it is in.
pub struct Moov<'a> {
    /// The boxes.
    pub tree: &'a BoxTree<'a>,
    /// The box, whole.
    pub bytes: &'a [u8],
    /// Its offset in the file.
    pub position: u64,
}

impl Moov<'_> {
    /// Checks the samples of one `trak`; there are none in an init segment.
    pub fn inspect(
        &self,
        trak: &BoxTree<'_>,
        state: &mut TrackState,
        (source, findings): (&mut Source, &mut Findings),
    ) -> Result<(), Error> {
        let stbl = trak.descend(&[FourCc::MDIA, FourCc::MINF, FourCc::STBL])?;
        // Compact sizes (stz2) are not read: no encrypted file is known to have them.
        let Some(stsz) = stbl.all(FourCc::STSZ).next() else {
            return Ok(());
        };
        let stsz = Stsz::read(stsz.reader())?;
        if stsz.sample_count == 0 {
            return Ok(());
        }
        let place = Place::track(state.report.track_id, "stbl");
        let chunks = read_stsc(stbl.child(FourCc::STSC)?.reader())?;
        let count = u64::from(stsz.sample_count);
        let boxes = InformationBoxes::read(&[stbl, trak])?;
        let piff = boxes.senc().and_then(|senc| senc.protection.as_ref());
        let defaults = default_runs(&chunks, count, (&state.descriptions, piff));
        let none = SeigDescriptions::default();
        let described = Descriptions {
            track: &state.seig,
            fragment: &none,
        };
        let groups = runs::read_groups(stbl, described)?;
        let resolved = runs::resolve(&defaults, &groups, described);
        let runs = resolved.unwrap_or_else(|fault| {
            findings.error("groups", &place, fault);
            defaults
        });
        if runs
            .iter()
            .any(|run| run.protection.is_some_and(|p| p.kid.is_nil()))
        {
            let message =
                "protected samples of which neither 'tenc' nor a 'seig' group names the KID";
            findings.error("kid-nil", &place, message);
        }
        let offsets = boxes.saio().map_or(0, |saio| saio.offsets.len());
        let samples = Samples {
            count,
            sizes: &|| Box::new((0..count).map_while(|sample| stsz.size(sample))),
            runs,
            starts: chunk_starts(&chunks, count, offsets + 1),
        };
        let check = Check {
            boxes: &boxes,
            samples: &samples,
            iv_sizes_known: true,
            location: &Location {
                place: &place,
                bytes: self.bytes,
                position: self.position,
                base: 0,
            },
        };
        check.run(&mut state.report, source, findings);
        Ok(())
    }
}

/// The samples by the sample entry of their chunks.
fn default_runs<'p>(
    chunks: &[ChunkRun],
    count: u64,
    (descriptions, piff): (&'p [Description], Option<&'p ParsedProtection>),
) -> Vec<Run<'p>> {
    let mut left = count;
    let mut runs = Vec::new();
    for (number, run) in chunks.iter().enumerate() {
        let next = chunks.get(number + 1).map(|next| next.first_chunk);
        let chunks = next.map(|next| u64::from(next.saturating_sub(run.first_chunk)));
        let samples = chunks.map(|chunks| chunks.saturating_mul(u64::from(run.samples_per_chunk)));
        let count = samples.unwrap_or(left).min(left);
        left -= count;
        let index = usize::try_from(run.sample_description_index).unwrap_or(usize::MAX);
        let description = descriptions.get(index.wrapping_sub(1));
        let protection = match description {
            Some(Description::Protected { tenc, .. }) => piff.or(tenc.as_ref()),
            Some(Description::Clear) | None => None,
        };
        runs.push(Run { count, protection });
    }
    runs
}

/// Number of the first sample of each of the first chunks, and of no more than `most`.
fn chunk_starts(chunks: &[ChunkRun], count: u64, most: usize) -> Vec<u64> {
    let mut starts = Vec::new();
    let mut start = 0;
    for (number, run) in chunks.iter().enumerate() {
        let next = chunks
            .get(number + 1)
            .map_or(u32::MAX, |next| next.first_chunk);
        for _ in run.first_chunk..next {
            if start >= count || starts.len() >= most || run.samples_per_chunk == 0 {
                break;
            }
            starts.push(start);
            start += u64::from(run.samples_per_chunk);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_start_where_the_one_before_ends() {
        let run = |first_chunk, samples_per_chunk| ChunkRun {
            first_chunk,
            samples_per_chunk,
            sample_description_index: 1,
        };
        assert_eq!(chunk_starts(&[run(1, 3), run(3, 2)], 10, 9), [0, 3, 6, 8]);
        assert_eq!(chunk_starts(&[run(1, 0)], 10, 9), [0; 0]);
        assert_eq!(chunk_starts(&[run(9, 1), run(1, 4)], 8, 9), [0, 4]);
    }
}
