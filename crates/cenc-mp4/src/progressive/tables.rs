// SPDX-License-Identifier: MPL-2.0
//! The sample tables of a progressive track, 14496-12 clause 8.7: which samples each chunk holds and where.

use std::ops::Range;

use isobmff_boxes::{
    BoxTree, ChildBox, ChunkOffsets, ChunkRun, FourCc, Reader, SampleEntry, Stsz, Tkhd,
};

use crate::init::{STBL_PATH, clear_entries};
use crate::{Error, auxiliary};

/// The most samples of a file: 3 days at 60 pictures a second.
const MAX_SAMPLES: u32 = 1 << 24;
/// The most chunks of a file, 400 MB of them: some muxers write one for each sample.
const MAX_CHUNKS: usize = 1 << 23;
/// The bit of a `dref` entry by which the media is in the same file.
const SELF_CONTAINED: u32 = 1;

/// The samples of one track.
pub(crate) struct SampleTable {
    pub(crate) sizes: Sizes,
    /// In decoding order; all lie in the file's media.
    pub(crate) chunks: Vec<SampleChunk>,
}

/// The sizes of samples in bytes.
pub(crate) enum Sizes {
    Common(u32),
    Listed(Vec<u32>),
}

/// Samples that lie one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleChunk {
    /// Offset in the input.
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Number of its first sample, from 0.
    pub(crate) first: u32,
    /// Number of its samples.
    pub(crate) count: u32,
    /// Index of the track.
    pub(crate) track: u32,
    /// Index of the sample description, from 0.
    pub(crate) description: u32,
    /// Where the entry of its first sample stands among those of `senc`.
    pub(crate) entries_at: usize,
}

impl Sizes {
    pub(crate) fn get(&self, sample: u32) -> u32 {
        match self {
            Self::Common(size) => *size,
            Self::Listed(sizes) => sizes.get(sample as usize).copied().unwrap_or(0),
        }
    }
}

/// Reads the tables of all tracks of a clear `moov`; `media` is where samples may lie, if that is known already.
pub(crate) fn read_all(
    moov: &BoxTree<'_>,
    media: Option<&[Range<u64>]>,
) -> Result<Vec<SampleTable>, Error> {
    for trak in moov.all(FourCc::TRAK) {
        let stbl = trak.descend(&STBL_PATH)?;
        // What tells more than its auxiliary information does comes first.
        clear_entries(stbl)?;
        auxiliary::refuse(stbl)?;
    }
    read_any(moov, media)
}

/// The same for a `moov` that may be protected.
pub(crate) fn read_any(
    moov: &BoxTree<'_>,
    media: Option<&[Range<u64>]>,
) -> Result<Vec<SampleTable>, Error> {
    let (mut samples, mut chunks) = (0u32, 0);
    let mut tables = Vec::new();
    for (track, trak) in (0..).zip(moov.all(FourCc::TRAK)) {
        let stbl = trak.descend(&STBL_PATH)?;
        refuse_other_files(trak)?;
        let reader = TableReader {
            track_id: Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id,
            track,
            media,
        };
        let (sizes, count) = reader.sizes(stbl)?;
        samples = samples.saturating_add(count);
        let table = reader.chunks(stbl, sizes, count)?;
        chunks += table.chunks.len();
        let too_many = |what, limit| Err(Error::TooLarge { what, limit });
        if samples > MAX_SAMPLES {
            return too_many("the number of samples of a file", MAX_SAMPLES.into());
        }
        if chunks > MAX_CHUNKS {
            return too_many("the number of chunks of a file", MAX_CHUNKS as u64);
        }
        tables.push(table);
    }
    refuse_overlap(&tables)?;
    Ok(tables)
}

struct TableReader<'a> {
    track_id: u32,
    track: u32,
    media: Option<&'a [Range<u64>]>,
}

