// SPDX-License-Identifier: MPL-2.0
//! What of each sample is protected, and by which IV: found in the first pass, applied in the second.

use cenc_types::{Iv, Subsample};
use common_encryption::{BoxFlavor, SampleInformation, SampleProtector, SencBuilder, TrackIv};
use isobmff_boxes::{FourCc, Reader};

use super::cursor::{FileTrack, Placed};
use super::source::{SeekableInput, read};
use super::tables::{SampleChunk, SampleTable};
use super::{BLOCK, MAX_SAMPLE};
use crate::fragment::add_to_senc;
use crate::init::ProtectedTrack;
use crate::{Error, SampleError};
use common_encryption::TrackProtection;

/// A track with its samples and what `senc` says of them.
pub(super) struct TrackPlan {
    pub(super) track: ProtectedTrack,
    pub(super) table: SampleTable,
    pub(super) senc: SencBuilder,
    /// What `tenc` says of the IV.
    iv: Option<TrackIv>,
    /// Whether samples have maps, and so are read.
    mapped: bool,
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
            self.measure_chunk(chunk, (source, &protection), &mut protector)?;
        }
        self.table.chunks = chunks;
        Ok(())
    }

    /// Reads whole samples, about a block at once.
    fn measure_chunk<S: SeekableInput>(
        &mut self,
        chunk: &SampleChunk,
        (source, protection): (&mut S, &TrackProtection),
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
            let block = block.as_ref().map(AsRef::as_ref);
            let description = chunk.description as usize;
            self.measure_block(
                first..samples.start,
                description,
                (block, protection, protector),
            )?;
            start = end;
        }
        Ok(())
    }

    fn measure_block(
        &mut self,
        samples: std::ops::Range<u32>,
        description: usize,
        (block, protection, protector): (Option<&[u8]>, &TrackProtection, &mut SampleProtector),
    ) -> Result<(), Error> {
        let track_id = self.track.track_id;
        let codec = self.track.codecs.get_mut(description);
        let codec = codec.ok_or(Error::SampleTable {
            track_id,
            reason: "a sample description that 'stsd' does not have",
        })?;
        let mut ivs = protection.key.ivs();
        let mut rest = block.unwrap_or_default();
        for sample in samples {
            let size = self.table.sizes.get(sample);
            let (bytes, behind) = rest.split_at(rest.len().min(size as usize));
            rest = behind;
            let measured = match block {
                Some(_) => protector.map(bytes, codec, protection.method.scheme),
                None => Ok(u64::from(size)),
            };
            let place = (&mut *ivs, &mut self.senc);
            let entered = measured
                .map_err(SampleError::from)
                .and_then(|len| add_to_senc(place.1, place.0, protector.subsamples(), len));
            entered.map_err(|reason| Error::Sample {
                track_id,
                sample: sample as usize,
                reason,
            })?;
        }
        Ok(())
    }

    /// The IV and map of the sample whose entry starts at `entry` of `senc`, and where the next entry starts.
    fn information(
        &self,
        entry: usize,
    ) -> Result<(SampleInformation<'_>, usize), isobmff_boxes::Error> {
        let entries = self.senc.entries();
        let iv_size = self.iv.map_or(0, |iv| iv.per_sample_size());
        let mut reader = Reader::new(FourCc::SENC, entries.get(entry..).unwrap_or_default());
        let information = SampleInformation::read(&mut reader, iv_size, self.mapped)?;
        Ok((information, entries.len() - reader.left().len()))
    }

    /// The IV of a sample.
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

    fn entry_behind(&self, sample: &Placed) -> Result<usize, Error> {
        match self.track.protection {
            Some(_) => Ok(self.information(sample.entry)?.1),
            None => Ok(sample.entry),
        }
    }

    fn edit(
        &self,
        bytes: &mut [u8],
        sample: &Placed,
        map: &mut Vec<Subsample>,
    ) -> Result<(), Error> {
        let Some(protection) = &self.track.protection else {
            return Ok(());
        };
        let (information, _) = self.information(sample.entry)?;
        map.clear();
        map.extend(information.subsamples());
        let encrypted = self.iv(&information).and_then(|iv| {
            let cipher = protection.key.cipher();
            let done = cipher.encrypt(protection.method, &iv, bytes, map);
            Ok(done.map_err(common_encryption::SampleError::Cenc)?)
        });
        encrypted.map_err(|reason| Error::Sample {
            track_id: self.track.track_id,
            sample: sample.number as usize,
            reason,
        })
    }
}
