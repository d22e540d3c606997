// SPDX-License-Identifier: MPL-2.0
//! The sample tables of a progressive track, 14496-12 clause 8.7: the samples of each chunk and its offset.

use std::ops::Range;

use isobmff_boxes::{
    BoxTree, ChildBox, ChunkOffsets, ChunkRun, FourCc, Reader, SampleEntry, Stsz, Tkhd,
};

use super::constant_rate::{CountedSize, sample_size};
use super::other_information::OtherInformation;
use crate::Error;
use crate::init::{STBL_PATH, clear_entries};

/// The most samples of a file: 3 days at 60 pictures a second.
const MAX_SAMPLES: u32 = 1 << 24;
/// The most chunks of a file, 400 MB in memory: some muxers write one for each sample.
const MAX_CHUNKS: usize = 1 << 23;
/// The flag of a `dref` entry whose media is in the same file.
const SELF_CONTAINED: u32 = 1;

/// The samples of one track.
#[derive(Clone)]
pub(crate) struct SampleTable {
    pub(crate) sizes: SampleSizes,
    /// In decoding order; all are inside the media of the file.
    pub(crate) chunks: Vec<SampleChunk>,
    /// One for each kind.
    pub(crate) other_information: Vec<OtherInformation>,
}

impl SampleTable {
    /// Returns the ranges of the file that have auxiliary information of other kinds than Common Encryption's.
    pub(super) fn kept(&self) -> impl Iterator<Item = Range<u64>> {
        self.other_information
            .iter()
            .flat_map(OtherInformation::extents)
    }

    /// True if all auxiliary information of other kinds is in `media`.
    fn is_information_in(&self, media: &[Range<u64>]) -> bool {
        self.kept().all(|bytes| {
            media
                .iter()
                .any(|payload| payload.start <= bytes.start && bytes.end <= payload.end)
        })
    }

    /// True if any sample has bytes.
    pub(super) fn has_bytes(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.len > 0)
    }
}

/// The sizes of samples in bytes.
#[derive(Clone)]
pub(crate) enum SampleSizes {
    Common(u32),
    Listed(Vec<u32>),
}

/// Samples without gaps between them.
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
    /// Start of the entry of its first sample among the entries of the track.
    pub(crate) entries_at: usize,
}

impl SampleSizes {
    pub(crate) fn get(&self, sample: u32) -> u32 {
        match self {
            Self::Common(size) => *size,
            Self::Listed(sizes) => sizes.get(sample as usize).copied().unwrap_or(0),
        }
    }
}

/// Reads the tables of all tracks of a clear `moov`; `media` has the ranges that may have samples, if they are known.
pub(crate) fn read_all(
    moov: &BoxTree<'_>,
    media: Option<&[Range<u64>]>,
) -> Result<Vec<SampleTable>, Error> {
    for trak in moov.all(FourCc::TRAK) {
        let stbl = trak.descend(&STBL_PATH)?;
        // This comes first, since its error says more than that of auxiliary information.
        clear_entries(stbl)?;
    }
    let mut tables = read_any(moov, media)?;
    let has_media = tables.iter().any(SampleTable::has_bytes);
    for (trak, table) in moov.all(FourCc::TRAK).zip(&mut tables) {
        if has_media {
            refuse_empty_samples(trak, table)?;
        }
        table.other_information =
            OtherInformation::read_all(trak.descend(&STBL_PATH)?, &table.chunks)?;
    }
    refuse_overlap(&tables)?;
    // In a stream this is checked when the media arrives.
    match media.is_none_or(|media| tables.iter().all(|table| table.is_information_in(media))) {
        false => Err(Error::Unsupported(FourCc::SAIO)),
        true => Ok(tables),
    }
}

/// Refuses pictures or sound whose samples are all empty beside other media: theirs would belong to no
/// sample, and be lost.
fn refuse_empty_samples(trak: &BoxTree<'_>, table: &SampleTable) -> Result<(), Error> {
    let hdlr = trak.descend(&[FourCc::MDIA, FourCc::HDLR])?;
    let handler = isobmff_boxes::read_handler_type(hdlr.reader())?;
    match matches!(&handler.0, b"vide" | b"soun") && !table.chunks.is_empty() && !table.has_bytes()
    {
        true => Err(Error::SampleTable {
            track_id: Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id,
            reason: "all samples are empty",
        }),
        false => Ok(()),
    }
}

