// SPDX-License-Identifier: MPL-2.0
//! The reference picture lists and weights of a slice: ISO/IEC 23008-2, 7.3.6.2, 7.3.6.3 and 8.3.4.

use crate::Error;
use crate::rbsp::{RbspReader, ceil_log2};

/// The most entries of a list: num_ref_idx_lX_active_minus1 is at most 14.
const MAX_ENTRIES: usize = 15;

/// RefPicList0 or RefPicList1, as far as it determines which entries are the current picture.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RefList {
    /// num_ref_idx_lX_active_minus1 + 1
    pub(super) active: u32,
    /// list_entry_lX, if the list is modified.
    entries: Option<[u32; MAX_ENTRIES]>,
}

impl RefList {
    /// Creates a list of `active` entries, up to 15, in the initial order.
    pub(super) const fn new(active: u32) -> Self {
        Self {
            active,
            entries: None,
        }
    }

    /// Reads the list's part of ref_pic_lists_modification(); `total` is NumPicTotalCurr.
    pub(super) fn read_modification(
        &mut self,
        bits: &mut RbspReader<'_>,
        total: u32,
    ) -> Result<(), Error> {
        if bits.flag()? {
            let mut entries = [0; MAX_ENTRIES];
            for entry in entries.iter_mut().take(self.active as usize) {
                *entry = bits.u(ceil_log2(total))?;
            }
            self.entries = Some(entries);
        }
        Ok(())
    }

    /// Returns the entries that are the current picture itself, bit i for entry i, in a picture that may refer to itself.
    ///
    /// The initial list repeats its `total` pictures, and the current one is the last of them (8-8,
    /// 8-10). List 0 ends on the current picture if it is too short to reach it (8-9).
    pub(super) fn current_picture(&self, total: u32, is_list0: bool) -> u32 {
        let position = |index: u32| match &self.entries {
            Some(entries) => entries.get(index as usize).copied().unwrap_or_default(),
            None => index,
        };
        let mut mask = (0..self.active)
            .filter(|index| position(*index).checked_rem(total) == total.checked_sub(1))
            .fold(0, |mask, index| mask | (1 << index));
        if is_list0 && self.entries.is_none() && total > self.active {
            mask |= 1 << (self.active - 1);
        }
        mask
    }

    /// Skips the list's part of pred_weight_table(). Entries in `current_picture` have no weights.
    pub(super) fn skip_weights(
        &self,
        bits: &mut RbspReader<'_>,
        has_chroma: bool,
        current_picture: u32,
    ) -> Result<(), Error> {
        let luma = self.read_flags(bits, current_picture)?;
        let chroma = if has_chroma {
            self.read_flags(bits, current_picture)?
        } else {
            0
        };
        for index in 0..self.active {
            // delta weight and offset of luma and of both chroma components
            for _ in 0..2 * ((luma >> index) & 1) + 4 * ((chroma >> index) & 1) {
                bits.se()?;
            }
        }
        Ok(())
    }

    fn read_flags(&self, bits: &mut RbspReader<'_>, current_picture: u32) -> Result<u32, Error> {
        let mut flags = 0;
        for index in 0..self.active {
            if (current_picture >> index) & 1 == 0 {
                flags |= bits.u(1)? << index;
            }
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand after 8.3.4: two pictures and the current one.
    #[test]
    fn the_current_picture_closes_each_round_of_the_initial_list() {
        assert_eq!(RefList::new(7).current_picture(3, true), 0b10_0100);
        assert_eq!(RefList::new(7).current_picture(3, false), 0b10_0100);
        assert_eq!(RefList::new(1).current_picture(1, true), 1);
    }

    #[test]
    fn a_short_list_0_ends_on_the_current_picture() {
        assert_eq!(RefList::new(2).current_picture(3, true), 0b10);
        assert_eq!(RefList::new(2).current_picture(3, false), 0);
    }

    #[test]
    fn a_modified_list_has_the_current_picture_at_the_entries_that_name_it() {
        // flag 1, entries 2, 0, 2 of two bits
        let mut list = RefList::new(3);
        let mut bits = RbspReader::new(&[0b1100_0100], 0, "test");
        list.read_modification(&mut bits, 3).unwrap();
        assert_eq!(list.current_picture(3, true), 0b101);
        let mut short = RefList::new(1);
        let mut bits = RbspReader::new(&[0b1000_0000], 0, "test");
        short.read_modification(&mut bits, 3).unwrap();
        assert_eq!(short.current_picture(3, true), 0);
    }
}
