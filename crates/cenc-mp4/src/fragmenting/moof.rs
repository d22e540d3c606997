// SPDX-License-Identifier: MPL-2.0
//! Writes the `moof` of one track's samples, 14496-12 clause 8.8.
//!
//! Each has one track fragment: then its offsets count from the `moof` even without a flag that older brands do not have.

use isobmff_boxes::{
    AuxInfoType, BoxTree, FourCc, FullBoxHeader, RunSample, build_saio, build_saiz,
};

use super::plan::PlannedFragment;
use super::track::ProgressiveTrack;

/// Bytes of the size and type of the `mdat` that follows.
const MDAT_HEADER: usize = 8;

/// Flags of `tfhd`, clause 8.8.7.1, in the order of their fields.
const SAMPLE_DESCRIPTION_INDEX: u32 = 0x02;
const DEFAULT_DURATION: u32 = 0x08;
const DEFAULT_SIZE: u32 = 0x10;
const DEFAULT_FLAGS: u32 = 0x20;
const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
/// Flags of `trun`, clause 8.8.8.1.
const DATA_OFFSET: u32 = 0x001;
const FIRST_SAMPLE_FLAGS: u32 = 0x004;
const SAMPLE_DURATION: u32 = 0x100;
const SAMPLE_SIZE: u32 = 0x200;
const SAMPLE_FLAGS: u32 = 0x400;
const SAMPLE_OFFSET: u32 = 0x800;

/// The extended type of the box with the time and the length of a fragment: MS-SSTR 2.2.4.4.
const TFXD: [u8; 16] = [
    0x6d, 0x1d, 0x9b, 0x05, 0x42, 0xd5, 0x44, 0xe6, 0x80, 0xe2, 0x14, 0x1d, 0xaf, 0xf7, 0x57, 0xb2,
];

/// The form of a track fragment. The base of its offsets is the `moof` in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MoofForm {
    /// Without default-base-is-moof, as mp4mux writes it.
    Plain,
    /// With default-base-is-moof, as CMAF requires: 23000-19 clause 7.5.16.
    Cmaf,
    /// Without default-base-is-moof, and with its time in a `tfxd` in place of a `tfdt`: MS-SSTR 2.2.4.
    Smooth,
}

/// Writes the header of an `mdat` with `media_size` bytes of payload.
pub(crate) fn mdat_header(media_size: u64) -> Result<Vec<u8>, isobmff_boxes::Error> {
    let size =
        u32::try_from(media_size + MDAT_HEADER as u64).map_err(|_| too_large(FourCc::MDAT))?;
    Ok([size.to_be_bytes(), FourCc::MDAT.0].concat())
}

/// Writes the `moof` of the next samples of `track`, whose payload follows in an `mdat` with a header of [`MDAT_HEADER`] bytes.
pub(crate) fn write(
    sequence_number: u32,
    fragment: &PlannedFragment,
    track: &mut ProgressiveTrack,
    form: MoofForm,
) -> Result<Vec<u8>, isobmff_boxes::Error> {
    MoofContent {
        sequence_number,
        track_id: track.track_id,
        description: Some(fragment.description).filter(|&index| index != track.default_description),
        decode_time: fragment.decode_time,
        offset_version: track.timing.offset_version(),
        run: SampleColumns::next(fragment, track),
        sample_boxes: next_sample_boxes(fragment, track, form),
        information: RunInformation::of_fragment(fragment, track),
        form,
    }
    .write()
}

/// The content of a `moof`, which is built twice: the offsets in it depend on its size.
pub(crate) struct MoofContent {
    pub(crate) sequence_number: u32,
    pub(crate) track_id: u32,
    /// The 1-based sample description, unless it is the default.
    pub(crate) description: Option<u32>,
    /// In ticks of the track.
    pub(crate) decode_time: u64,
    /// The version of `trun`: 1 for signed composition offsets.
    pub(crate) offset_version: u8,
    pub(crate) run: SampleColumns,
    /// The `subs` and `sbgp` boxes of the samples.
    pub(crate) sample_boxes: Vec<BoxTree<'static>>,
    pub(crate) information: Vec<RunInformation>,
    pub(crate) form: MoofForm,
}

impl MoofContent {
    /// Writes the `moof`. The payload follows it in an `mdat` with a header of [`MDAT_HEADER`] bytes.
    pub(crate) fn write(&self) -> Result<Vec<u8>, isobmff_boxes::Error> {
        let size = self.moof(0)?.size();
        let mut out = Vec::with_capacity(size + MDAT_HEADER);
        self.moof(u32::try_from(size + MDAT_HEADER).map_err(|_| too_large(FourCc::MOOF))?)?
            .write(&mut out)?;
        Ok(out)
    }

