// SPDX-License-Identifier: MPL-2.0
//! Subpictures: ISO/IEC 23090-3, 7.3.2.4, 7.3.2.5, 7.4.3.4 and 6.5.1.

use super::tiles::{CtuRectangle, SliceShape};
use crate::Error;
use crate::rbsp::{RbspReader, ceil_log2};

/// The most subpictures that are accepted, above those of all levels.
pub(super) const MAX_SUBPICTURES: u32 = 1024;

/// The subpictures of an SPS, of which there is at least one.
#[derive(Debug, Clone)]
pub(super) struct Subpictures {
    rectangles: Vec<CtuRectangle>,
    /// sps_subpic_id_len_minus1 + 1
    id_bits: u32,
    /// sps_subpic_id_mapping_explicitly_signalled_flag: sh_subpic_id is not the index.
    has_mapping: bool,
    /// sps_subpic_id, if the SPS has them.
    ids: Option<SubpictureIds>,
}

/// The id of each subpicture, by index.
#[derive(Debug, Clone)]
pub(super) struct SubpictureIds {
    ids: Vec<u32>,
    id_bits: u32,
}

impl Subpictures {
    /// Reads sps_num_subpics_minus1 up to sps_subpic_id. The largest picture has `width` by `height` CTUs.
    pub(super) fn read(bits: &mut RbspReader<'_>, width: u32, height: u32) -> Result<Self, Error> {
        let count = bits.ue_max(MAX_SUBPICTURES - 1, "sps_num_subpics_minus1")? + 1;
        let picture = CtuRectangle {
            width,
            height,
            ..CtuRectangle::default()
        };
        let rectangles = match count {
            1 => vec![picture],
            _ => read_rectangles(bits, picture, count)?,
        };
        let id_bits = bits.ue_max(15, "sps_subpic_id_len_minus1")? + 1;
        let has_mapping = bits.flag()?;
        Ok(Self {
            rectangles,
            id_bits,
            has_mapping,
            ids: match has_mapping && bits.flag()? {
                true => Some(SubpictureIds::read(bits, count, id_bits)?),
                false => None,
            },
        })
    }

    pub(super) const fn count(&self) -> usize {
        self.rectangles.len()
    }

    /// Reads sh_subpic_id and returns CurrSubpicIdx. `pps_ids` are the ids of the PPS, if it has them.
    pub(super) fn read_index(
        &self,
        bits: &mut RbspReader<'_>,
        pps_ids: Option<&SubpictureIds>,
    ) -> Result<usize, Error> {
        let id = bits.u(pps_ids.map_or(self.id_bits, |ids| ids.id_bits))?;
        let ids = pps_ids.or(self.ids.as_ref()).filter(|_| self.has_mapping);
        match ids {
            Some(ids) => ids.ids.iter().position(|own| *own == id),
            None => Some(id as usize),
        }
        .filter(|index| *index < self.count())
        .ok_or_else(|| bits.out_of_range("sh_subpic_id"))
    }

    /// Returns the area of a subpicture.
    pub(super) fn rectangle(&self, index: usize) -> CtuRectangle {
        self.rectangles.get(index).copied().unwrap_or_default()
    }

    /// Returns the slices of a subpicture. They are in a row among the slices of the picture: 7.4.8, picLevelSliceIdx.
    pub(super) fn slices<'s>(&self, index: usize, slices: &'s [SliceShape]) -> &'s [SliceShape] {
        let area = self.rectangle(index);
        let before = slices.iter().take_while(|slice| !area.contains(slice));
        let rest = slices.split_at(before.count()).1;
        let own = rest.iter().take_while(|slice| area.contains(slice));
        rest.split_at(own.count()).0
    }
}

impl SubpictureIds {
    /// Reads `count` ids of `id_bits` bits.
    pub(super) fn read(bits: &mut RbspReader<'_>, count: u32, id_bits: u32) -> Result<Self, Error> {
        Ok(Self {
            ids: (0..count)
                .map(|_| bits.u(id_bits))
                .collect::<Result<_, _>>()?,
            id_bits,
        })
    }
}

impl CtuRectangle {
    /// True if the first CTU of the slice is in the rectangle.
    const fn contains(&self, slice: &SliceShape) -> bool {
        slice.left >= self.left
            && slice.left < self.left + self.width
            && slice.top >= self.top
            && slice.top < self.top + self.height
    }
}

/// Reads sps_independent_subpics_flag up to sps_loop_filter_across_subpic_enabled_flag of `count` subpictures, more than one.
fn read_rectangles(
    bits: &mut RbspReader<'_>,
    picture: CtuRectangle,
    count: u32,
) -> Result<Vec<CtuRectangle>, Error> {
    let independent = bits.flag()?;
    let same_size = bits.flag()?;
    let mut rectangles: Vec<CtuRectangle> = Vec::new();
    for index in 0..count {
        let rectangle = match rectangles.first() {
            Some(first) if same_size => grid_cell(*first, picture, index),
            _ => read_rectangle(bits, picture, index == 0, index + 1 == count)?,
        };
        rectangles.push(rectangle);
        if !independent {
            // sps_subpic_treated_as_pic_flag, sps_loop_filter_across_subpic_enabled_flag
            bits.u(2)?;
        }
    }
    Ok(rectangles)
}

/// Returns the subpicture with this index of subpictures of one size.
fn grid_cell(first: CtuRectangle, picture: CtuRectangle, index: u32) -> CtuRectangle {
    let columns = (picture.width / first.width.max(1)).max(1);
    CtuRectangle {
        left: index % columns * first.width,
        top: index / columns * first.height,
        ..first
    }
}

/// Reads sps_subpic_ctu_top_left_x up to sps_subpic_height_minus1. The first subpicture has no position, the last no size.
fn read_rectangle(
    bits: &mut RbspReader<'_>,
    picture: CtuRectangle,
    is_first: bool,
    is_last: bool,
) -> Result<CtuRectangle, Error> {
    // In a direction of one CTU nothing is coded: Ceil(Log2(1)) bits.
    let [width_bits, height_bits] = [picture.width, picture.height].map(ceil_log2);
    let [left, top] = match is_first {
        true => [0, 0],
        false => [bits.u(width_bits)?, bits.u(height_bits)?],
    };
    let [width, height] = match is_last {
        true => [
            picture.width.saturating_sub(left),
            picture.height.saturating_sub(top),
        ],
        false => [bits.u(width_bits)? + 1, bits.u(height_bits)? + 1],
    };
    Ok(CtuRectangle {
        left,
        top,
        width,
        height,
    })
}
