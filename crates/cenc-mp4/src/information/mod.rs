// SPDX-License-Identifier: MPL-2.0
//! Reads the protection of each sample of a `traf` or `stbl`, ISO/IEC 23001-7 clauses 6 and 7: its IV and subsamples from `senc` or
//! from the bytes that `saiz` and `saio` point to, and its key and pattern from `tenc`, `seig` or PIFF's box.
//!
//! Damaged boxes are not an error here where they can be skipped: a decryptor refuses them, an inspection reports them.

mod boxes;
mod entries;
mod groups;

pub use boxes::{
    EntryExtent, InformationBoxes, PlacementFault, entry_extents, is_encryption_information,
};
pub(crate) use boxes::{is_senc, points_at_entries};
pub use entries::{ClearEntries, SampleEntries};
pub use groups::{
    GroupedSamples, ProtectionSources, SampleGroups, SeigDescriptions, is_seig_group,
};