    /// Builds the `moof` for samples that start at `data_offset`.
    fn moof(&self, data_offset: u32) -> Result<BoxTree<'static>, isobmff_boxes::Error> {
        Ok(BoxTree::container(
            FourCc::MOOF,
            vec![
                BoxTree::full(
                    FourCc::MFHD,
                    FullBoxHeader::default(),
                    &self.sequence_number.to_be_bytes(),
                ),
                BoxTree::container(FourCc::TRAF, self.track_fragment(data_offset)?),
            ],
        ))
    }

    /// Builds the boxes of the `traf`.
    fn track_fragment(
        &self,
        data_offset: u32,
    ) -> Result<Vec<BoxTree<'static>>, isobmff_boxes::Error> {
        let mut traf = vec![self.run.tfhd(self.track_id, self.description, self.form)];
        let trun = self.run.trun(self.offset_version, data_offset);
        let decode_time = self.decode_time;
        match self.form {
            MoofForm::Plain | MoofForm::Cmaf => traf.extend([tfdt(decode_time), trun]),
            MoofForm::Smooth => traf.extend([trun, tfxd(decode_time, self.run.duration())]),
        }
        traf.extend(self.sample_boxes.iter().cloned());
        let mut entries = self.run.end(data_offset);
        for information in &self.information {
            let offset = u32::try_from(entries).map_err(|_| too_large(FourCc::MOOF))?;
            traf.push(build_saiz(information.info_type, &information.sizes)?);
            traf.push(build_saio(information.info_type, offset));
            entries += information.len();
        }
        Ok(traf)
    }
}

fn tfdt(decode_time: u64) -> BoxTree<'static> {
    let header = FullBoxHeader {
        version: 1,
        flags: 0,
    };
    BoxTree::full(FourCc::TFDT, header, &decode_time.to_be_bytes())
}

fn tfxd(start: u64, duration: u64) -> BoxTree<'static> {
    let header = FullBoxHeader {
        version: 1,
        flags: 0,
    };
    let fields = [start, duration].map(u64::to_be_bytes).concat();
    BoxTree::full(FourCc::UUID, header, &fields).with_uuid(TFXD)
}

/// Returns the boxes that describe the next samples: sub-samples, and then groups. Smooth Streaming has no init segment with the
/// descriptions of groups.
fn next_sample_boxes(
    fragment: &PlannedFragment,
    track: &mut ProgressiveTrack,
    form: MoofForm,
) -> Vec<BoxTree<'static>> {
    let sub_samples = track
        .sub_samples
        .iter_mut()
        .filter_map(|sub_samples| sub_samples.next_box(fragment.first, fragment.count));
    let groups = track
        .groups
        .iter_mut()
        .filter(|_| form != MoofForm::Smooth)
        .filter_map(|groups| groups.next_box(fragment.count));
    sub_samples.chain(groups).collect()
}

const fn too_large(box_type: FourCc) -> isobmff_boxes::Error {
    isobmff_boxes::Error::TooLarge { box_type }
}

/// The auxiliary information of one kind of the samples of a fragment.
pub(crate) struct RunInformation {
    info_type: Option<AuxInfoType>,
    /// The size of each entry in bytes.
    sizes: Vec<u8>,
}

impl RunInformation {
    /// Returns the information of each kind that the samples of a fragment have.
    fn of_fragment(fragment: &PlannedFragment, track: &ProgressiveTrack) -> Vec<Self> {
        track
            .table
            .other_information
            .iter()
            .map(|information| Self {
                info_type: information.info_type,
                sizes: (fragment.first..fragment.first + fragment.count)
                    .map(|sample| information.size(sample))
                    .collect(),
            })
            .filter(|information| information.len() > 0)
            .collect()
    }

    fn len(&self) -> u64 {
        self.sizes.iter().map(|&size| u64::from(size)).sum()
    }
}

/// The values of the samples of a fragment, column by column.
#[derive(Default)]
pub(crate) struct SampleColumns {
    durations: Vec<u32>,
    sizes: Vec<u32>,
    flags: Vec<u32>,
    /// The bits of the composition offsets.
    offsets: Vec<u32>,
}

impl FromIterator<RunSample> for SampleColumns {
    fn from_iter<I: IntoIterator<Item = RunSample>>(samples: I) -> Self {
        let mut run = Self::default();
        for sample in samples {
            run.durations.push(sample.duration);
            run.sizes.push(sample.size);
            run.flags.push(sample.flags);
            run.offsets.push(sample.composition_offset);
        }
        run
    }
}

impl SampleColumns {
    fn next(fragment: &PlannedFragment, track: &mut ProgressiveTrack) -> Self {
        let mut run = Self::default();
        for sample in fragment.first..fragment.first + fragment.count {
            let Some(timing) = track.timing.next(&mut track.at) else {
                break;
            };
            run.durations.push(timing.duration);
            run.sizes.push(track.table.sizes.get(sample));
            run.flags.push(timing.flags);
            run.offsets.push(timing.offset);
        }
        run
    }

