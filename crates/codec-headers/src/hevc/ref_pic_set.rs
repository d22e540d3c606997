// SPDX-License-Identifier: MPL-2.0
//! Short-term reference picture sets: ISO/IEC 23008-2, 7.3.7 and 7.4.8.

use crate::Error;
use crate::bits::BitReader;

/// A set has at most sps_max_dec_pic_buffering_minus1 pictures, and that is at most 15 (A.4.2).
const MAX_PICS: usize = 16;

/// st_ref_pic_set(): the pictures before and behind the current one in output order, nearest first.
#[derive(Debug, Clone, Default)]
pub(super) struct RefPicSet {
    negative: Pics,
    positive: Pics,
}

#[derive(Debug, Clone, Default)]
struct Pics {
    pics: [Pic; MAX_PICS],
    len: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pic {
    /// DeltaPocS0 or DeltaPocS1
    delta: i32,
    /// UsedByCurrPicS0 or UsedByCurrPicS1
    used: bool,
}

/// used_by_curr_pic_flag and use_delta_flag of each picture j of the set predicted from.
struct Prediction {
    delta: i32,
    used: [bool; MAX_PICS + 1],
    kept: [bool; MAX_PICS + 1],
}

impl RefPicSet {
    /// Reads the set behind those of `earlier` in the SPS.
    pub(super) fn read_in_sps(bits: &mut BitReader<'_>, earlier: &[Self]) -> Result<Self, Error> {
        match earlier.last() {
            Some(previous) if bits.flag()? => Self::predict(bits, previous),
            _ => Self::read_explicit(bits),
        }
    }

    /// Reads the set of a slice header; `sets` are all those of its SPS.
    pub(super) fn read_in_slice(bits: &mut BitReader<'_>, sets: &[Self]) -> Result<Self, Error> {
        if sets.is_empty() || !bits.flag()? {
            return Self::read_explicit(bits);
        }
        let back = bits.ue()? as usize;
        let reference = sets.iter().rev().nth(back);
        Self::predict(
            bits,
            reference.ok_or_else(|| bits.out_of_range("delta_idx_minus1"))?,
        )
    }

    /// Pictures that the current one may refer to: its part of NumPicTotalCurr.
    pub(super) fn used_by_current(&self) -> u32 {
        let all = self.negative.iter().chain(self.positive.iter());
        all.fold(0, |count, pic| count + u32::from(pic.used))
    }

    fn read_explicit(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        let negative_count = bits.ue()?;
        let positive_count = bits.ue()?;
        let mut set = Self::default();
        set.negative.read(bits, negative_count, -1)?;
        set.positive.read(bits, positive_count, 1)?;
        set.check(bits)
    }

    /// Inter prediction, equations 7-61 and 7-62.
    fn predict(bits: &mut BitReader<'_>, reference: &Self) -> Result<Self, Error> {
        let prediction = Prediction::read(bits, reference.len())?;
        let split = reference.negative.len;
        let own = prediction.pic(reference.len(), 0);
        let negative = reference.negative.iter().enumerate();
        let positive = reference.positive.iter().enumerate();
        let negative = negative.map(|(j, pic)| prediction.pic(j, pic.delta));
        let positive = positive.map(|(j, pic)| prediction.pic(split + j, pic.delta));

        let mut set = Self::default();
        let before = positive.clone().rev().chain([own]).chain(negative.clone());
        for pic in before.flatten().filter(|pic| pic.delta < 0) {
            set.negative.push(bits, pic)?;
        }
        let behind = negative.rev().chain([own]).chain(positive);
        for pic in behind.flatten().filter(|pic| pic.delta > 0) {
            set.positive.push(bits, pic)?;
        }
        set.check(bits)
    }

    const fn len(&self) -> usize {
        self.negative.len + self.positive.len
    }

    fn check(self, bits: &BitReader<'_>) -> Result<Self, Error> {
        if self.len() > MAX_PICS {
            return Err(bits.out_of_range("number of pictures"));
        }
        Ok(self)
    }
}

impl Prediction {
    /// delta_rps_sign up to the flags of the `len` pictures predicted from and of the set's own
    /// reference.
    fn read(bits: &mut BitReader<'_>, len: usize) -> Result<Self, Error> {
        let negative = bits.flag()?;
        let magnitude = bits.ue_max(0x7fff, "abs_delta_rps_minus1")?.cast_signed() + 1;
        let mut prediction = Self {
            delta: if negative { -magnitude } else { magnitude },
            used: [false; MAX_PICS + 1],
            kept: [false; MAX_PICS + 1],
        };
        let flags = prediction.used.iter_mut().zip(&mut prediction.kept);
        for (used, kept) in flags.take(len + 1) {
            *used = bits.flag()?;
            *kept = *used || bits.flag()?;
        }
        Ok(prediction)
    }

    /// What becomes of picture j, if it is kept.
    fn pic(&self, j: usize, delta: i32) -> Option<Pic> {
        let used = self.used.get(j).copied()?;
        let kept = self.kept.get(j).copied()?;
        kept.then_some(Pic {
            delta: delta + self.delta,
            used,
        })
    }
}

impl Pics {
    fn read(&mut self, bits: &mut BitReader<'_>, count: u32, sign: i32) -> Result<(), Error> {
        let mut delta = 0;
        for _ in 0..count {
            delta += sign * (bits.ue_max(0x7fff, "delta_poc_minus1")?.cast_signed() + 1);
            let used = bits.flag()?;
            self.push(bits, Pic { delta, used })?;
        }
        Ok(())
    }

    fn push(&mut self, bits: &BitReader<'_>, pic: Pic) -> Result<(), Error> {
        let slot = self.pics.get_mut(self.len);
        *slot.ok_or_else(|| bits.out_of_range("number of pictures"))? = pic;
        self.len += 1;
        Ok(())
    }

    fn iter(&self) -> std::iter::Take<std::slice::Iter<'_, Pic>> {
        self.pics.iter().take(self.len)
    }
}
