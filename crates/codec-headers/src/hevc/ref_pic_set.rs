// SPDX-License-Identifier: MPL-2.0
//! Short-term reference picture sets: ISO/IEC 23008-2, 7.3.7 and 7.4.8.

use crate::Error;
use crate::rbsp::RbspReader;

/// A set has at most sps_max_dec_pic_buffering_minus1 pictures, and that is at most 15 (A.4.2).
const MAX_PICS: usize = 16;

/// st_ref_pic_set(): the pictures before and after the current one in output order, nearest first.
#[derive(Debug, Clone, Default)]
pub(super) struct RefPicSet {
    negative: RefPics,
    positive: RefPics,
}

/// The pictures on one side of the current one.
#[derive(Debug, Clone, Default)]
struct RefPics {
    pics: [RefPic; MAX_PICS],
    len: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct RefPic {
    /// DeltaPocS0 or DeltaPocS1
    delta: i32,
    /// UsedByCurrPicS0 or UsedByCurrPicS1
    used: bool,
}

/// The elements of a set that is predicted from another one.
struct RefPicSetPrediction {
    /// deltaRps
    delta: i32,
    /// used_by_curr_pic_flag of each picture of the other set.
    used: [bool; MAX_PICS + 1],
    /// use_delta_flag of each picture of the other set.
    kept: [bool; MAX_PICS + 1],
}

impl RefPicSet {
    /// Reads the set that follows the sets `earlier` in the SPS.
    pub(super) fn read_in_sps(bits: &mut RbspReader<'_>, earlier: &[Self]) -> Result<Self, Error> {
        match earlier.last() {
            Some(previous) if bits.flag()? => Self::predict(bits, previous),
            _ => Self::read_explicit(bits),
        }
    }

    /// Reads the set of a slice header; `sets` are all those of its SPS.
    pub(super) fn read_in_slice(bits: &mut RbspReader<'_>, sets: &[Self]) -> Result<Self, Error> {
        if sets.is_empty() || !bits.flag()? {
            return Self::read_explicit(bits);
        }
        match sets.iter().rev().nth(bits.ue()? as usize) {
            Some(reference) => Self::predict(bits, reference),
            None => Err(bits.out_of_range("delta_idx_minus1")),
        }
    }

    /// Returns the number of pictures that the current one may refer to: the set's part of NumPicTotalCurr.
    pub(super) fn used_by_current(&self) -> u32 {
        self.negative
            .iter()
            .chain(self.positive.iter())
            .map(|pic| u32::from(pic.used))
            .sum()
    }

    fn read_explicit(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        let [negative_count, positive_count] = [bits.ue()?, bits.ue()?];
        let mut set = Self::default();
        set.negative.read(bits, negative_count, -1)?;
        set.positive.read(bits, positive_count, 1)?;
        set.check(bits)
    }

    /// Reads a set by inter prediction: equations 7-61 and 7-62.
    fn predict(bits: &mut RbspReader<'_>, reference: &Self) -> Result<Self, Error> {
        let prediction = RefPicSetPrediction::read(bits, reference.len())?;
        let own = prediction.pic(reference.len(), 0);
        let negative = reference
            .negative
            .iter()
            .enumerate()
            .map(|(j, pic)| prediction.pic(j, pic.delta));
        let positive = reference
            .positive
            .iter()
            .enumerate()
            .map(|(j, pic)| prediction.pic(reference.negative.len + j, pic.delta));

        let mut set = Self::default();
        for pic in positive
            .clone()
            .rev()
            .chain([own])
            .chain(negative.clone())
            .flatten()
            .filter(|pic| pic.delta < 0)
        {
            set.negative.push(bits, pic)?;
        }
        for pic in negative
            .rev()
            .chain([own])
            .chain(positive)
            .flatten()
            .filter(|pic| pic.delta > 0)
        {
            set.positive.push(bits, pic)?;
        }
        set.check(bits)
    }

    const fn len(&self) -> usize {
        self.negative.len + self.positive.len
    }

    fn check(self, bits: &RbspReader<'_>) -> Result<Self, Error> {
        if self.len() > MAX_PICS {
            return Err(bits.out_of_range("number of pictures"));
        }
        Ok(self)
    }
}

impl RefPicSetPrediction {
    /// Reads delta_rps_sign up to the flags of the `len` pictures of the other set and of the picture that this set belongs to.
    fn read(bits: &mut RbspReader<'_>, len: usize) -> Result<Self, Error> {
        let negative = bits.flag()?;
        let magnitude = bits.ue_max(0x7fff, "abs_delta_rps_minus1")?.cast_signed() + 1;
        let mut prediction = Self {
            delta: if negative { -magnitude } else { magnitude },
            used: [false; MAX_PICS + 1],
            kept: [false; MAX_PICS + 1],
        };
        for (used, kept) in prediction
            .used
            .iter_mut()
            .zip(&mut prediction.kept)
            .take(len + 1)
        {
            *used = bits.flag()?;
            *kept = *used || bits.flag()?;
        }
        Ok(prediction)
    }

    /// Returns picture j of the other set as it is in this set, if it is kept.
    fn pic(&self, j: usize, delta: i32) -> Option<RefPic> {
        self.kept.get(j)?.then_some(RefPic {
            delta: delta + self.delta,
            used: *self.used.get(j)?,
        })
    }
}

impl RefPics {
    fn read(&mut self, bits: &mut RbspReader<'_>, count: u32, sign: i32) -> Result<(), Error> {
        let mut delta = 0;
        for _ in 0..count {
            delta += sign * (bits.ue_max(0x7fff, "delta_poc_minus1")?.cast_signed() + 1);
            let pic = RefPic {
                delta,
                used: bits.flag()?,
            };
            self.push(bits, pic)?;
        }
        Ok(())
    }

    fn push(&mut self, bits: &RbspReader<'_>, pic: RefPic) -> Result<(), Error> {
        match self.pics.get_mut(self.len) {
            Some(slot) => *slot = pic,
            None => return Err(bits.out_of_range("number of pictures")),
        }
        self.len += 1;
        Ok(())
    }

    fn iter(&self) -> std::iter::Take<std::slice::Iter<'_, RefPic>> {
        self.pics.iter().take(self.len)
    }
}