/// Reads the tables of all tracks of a `moov` that may be protected.
pub(crate) fn read_any(
    moov: &BoxTree<'_>,
    media: Option<&[Range<u64>]>,
) -> Result<Vec<SampleTable>, Error> {
    let mut samples = 0u32;
    let mut chunks = 0;
    let mut tables = Vec::new();
    for (track, trak) in (0..).zip(moov.all(FourCc::TRAK)) {
        let stbl = trak.descend(&STBL_PATH)?;
        refuse_other_files(trak)?;
        let reader = TableReader {
            track_id: Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id,
            track,
            media,
        };
        let sizes = reader.sizes(stbl)?;
        samples = samples.saturating_add(sizes.count);
        let table = reader.place_samples(stbl, sizes)?;
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

/// The sizes of the samples of a track, and their number.
struct CountedSizes {
    sizes: SampleSizes,
    count: u32,
}

/// Reads the tables of one track.
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

    fn sizes(&self, stbl: &BoxTree<'_>) -> Result<CountedSizes, Error> {
        let refuse_count = |count| match count > MAX_SAMPLES {
            true => Err(self.damaged("more samples than any file has")),
            false => Ok(()),
        };
        let Some(compact) = stbl.all(FourCc::STZ2).next() else {
            let stsz = Stsz::read(stbl.child(FourCc::STSZ)?.reader())?;
            let count = stsz.sample_count;
            refuse_count(count)?;
            return Ok(CountedSizes {
                sizes: match stsz.common_size() {
                    Some(size) => SampleSizes::Common(self.counted_size(stbl, size)?),
                    None => {
                        SampleSizes::Listed((0..count.into()).map_while(|n| stsz.size(n)).collect())
                    }
                },
                count,
            });
        };
        let mut reader = compact.reader();
        reader.bytes(8)?;
        refuse_count(reader.u32()?)?;
        let sizes = isobmff_boxes::read_stz2(compact.reader())?;
        Ok(CountedSizes {
            count: u32::try_from(sizes.len()).unwrap_or(u32::MAX),
            sizes: SampleSizes::Listed(sizes),
        })
    }

    fn counted_size(&self, stbl: &BoxTree<'_>, common: u32) -> Result<u32, Error> {
        match sample_size(stbl, common)? {
            CountedSize::Bytes(size) => Ok(size),
            CountedSize::Packed => Err(self.damaged(
                "the sizes of packets of sound are missing: write them, for instance with ffmpeg -c copy",
            )),
        }
    }

    /// Places the samples in chunks. Tables may have room for more samples than there are, at their end.
    fn place_samples(
        &self,
        stbl: &BoxTree<'_>,
        CountedSizes { sizes, count }: CountedSizes,
    ) -> Result<SampleTable, Error> {
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
                chunks.push(self.chunk(offset, samples, &sizes, run)?);
            }
        }
        match next == count {
            true => Ok(SampleTable {
                sizes,
                chunks,
                other_information: Vec::new(),
            }),
            false => Err(self.damaged("samples without a chunk")),
        }
    }

    /// Returns the runs of `stsc` if they ascend.
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
        sizes: &SampleSizes,
        run: ChunkRun,
    ) -> Result<SampleChunk, Error> {
        let chunk = SampleChunk {
            offset,
            len: samples.clone().map(|n| u64::from(sizes.get(n))).sum(),
            first: samples.start,
            count: samples.end - samples.start,
            track: self.track,
            description: run
                .sample_description_index
                .checked_sub(1)
                .ok_or_else(|| self.damaged("sample description 0"))?,
            entries_at: 0,
        };
        match chunk.len == 0 || self.has_media(&chunk) {
            true => Ok(chunk),
            false => Err(self.damaged("a chunk that is outside of every 'mdat'")),
        }
    }

    /// True if a chunk is inside one `mdat`.
    fn has_media(&self, chunk: &SampleChunk) -> bool {
        let Some(end) = chunk.offset.checked_add(chunk.len) else {
            return false;
        };
        self.media.is_none_or(|media| {
            media
                .partition_point(|media| media.start <= chunk.offset)
                .checked_sub(1)
                .and_then(|index| media.get(index))
                .is_some_and(|media| end <= media.end)
        })
    }
}

/// Returns the `stco` or `co64` of a track.
pub(crate) fn offset_table<'a, 'b>(
    stbl: &'b BoxTree<'a>,
) -> Result<&'b BoxTree<'a>, isobmff_boxes::Error> {
    match stbl.all(FourCc::CO64).next() {
        Some(_) => stbl.child(FourCc::CO64),
        None => stbl.child(FourCc::STCO),
    }
}

/// Refuses samples that share bytes, which cannot be encrypted for both.
fn refuse_overlap(tables: &[SampleTable]) -> Result<(), Error> {
    let mut extents: Vec<_> = tables
        .iter()
        .flat_map(|table| &table.chunks)
        .filter(|chunk| chunk.len > 0)
        .map(|chunk| chunk.offset..chunk.offset + chunk.len)
        .chain(tables.iter().flat_map(SampleTable::kept))
        .collect();
    extents.sort_unstable_by_key(|extent| (extent.start, extent.end));
    let mut pairs = extents.iter().zip(extents.iter().skip(1));
    match pairs.find(|(extent, next)| extent.end > next.start) {
        Some((_, next)) => Err(Error::SharedMedia {
            position: next.start,
        }),
        None => Ok(()),
    }
}

/// Refuses media in another file, which would stay clear.
fn refuse_other_files(trak: &BoxTree<'_>) -> Result<(), Error> {
    let minf = trak.descend(&[FourCc::MDIA, FourCc::MINF])?;
    let Some(dinf) = minf.all(FourCc::DINF).next() else {
        return Ok(());
    };
    let mut inside = dinf.reader();
    while let Some(ChildBox { header, body }) = inside.next_child()? {
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