impl TableReader<'_> {
    const fn damaged(&self, reason: &'static str) -> Error {
        Error::SampleTable {
            track_id: self.track_id,
            reason,
        }
    }

    fn sizes(&self, stbl: &BoxTree<'_>) -> Result<(Sizes, u32), Error> {
        let too_many = |count| match count > MAX_SAMPLES {
            true => Err(self.damaged("more samples than any file has")),
            false => Ok(()),
        };
        let Some(compact) = stbl.all(FourCc::STZ2).next() else {
            let stsz = Stsz::read(stbl.child(FourCc::STSZ)?.reader())?;
            let count = stsz.sample_count;
            too_many(count)?;
            let sizes = match stsz.common_size() {
                Some(size) => Sizes::Common(size),
                None => Sizes::Listed((0..count.into()).map_while(|n| stsz.size(n)).collect()),
            };
            return Ok((sizes, count));
        };
        let mut reader = compact.reader();
        reader.bytes(8)?;
        too_many(reader.u32()?)?;
        let sizes = isobmff_boxes::read_stz2(compact.reader())?;
        let count = u32::try_from(sizes.len()).unwrap_or(u32::MAX);
        Ok((Sizes::Listed(sizes), count))
    }

    /// Places the samples. Tables may have room for more samples than there are, at their end.
    fn chunks(&self, stbl: &BoxTree<'_>, sizes: Sizes, count: u32) -> Result<SampleTable, Error> {
        let mut chunks = Vec::new();
        let mut next: u32 = 0;
        if count > 0 {
            let runs = isobmff_boxes::read_stsc(stbl.child(FourCc::STSC)?.reader())?;
            let offsets = ChunkOffsets::read(offset_table(stbl)?)?;
            let mut runs = self.checked(&runs)?.iter().copied().peekable();
            let mut run = None;
            for (number, offset) in (1..).zip(offsets.offsets()) {
                run = runs.next_if(|run| run.first_chunk == number).or(run);
                let run = run.ok_or_else(|| self.damaged("'stsc' does not start at chunk 1"))?;
                let samples = next..count.min(next.saturating_add(run.samples_per_chunk));
                if samples.is_empty() {
                    continue;
                }
                if chunks.len() == MAX_CHUNKS {
                    break;
                }
                next = samples.end;
                chunks.push(self.chunk(offset, samples, (&sizes, run))?);
            }
        }
        match next == count {
            true => Ok(SampleTable { sizes, chunks }),
            false => Err(self.damaged("samples without a chunk")),
        }
    }

    fn checked<'r>(&self, runs: &'r [ChunkRun]) -> Result<&'r [ChunkRun], Error> {
        let mut pairs = runs.iter().zip(runs.iter().skip(1));
        match pairs.all(|(run, next)| run.first_chunk < next.first_chunk) {
            true => Ok(runs),
            false => Err(self.damaged("'stsc' does not ascend")),
        }
    }

    fn chunk(
        &self,
        offset: u64,
        samples: Range<u32>,
        (sizes, run): (&Sizes, ChunkRun),
    ) -> Result<SampleChunk, Error> {
        let description = run.sample_description_index.checked_sub(1);
        let len = samples.clone().map(|n| u64::from(sizes.get(n))).sum();
        let chunk = SampleChunk {
            offset,
            len,
            first: samples.start,
            count: samples.end - samples.start,
            track: self.track,
            description: description.ok_or_else(|| self.damaged("sample description 0"))?,
            entries_at: 0,
        };
        let end = offset.checked_add(len);
        let holds = |end: u64| {
            self.media.is_none_or(|media| {
                let holding = media.partition_point(|media| media.start <= offset);
                let holding = holding.checked_sub(1).and_then(|at| media.get(at));
                holding.is_some_and(|media| end <= media.end)
            })
        };
        match len == 0 || end.is_some_and(holds) {
            true => Ok(chunk),
            false => Err(self.damaged("a chunk that lies in no 'mdat'")),
        }
    }
}

/// The `stco` or `co64` of a track.
pub(crate) fn offset_table<'a, 'b>(
    stbl: &'b BoxTree<'a>,
) -> Result<&'b BoxTree<'a>, isobmff_boxes::Error> {
    match stbl.all(FourCc::CO64).next() {
        Some(_) => stbl.child(FourCc::CO64),
        None => stbl.child(FourCc::STCO),
    }
}

/// Two samples that share bytes cannot both be encrypted.
fn refuse_overlap(tables: &[SampleTable]) -> Result<(), Error> {
    let all = tables.iter().flat_map(|table| &table.chunks);
    let mut places: Vec<_> = all
        .filter(|chunk| chunk.len > 0)
        .map(|chunk| (chunk.offset, chunk.offset + chunk.len))
        .collect();
    places.sort_unstable();
    let mut pairs = places.iter().zip(places.iter().skip(1));
    match pairs.find(|(chunk, next)| chunk.1 > next.0) {
        Some((_, &(position, _))) => Err(Error::SharedMedia { position }),
        None => Ok(()),
    }
}

/// Media in another file would stay in the clear.
fn refuse_other_files(trak: &BoxTree<'_>) -> Result<(), Error> {
    let minf = trak.descend(&[FourCc::MDIA, FourCc::MINF])?;
    let Some(dinf) = minf.all(FourCc::DINF).next() else {
        return Ok(());
    };
    let mut inside = dinf.reader();
    while !inside.is_empty() {
        let ChildBox { header, body } = inside.child()?;
        if header.box_type != FourCc::DREF {
            continue;
        }
        for entry in SampleEntry::read_all(Reader::new(FourCc::DREF, body))? {
            let header = Reader::new(entry.format, entry.body).full_box_header()?;
            if header.flags & SELF_CONTAINED == 0 {
                return Err(Error::Unsupported(FourCc::DREF));
            }
        }
    }
    Ok(())
}
