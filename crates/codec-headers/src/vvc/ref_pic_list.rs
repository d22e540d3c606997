// SPDX-License-Identifier: MPL-2.0
//! Reference picture lists: ISO/IEC 23090-3, 7.3.9 and 7.3.10.

use super::sps::VvcSps;
use crate::Error;
use crate::rbsp::{RbspReader, ceil_log2};

/// The greatest num_ref_entries: MaxDpbSize + 13.
const MAX_ENTRIES: u32 = 29;

/// The properties of a ref_pic_list_struct() on which headers depend.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RefPicList {
    /// num_ref_entries
    pub(super) entries: u32,
    /// NumLtrpEntries
    long_term: u32,
    /// ltrp_in_header_flag
    lsb_in_header: bool,
}

/// The elements of an SPS on which ref_pic_list_struct() depends. Lists in an SPS are read before its end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RefPicListContext {
    pub(super) long_term: bool,
    pub(super) inter_layer: bool,
    /// sps_weighted_pred_flag or sps_weighted_bipred_flag
    pub(super) weighted: bool,
    pub(super) order_count_lsb_bits: u32,
}

impl RefPicList {
    /// Reads ref_pic_list_struct(); `in_sps` if it is one from which headers may choose.
    pub(super) fn read(
        bits: &mut RbspReader<'_>,
        context: RefPicListContext,
        in_sps: bool,
    ) -> Result<Self, Error> {
        let entries = bits.ue_max(MAX_ENTRIES, "num_ref_entries")?;
        let mut list = Self {
            entries,
            long_term: 0,
            lsb_in_header: !(context.long_term && in_sps && entries > 0) || bits.flag()?,
        };
        for entry in 0..entries {
            if context.inter_layer && bits.flag()? {
                // ilrp_idx
                bits.ue()?;
                continue;
            }
            let short_term = !context.long_term || bits.flag()?;
            if short_term {
                let delta = bits.ue()?;
                if delta > 0 || !context.weighted || entry == 0 {
                    // strp_entry_sign_flag
                    bits.flag()?;
                }
                continue;
            }
            list.long_term += 1;
            if !list.lsb_in_header {
                // rpls_poc_lsb_lt
                bits.u(context.order_count_lsb_bits)?;
            }
        }
        Ok(list)
    }

    /// Skips the long-term entries in ref_pic_lists().
    fn skip_long_term(&self, bits: &mut RbspReader<'_>, lsb_bits: u32) -> Result<(), Error> {
        for _ in 0..self.long_term {
            if self.lsb_in_header {
                // poc_lsb_lt
                bits.u(lsb_bits)?;
            }
            if bits.flag()? {
                // delta_poc_msb_cycle_lt
                bits.ue()?;
            }
        }
        Ok(())
    }
}

/// Reads ref_pic_lists() and returns num_ref_entries of both lists.
pub(super) fn read_both(
    bits: &mut RbspReader<'_>,
    sps: &VvcSps,
    rpl1_idx_present: bool,
) -> Result<[u32; 2], Error> {
    let mut entries = [0; 2];
    let mut from_sps = false;
    let mut index = 0;
    for (number, (candidates, entries)) in sps.ref_pic_lists.iter().zip(&mut entries).enumerate() {
        // List 1 without an index of its own uses that of list 0.
        let own = number == 0 || rpl1_idx_present;
        if own || candidates.is_empty() {
            from_sps = !candidates.is_empty() && bits.flag()?;
        }
        let list = if from_sps {
            if own {
                let count = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
                index = bits.u(ceil_log2(count))?;
            }
            *candidates
                .get(index as usize)
                .ok_or_else(|| bits.out_of_range("rpl_idx"))?
        } else {
            RefPicList::read(bits, sps.list_context, false)?
        };
        list.skip_long_term(bits, sps.list_context.order_count_lsb_bits)?;
        *entries = list.entries;
    }
    Ok(entries)
}
