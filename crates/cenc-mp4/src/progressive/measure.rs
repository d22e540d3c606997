// SPDX-License-Identifier: MPL-2.0
//! The map and IV of each sample: found in the first pass, applied in the second.

use cenc_types::{CipherMode, Iv, Subsample};
use common_encryption::{
    BoxFlavor, SampleInformation, SampleProtector, SencBuilder, TrackIv, TrackProtection,
};
use isobmff_boxes::{FourCc, Reader};

use super::cursor::{FileSample, FileTrack};
use super::source::{SeekableInput, read};
use super::tables::{SampleChunk, SampleTable};
use super::{BLOCK, MAX_SAMPLE};
use crate::fragment::add_to_senc;
use crate::init::ProtectedTrack;
use crate::{Error, SampleError};

/// The bytes that CBC encrypts at least.
const CIPHER_BLOCK: u64 = 16;

/// A track with its samples and their `senc` entries.
pub(super) struct TrackPlan {
    pub(super) track: ProtectedTrack,
    pub(super) table: SampleTable,
    pub(super) senc: SencBuilder,
    /// The IV of `tenc`.
    iv: Option<TrackIv>,
    /// True if samples have maps, for which they must be read.
    mapped: bool,
    /// True if the scheme encrypts anything of the samples measured so far.
    encrypts: bool,
}

impl TrackPlan {
    pub(super) fn new(track: ProtectedTrack, table: SampleTable) -> Result<Self, Error> {
        let mapped = track.codecs.first().is_some_and(|c| c.maps_subsamples());
        if track.codecs.iter().any(|c| c.maps_subsamples() != mapped) {
            return Err(Error::SampleTable {
                track_id: track.track_id,
                reason: "sample entries with subsamples and others without",
            });
        }
        let iv = track.protection.as_ref().map(|p| p.key.track_iv());
        let mut senc = SencBuilder::default();
        senc.start(mapped, BoxFlavor::Cenc);
        Ok(Self {
            track,
            table,
            senc,
            iv,
            mapped,
            encrypts: false,
        })
    }

    /// Maps the samples and takes their IVs, in decoding order.
    pub(super) fn measure<S: SeekableInput>(&mut self, source: &mut S) -> Result<(), Error> {
        let Some(protection) = self.track.protection.clone() else {
            return Ok(());
        };
        let mut protector = SampleProtector::default();
        let mut chunks = std::mem::take(&mut self.table.chunks);
        for chunk in &mut chunks {
            chunk.entries_at = self.senc.entries().len();
            self.measure_chunk(chunk, source, &protection, &mut protector)?;
        }
        self.table.chunks = chunks;
        match self.encrypts || !self.table.has_bytes() {
            true => Ok(()),
            false => Err(Error::NothingToEncrypt {
                track_id: self.track.track_id,
                scheme: protection.method.scheme,
            }),
        }
    }

    /// Reads whole samples, about a block at once.
    fn measure_chunk<S: SeekableInput>(
        &mut self,
        chunk: &SampleChunk,
        source: &mut S,
        protection: &TrackProtection,
        protector: &mut SampleProtector,
    ) -> Result<(), Error> {
        let mut samples = chunk.first..chunk.first + chunk.count;
        let mut start = chunk.offset;
        while !samples.is_empty() {
            let first = samples.start;
            let mut end = start;
            while !samples.is_empty() && end - start < BLOCK {
                let size = u64::from(self.table.sizes.get(samples.start));
                if size > MAX_SAMPLE {
                    return Err(Error::TooLarge {
                        what: "a sample, in bytes,",
                        limit: MAX_SAMPLE,
                    });
                }
                end += size;
                samples.start += 1;
            }
            let block = match self.mapped {
                true => Some(read(source, start, end)?),
                false => None,
            };
            self.measure_block(
                first..samples.start,
                chunk.description as usize,
                block.as_ref().map(AsRef::as_ref),
                protection,
                protector,
            )?;
            start = end;
        }
        Ok(())
    }

    fn measure_block(
        &mut self,
        samples: std::ops::Range<u32>,
        description: usize,
        block: Option<&[u8]>,
        protection: &TrackProtection,
        protector: &mut SampleProtector,
    ) -> Result<(), Error> {
        let track_id = self.track.track_id;
        let codec = self
            .track
            .codecs
            .get_mut(description)
            .ok_or(Error::SampleTable {
                track_id,
                reason: "a sample description that 'stsd' does not have",
            })?;
        let mut ivs = protection.key.ivs();
        let mut rest = block.unwrap_or_default();
        for sample in samples {
            let size = self.table.sizes.get(sample);
            let (bytes, after) = rest.split_at(rest.len().min(size as usize));
            rest = after;
            let protected = match block {
                Some(_) => protector.map(bytes, codec, protection.method.scheme),
                None => Ok(u64::from(size)),
            };
            protected
                .map_err(SampleError::from)
                .and_then(|protected| {
                    self.encrypts |= match protection.method.scheme.cipher_mode() {
                        CipherMode::Ctr => protected > 0,
                        CipherMode::Cbc => protected >= CIPHER_BLOCK,
                    };
                    add_to_senc(&mut self.senc, &mut ivs, protector.subsamples(), protected)
                })
                .map_err(|reason| Error::Sample {
                    track_id,
                    sample: sample as usize,
                    reason,
                })?;
        }
        Ok(())
    }

    /// Reads the `senc` entry that starts at `entry`, and moves `entry` to the next.
    fn read_entry(&self, entry: &mut usize) -> Result<SampleInformation<'_>, isobmff_boxes::Error> {
        let entries = self.senc.entries();
        let mut reader = Reader::new(FourCc::SENC, entries.get(*entry..).unwrap_or_default());
        let iv_size = self.iv.map_or(0, |iv| iv.per_sample_size());
        let information = SampleInformation::read(&mut reader, iv_size, self.mapped)?;
        *entry = entries.len() - reader.left().len();
        Ok(information)
    }

    /// Returns the IV of a sample.
    fn iv(&self, information: &SampleInformation<'_>) -> Result<Iv, SampleError> {
        match self.iv {
            Some(TrackIv::Constant(iv)) => Ok(iv),
            _ => Ok(Iv::new(information.iv)
                .map_err(|error| common_encryption::SampleError::Cenc(error.into()))?),
        }
    }
}

impl FileTrack for TrackPlan {
    fn table(&self) -> &SampleTable {
        &self.table
    }

    fn table_mut(&mut self) -> &mut SampleTable {
        &mut self.table
    }

    fn entry_after(&self, sample: &FileSample) -> Result<usize, Error> {
        let mut entry = sample.entry;
        if self.track.protection.is_some() {
            self.read_entry(&mut entry)?;
        }
        Ok(entry)
    }

    fn edit(
        &self,
        bytes: &mut [u8],
        sample: &FileSample,
        map: &mut Vec<Subsample>,
    ) -> Result<(), Error> {
        let Some(protection) = &self.track.protection else {
            return Ok(());
        };
        let information = self.read_entry(&mut sample.entry.clone())?;
        map.clear();
        map.extend(information.subsamples());
        self.iv(&information)
            .and_then(|iv| {
                Ok(protection
                    .key
                    .cipher()
                    .encrypt(protection.method, &iv, bytes, map)
                    .map_err(common_encryption::SampleError::Cenc)?)
            })
            .map_err(|reason| Error::Sample {
                track_id: self.track.track_id,
                sample: sample.number as usize,
                reason,
            })
    }
}
