// SPDX-License-Identifier: MPL-2.0
//! Checks the samples that `moov` itself lists, ISO/IEC 14496-12 clauses 8.6 and 8.7.

use cenc_mp4::information::{InformationBoxes, SeigDescriptions};
use common_encryption::ParsedProtection;
use isobmff_boxes::{BoxTree, ChunkRun, Error, FourCc, Stsz, read_stsc};

use super::entries::TrackSamples;
use super::findings::{FindingPlace, Findings};
use super::information::{InformationCheck, ParentBox};
use super::lint;
use super::mp4_file::Mp4File;
use super::runs::{self, ProtectionRun, SeigLookup};
use super::sizes::SizeRun;
use super::track::{EntryProtection, TrackState};

/// A `moov` and the file it is in.
pub struct Moov<'a> {
    /// Its boxes.
    pub tree: &'a BoxTree<'a>,
    /// The bytes of the whole box.
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
        file: &mut Mp4File,
        findings: &mut Findings,
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
        let place = FindingPlace::track(state.report.track_id, "stbl");
        let chunks = read_stsc(stbl.child(FourCc::STSC)?.reader())?;
        let count = u64::from(stsz.sample_count);
        let boxes = InformationBoxes::read(&[stbl, trak])?;
        let piff = boxes.senc().and_then(|senc| senc.protection.as_ref());
        let defaults = default_runs(&chunks, count, &state.descriptions, piff);
        let lookup = SeigLookup {
            track: &state.seig,
            fragment: &SeigDescriptions::default(),
        };
        let groups = runs::read_groups(stbl, lookup)?;
        let runs = runs::resolve(&defaults, &groups, lookup).unwrap_or_else(|fault| {
            findings.error("groups", &place, fault);
            defaults
        });
        lint::check_kids(&runs, &place, findings);
        let offsets = boxes.saio().map_or(0, |saio| saio.offsets.len());
        InformationCheck {
            boxes: &boxes,
            samples: &TrackSamples {
                count,
                sizes: &|| size_runs(&stsz),
                mode: state.cipher_mode(),
                runs,
                starts: chunk_starts(&chunks, count, offsets + 1),
            },
            iv_sizes_known: true,
            parent: &ParentBox {
                place: &place,
                bytes: self.bytes,
                position: self.position,
                offset_base: 0,
            },
        }
        .run(&mut state.report, file, findings);
        Ok(())
    }
}

/// Returns the sizes in a `stsz`, which are listed or the same for all samples.
fn size_runs<'a>(stsz: &'a Stsz<'_>) -> Box<dyn Iterator<Item = SizeRun> + 'a> {
    let count = u64::from(stsz.sample_count);
    match stsz.common_size() {
        Some(size) => Box::new(std::iter::once(SizeRun { count, size })),
        None => Box::new(
            (0..count)
                .map_while(|sample| stsz.size(sample))
                .map(|size| SizeRun { count: 1, size }),
        ),
    }
}

/// Returns runs of samples with the protection in the sample entry of their chunks.
fn default_runs<'p>(
    chunks: &[ChunkRun],
    count: u64,
    descriptions: &'p [EntryProtection],
    piff: Option<&'p ParsedProtection>,
) -> Vec<ProtectionRun<'p>> {
    let mut remaining = count;
    let mut runs = Vec::new();
    for (number, run) in chunks.iter().enumerate() {
        let count = match chunks.get(number + 1) {
            Some(next) => u64::from(next.first_chunk.saturating_sub(run.first_chunk))
                .saturating_mul(u64::from(run.samples_per_chunk))
                .min(remaining),
            None => remaining,
        };
        remaining -= count;
        let index = usize::try_from(run.sample_description_index).unwrap_or(usize::MAX);
        let protection = match descriptions.get(index.wrapping_sub(1)) {
            Some(EntryProtection::Protected { tenc, .. }) => piff.or(tenc.as_ref()),
            Some(EntryProtection::Clear) | None => None,
        };
        runs.push(ProtectionRun { count, protection });
    }
    runs
}

/// Returns the number of the first sample of each of the first `max` chunks.
fn chunk_starts(chunks: &[ChunkRun], count: u64, max: usize) -> Vec<u64> {
    let mut starts = Vec::new();
    let mut start = 0;
    for (number, run) in chunks.iter().enumerate() {
        let next = chunks
            .get(number + 1)
            .map_or(u32::MAX, |next| next.first_chunk);
        for _ in run.first_chunk..next {
            if start >= count || starts.len() >= max || run.samples_per_chunk == 0 {
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
    fn chunk_starts_after_the_previous_one() {
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