    /// Returns the length of the fragment in ticks.
    fn duration(&self) -> u64 {
        self.durations
            .iter()
            .map(|&duration| u64::from(duration))
            .sum()
    }

    /// Returns the offset of the end of the samples, which start at `start`.
    fn end(&self, start: u32) -> u64 {
        self.sizes
            .iter()
            .fold(start.into(), |end, &size| end + u64::from(size))
    }

    /// Returns the flags that all samples share, or all after the first.
    fn common_flags(&self) -> Option<u32> {
        match self.flags.as_slice() {
            [only] => Some(*only),
            [_, others @ ..] => common(others),
            [] => None,
        }
    }

    /// Writes a `tfhd`, with a `description` if it is not the default.
    fn tfhd(&self, track_id: u32, description: Option<u32>, form: MoofForm) -> BoxTree<'static> {
        let mut flags = match form {
            MoofForm::Plain | MoofForm::Smooth => 0,
            MoofForm::Cmaf => DEFAULT_BASE_IS_MOOF,
        };
        let mut body = track_id.to_be_bytes().to_vec();
        for (flag, field) in [
            (SAMPLE_DESCRIPTION_INDEX, description),
            (DEFAULT_DURATION, common(&self.durations)),
            (DEFAULT_SIZE, common(&self.sizes)),
            (DEFAULT_FLAGS, self.common_flags()),
        ] {
            if let Some(field) = field {
                flags |= flag;
                body.extend(field.to_be_bytes());
            }
        }
        BoxTree::full(FourCc::TFHD, FullBoxHeader { version: 0, flags }, &body)
    }

    fn trun(&self, version: u8, data_offset: u32) -> BoxTree<'static> {
        let count = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        let mut flags = DATA_OFFSET;
        let mut fields: Vec<u8> = [count, data_offset].map(u32::to_be_bytes).concat();
        let common_flags = self.common_flags();
        if let (Some(&first), Some(_)) = (self.flags.first(), common_flags)
            && common_flags != Some(first)
        {
            flags |= FIRST_SAMPLE_FLAGS;
            fields.extend(first.to_be_bytes());
        }
        let mut own: Vec<&[u32]> = Vec::new();
        for (flag, column, is_default) in [
            (
                SAMPLE_DURATION,
                &self.durations,
                common(&self.durations).is_some(),
            ),
            (SAMPLE_SIZE, &self.sizes, common(&self.sizes).is_some()),
            (SAMPLE_FLAGS, &self.flags, common_flags.is_some()),
            (
                SAMPLE_OFFSET,
                &self.offsets,
                self.offsets.iter().all(|&offset| offset == 0),
            ),
        ] {
            if !is_default {
                flags |= flag;
                own.push(column);
            }
        }
        for sample in 0..self.sizes.len() {
            fields.extend(
                own.iter()
                    .filter_map(|column| column.get(sample))
                    .flat_map(|value| value.to_be_bytes()),
            );
        }
        BoxTree::full(FourCc::TRUN, FullBoxHeader { version, flags }, &fields)
    }
}

/// Returns the value that a column repeats.
fn common(column: &[u32]) -> Option<u32> {
    let (first, others) = column.split_first()?;
    others.iter().all(|value| value == first).then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layouts of clauses 8.8.7.2 and 8.8.8.2.
    #[test]
    fn shared_values_are_defaults() {
        let run = SampleColumns {
            durations: vec![10; 3],
            sizes: vec![7, 8, 9],
            flags: vec![0x0200_0000, 0x0001_0000, 0x0001_0000],
            offsets: vec![0, 2, 1],
        };
        let tfhd = run.tfhd(5, Some(2), MoofForm::Plain);
        let words = |words: &[u32]| -> Vec<u8> {
            let bytes = words.iter().flat_map(|word| word.to_be_bytes());
            bytes.collect()
        };
        assert_eq!(tfhd.body(), words(&[0x2a, 5, 2, 10, 0x0001_0000]));
        let trun = run.trun(1, 99);
        let head = [0x0100_0a05, 3, 99, 0x0200_0000];
        let entries = [7, 0, 8, 2, 9, 1];
        assert_eq!(trun.body(), words(&[&head[..], &entries].concat()));
    }

    #[test]
    fn other_values_are_listed_for_each_sample() {
        let run = SampleColumns {
            durations: vec![10, 11, 10],
            sizes: vec![7; 3],
            flags: vec![1, 2, 3],
            offsets: vec![0; 3],
        };
        let flags = |form| run.tfhd(5, None, form).body()[..4].to_vec();
        assert_eq!(flags(MoofForm::Plain), [0, 0, 0, 0x10]);
        assert_eq!(flags(MoofForm::Cmaf), [0, 2, 0, 0x10]);
        let trun = run.trun(0, 99);
        assert_eq!(trun.body()[..4], [0, 0, 5, 1]);
        assert_eq!(trun.body().len(), 12 + 3 * 8);
    }
}
