// SPDX-License-Identifier: MPL-2.0
//! Finds the samples of a fragment in its media.

use std::borrow::Cow;
use std::ops::Range;

use isobmff_boxes::{BoxTree, FourCc, Saio, Saiz, Tfhd, Trun};

use super::{
    FragmentDefaults, MAX_SAMPLES, MediaGap, Moof, SampleLocation, TrackFragment, run_starts,
    too_large,
};
use crate::Error;
use crate::information::points_at_entries;
use crate::stream::MediaExtent;

impl<'a> Moof<'a> {
    /// Finds the samples of all track fragments and appends their locations to `samples`.
    pub(crate) fn locate<T: FragmentDefaults>(
        &self,
        tracks: &[T],
        samples: &mut Vec<SampleLocation>,
    ) -> Result<Vec<TrackFragment>, Error> {
        let mut fragments = Vec::new();
        let mut end = 0;
        for traf in self.tree.all(FourCc::TRAF) {
            let tfhd = Tfhd::read(traf.child(FourCc::TFHD)?.reader())?;
            let base = self.base(&tfhd, end)?;
            let undescribed = |what, number| Error::Undescribed { what, number };
            let (track, trex) = tracks
                .iter()
                .enumerate()
                .find(|(_, track)| track.track_id() == tfhd.track_id)
                .and_then(|(index, track)| Some((index, track.trex()?)))
                .ok_or_else(|| undescribed("track", tfhd.track_id))?;
            let description = tfhd
                .sample_description_index
                .unwrap_or(trex.sample_description_index);
            let first = samples.len();
            let default_size = tfhd.default_sample_size.unwrap_or(trex.sample_size);
            let runs = self.locate_runs(traf, base, default_size, samples)?;
            end = samples.last().map_or(base, SampleLocation::end);
            fragments.push(TrackFragment {
                track,
                description: description
                    .checked_sub(1)
                    .ok_or_else(|| undescribed("sample description", description))?
                    as usize,
                samples: first..samples.len(),
                base,
                runs,
                other_information: self.locate_other_information(traf, base)?,
            });
        }
        Ok(fragments)
    }

    /// Returns the base of the data offsets of a track fragment, 14496-12 clause 8.8.7.1. `end` is the end of the one before.
    fn base(&self, tfhd: &Tfhd<'_>, end: i64) -> Result<i64, Error> {
        match tfhd.base_data_offset {
            Some(offset) => offset
                .checked_signed_diff(self.position)
                .ok_or_else(|| self.elsewhere()),
            None if tfhd.default_base_is_moof() => Ok(0),
            None => Ok(end),
        }
    }

    /// Appends the samples of a track fragment to `samples` and returns the offset of each run.
    fn locate_runs(
        &self,
        traf: &BoxTree<'_>,
        base: i64,
        default_size: u32,
        samples: &mut Vec<SampleLocation>,
    ) -> Result<Vec<i64>, Error> {
        let mut runs = Vec::new();
        let mut offset = base;
        for trun in traf.all(FourCc::TRUN) {
            let trun = Trun::read(trun.reader())?;
            if let Some(data_offset) = trun.data_offset {
                offset = base
                    .checked_add(i64::from(data_offset))
                    .ok_or_else(|| self.elsewhere())?;
            }
            runs.push(offset);
            if samples.len().saturating_add(trun.sample_count as usize) > MAX_SAMPLES {
                return Err(Error::TooLarge {
                    what: "the number of samples of a fragment",
                    limit: MAX_SAMPLES as u64,
                });
            }
            for len in trun.sizes_or(default_size) {
                samples.push(SampleLocation { offset, len });
                offset = offset
                    .checked_add(i64::from(len))
                    .ok_or_else(|| self.elsewhere())?;
            }
        }
        Ok(runs)
    }

    /// Returns the offsets in each `saio` of another kind than Common Encryption's.
    fn locate_other_information(
        &self,
        traf: &BoxTree<'_>,
        base: i64,
    ) -> Result<Vec<Vec<i64>>, Error> {
        let mut located = Vec::new();
        for saio in traf.all(FourCc::SAIO) {
            if points_at_entries(saio)? == Some(false) {
                located.push(
                    Saio::read(saio.reader())?
                        .offsets
                        .into_iter()
                        .map(|offset| base.checked_add_unsigned(offset))
                        .collect::<Option<_>>()
                        .ok_or_else(|| self.elsewhere())?,
                );
            }
        }
        Ok(located)
    }

