// SPDX-License-Identifier: MPL-2.0
//! Reads how each sample of a `traf` or `stbl` is protected, ISO/IEC 23001-7 clauses 6 and 7: its IV and subsamples out of
//! `senc`, or out of the bytes that `saiz` and `saio` place, and what is in force for it of `tenc`, `seig` and PIFF's box.
//!
//! Files are read as they were written. What to do about those that are damaged is for the caller to say: a decryptor refuses
//! them, an inspection names their faults.

mod boxes;
mod entries;
mod groups;

pub use boxes::{EntryExtent, InformationBoxes, PlacementFault, entry_extents};
pub(crate) use boxes::{is_senc, points_at_entries};
pub use entries::{ClearEntries, SampleEntries};
pub use groups::{
    GroupedSamples, ProtectionSources, SampleGroups, SeigDescriptions, is_seig_group,
};
