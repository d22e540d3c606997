// SPDX-License-Identifier: MPL-2.0
//! The sample tables of a fragmented track, collected from its `moof` boxes.

use isobmff_boxes::{BoxTree, FourCc, Tfhd, Trex, Trun, read_base_media_decode_time};

use super::sample_boxes::SampleBoxes;
use super::source_track::SampleTables;
use crate::fragmenting::timing::{SampleTiming, TimingBuilder, TimingCursor, TrackTiming};
use crate::moof::{FragmentDefaults, Moof, SampleLocation};
use crate::progressive::tables::{SampleChunk, SampleSizes, SampleTable};
use crate::{Error, Warning};

/// The most samples of a track: 3 days at 60 pictures a second.
const MAX_SAMPLES: usize = 1 << 24;

/// Collects the samples of a track.
pub(super) struct TableBuilder {
    trex: Trex,
    sizes: Vec<u32>,
    chunks: Vec<SampleChunk>,
    timing: TimingBuilder,
    /// The decode time of the first sample; None before it.
    first_decode_time: Option<u64>,
    /// The decode time after the last sample.
    end: u64,
    boxes: SampleBoxes,
}

impl FragmentDefaults for TableBuilder {
    fn track_id(&self) -> u32 {
        self.trex.track_id
    }

    fn trex(&self) -> Option<Trex> {
        Some(self.trex)
    }
}

impl TableBuilder {
    pub(super) fn new(trex: Trex) -> Self {
        Self {
            trex,
            sizes: Vec::new(),
            chunks: Vec::new(),
            timing: TimingBuilder::default(),
            first_decode_time: None,
            end: 0,
            boxes: SampleBoxes::default(),
        }
    }

    /// Adds the samples that the `moov` places itself, in the tables of `stbl`.
    pub(super) fn add_moov(
        &mut self,
        stbl: &BoxTree<'_>,
        table: &SampleTable,
        timing: &TrackTiming,
    ) -> Result<(), Error> {
        if timing.offset_version() > 0 {
            self.timing.sign_offsets();
        }
        let mut at = TimingCursor::default();
        for chunk in &table.chunks {
            for sample in chunk.first..chunk.first + chunk.count {
                let timing = timing
                    .next(&mut at)
                    .ok_or(self.damaged("samples without a duration"))?;
                self.add_sample(table.sizes.get(sample), timing)?;
            }
            self.chunks.push(*chunk);
        }
        self.boxes.add(stbl, 0..self.sample_count())
    }

    /// Adds the samples of a `moof` at `position` to the tables of its tracks.
    pub(super) fn add_moof(tracks: &mut [Self], bytes: &[u8], position: u64) -> Result<(), Error> {
        let moof = Moof::read(bytes, position)?;
        let mut samples = Vec::new();
        let fragments = moof.locate(tracks, &mut samples)?;
        for (traf, fragment) in moof.tree.all(FourCc::TRAF).zip(fragments) {
            refuse_protected(traf)?;
            let (Some(track), Some(located)) = (
                tracks.get_mut(fragment.track),
                samples.get(fragment.samples),
            ) else {
                continue;
            };
            let description = u32::try_from(fragment.description).unwrap_or(u32::MAX);
            track.add_fragment(traf, description, located, position)?;
        }
        Ok(())
    }

    fn add_fragment(
        &mut self,
        traf: &BoxTree<'_>,
        description: u32,
        located: &[SampleLocation],
        position: u64,
    ) -> Result<(), Error> {
        if let Some(tfdt) = traf.all(FourCc::TFDT).next() {
            self.start_at(read_base_media_decode_time(tfdt.reader())?)?;
        }
        let tfhd = Tfhd::read(traf.child(FourCc::TFHD)?.reader())?;
        let default = tfhd.default_sample(&self.trex);
        let first = self.sample_count();
        let mut located = located.iter();
        for trun in traf.all(FourCc::TRUN) {
            let trun = Trun::read(trun.reader())?;
            if trun.has_signed_offsets() {
                self.timing.sign_offsets();
            }
            for (sample, place) in trun.samples(default).zip(&mut located) {
                self.add_place(place, description, position)?;
                self.add_sample(
                    sample.size,
                    SampleTiming {
                        duration: sample.duration,
                        offset: sample.composition_offset,
                        flags: sample.flags,
                    },
                )?;
            }
        }
        self.boxes.add(traf, first..self.sample_count())
    }

    fn sample_count(&self) -> u32 {
        u32::try_from(self.sizes.len()).unwrap_or(u32::MAX)
    }

    /// Lets the next sample be decoded at a time. A gap before it belongs to the sample before.
    fn start_at(&mut self, decode_time: u64) -> Result<(), Error> {
        if self.first_decode_time.is_some() {
            let gap = decode_time.checked_signed_diff(self.end);
            if gap != Some(0) && !gap.is_some_and(|gap| self.timing.stretch_last(gap)) {
                return Err(self.damaged(
                    "the decode time of a fragment is before the end of the fragment before, or hours after it",
                ));
            }
        }
        self.first_decode_time.get_or_insert(decode_time);
        self.end = decode_time;
        Ok(())
    }

    /// Adds the place of the next sample, in one chunk with those right before it.
    fn add_place(
        &mut self,
        place: &SampleLocation,
        description: u32,
        position: u64,
    ) -> Result<(), Error> {
        let len = u64::from(place.len);
        let offset = position
            .checked_add_signed(place.offset)
            .ok_or(Error::SamplesElsewhere { position })?;
        match self.chunks.last_mut() {
            Some(last) if last.offset + last.len == offset && last.description == description => {
                last.len += len;
                last.count += 1;
            }
            _ => self.chunks.push(SampleChunk {
                offset,
                len,
                first: self.sample_count(),
                count: 1,
                track: 0,
                description,
                entries_at: 0,
            }),
        }
        Ok(())
    }

    fn add_sample(&mut self, size: u32, timing: SampleTiming) -> Result<(), Error> {
        if self.sizes.len() == MAX_SAMPLES {
            return Err(Error::TooLarge {
                what: "the number of samples of a track",
                limit: MAX_SAMPLES as u64,
            });
        }
        self.first_decode_time.get_or_insert(0);
        self.sizes.push(size);
        self.end = self.end.saturating_add(timing.duration.into());
        self.timing.push(timing);
        Ok(())
    }

    const fn damaged(&self, reason: &'static str) -> Error {
        Error::SampleTable {
            track_id: self.trex.track_id,
            reason,
        }
    }

    /// Returns a warning of each kind of box that is left out.
    pub(super) fn take_warnings(&mut self) -> Vec<Warning> {
        self.boxes.take_warnings()
    }

    /// Returns the tables of a track with this timescale.
    pub(super) fn build(self, timescale: u32) -> SampleTables {
        SampleTables {
            table: SampleTable {
                sizes: SampleSizes::Listed(self.sizes),
                chunks: self.chunks,
                other_information: Vec::new(),
            },
            timing: self.timing.build(timescale),
            first_decode_time: self.first_decode_time.unwrap_or(0),
            boxes: Some(self.boxes),
        }
    }
}

fn refuse_protected(traf: &BoxTree<'_>) -> Result<(), Error> {
    match traf.all(FourCc::SENC).next() {
        Some(_) => Err(Error::AlreadyProtected { by: FourCc::SENC }),
        None => Ok(()),
    }
}