    /// Returns the bytes of auxiliary information of other kinds, which stays as it is.
    fn other_information(&self, fragments: &[TrackFragment]) -> Result<Vec<SampleLocation>, Error> {
        let mut found = Vec::new();
        for (traf, fragment) in self.tree.all(FourCc::TRAF).zip(fragments) {
            let mut offsets = fragment.other_information.iter();
            for saio in traf.all(FourCc::SAIO) {
                if points_at_entries(saio)? != Some(false) {
                    continue;
                }
                let kind = Saio::read(saio.reader())?.info_type;
                let offsets = offsets.next().map(Vec::as_slice).unwrap_or_default();
                let Some(saiz) = traf
                    .all(FourCc::SAIZ)
                    .filter_map(|saiz| Saiz::read(saiz.reader()).ok())
                    .find(|saiz| saiz.info_type == kind)
                else {
                    continue;
                };
                // One offset for all samples, or one for each run.
                let mut starts = run_starts(traf)?;
                if let [_] = offsets {
                    starts.truncate(1);
                }
                let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
                for ((&offset, &first), end) in offsets.iter().zip(&starts).zip(ends) {
                    let len = u32::try_from(saiz.total(first..end))
                        .map_err(|_| too_large(FourCc::SAIZ))?;
                    found.push(SampleLocation { offset, len });
                }
            }
        }
        found.retain(|information| information.len > 0);
        Ok(found)
    }

    /// Converts the offsets of samples to those in the payload of all `media`, and collects the bytes of no sample in `gaps`. An
    /// empty sample gets the end of the sample before.
    ///
    /// # Errors
    /// [`Error::SamplesElsewhere`] for samples that share bytes, also with auxiliary information, or are outside of `media`.
    pub(crate) fn place(
        &self,
        fragments: &[TrackFragment],
        samples: &mut [SampleLocation],
        media: &[MediaExtent],
        gaps: &mut Vec<MediaGap>,
    ) -> Result<(), Error> {
        let mut information = self.other_information(fragments)?;
        let moof = 0..self.len_signed();
        // Boxes inside the moof move by different distances.
        if information
            .iter()
            .any(|kept| kept.offset < moof.end && kept.end() > moof.start)
        {
            return Err(Error::Unsupported(FourCc::SAIO));
        }
        let is_in_media = |kept: &SampleLocation| {
            media
                .iter()
                .any(|extent| kept.offset < extent.end() && kept.end() > extent.offset)
        };
        information.retain(is_in_media);
        self.find_gaps(samples, &information, media, gaps)?;
        let mut end = 0;
        for sample in samples {
            if sample.len > 0 {
                let extent = media
                    .partition_point(|extent| extent.offset <= sample.offset)
                    .checked_sub(1)
                    .and_then(|index| media.get(index))
                    .ok_or_else(|| self.elsewhere())?;
                sample.offset += extent.payload_at - extent.offset;
                end = sample.end();
            } else {
                sample.offset = end;
            }
        }
        Ok(())
    }

    fn find_gaps(
        &self,
        samples: &[SampleLocation],
        information: &[SampleLocation],
        media: &[MediaExtent],
        gaps: &mut Vec<MediaGap>,
    ) -> Result<(), Error> {
        let mut ordered = Cow::Borrowed(samples);
        if !information.is_empty() {
            ordered.to_mut().extend_from_slice(information);
        }
        if !ordered.is_sorted_by_key(|sample| sample.offset) {
            ordered
                .to_mut()
                .sort_by_key(|sample| (sample.offset, sample.len));
        }
        let mut ordered = ordered.iter().filter(|sample| sample.len > 0).peekable();
        gaps.clear();
        for extent in media {
            let gap = |bytes: Range<i64>| MediaGap {
                fills_mdat: bytes.end - bytes.start == extent.len,
                bytes: bytes.start + extent.payload_at - extent.offset
                    ..bytes.end + extent.payload_at - extent.offset,
            };
            let mut covered = extent.offset;
            while let Some(sample) = ordered.next_if(|sample| sample.offset < extent.end()) {
                if sample.offset < covered || sample.end() > extent.end() {
                    return Err(self.elsewhere());
                }
                if sample.offset > covered {
                    gaps.push(gap(covered..sample.offset));
                }
                covered = sample.end();
            }
            if covered < extent.end() {
                gaps.push(gap(covered..extent.end()));
            }
        }
        match ordered.next() {
            Some(_) => Err(self.elsewhere()),
            None => Ok(()),
        }
    }

    /// Returns the error for a sample outside of every `mdat`.
    pub(super) const fn elsewhere(&self) -> Error {
        Error::SamplesElsewhere {
            position: self.position,
        }
    }
}
