// SPDX-License-Identifier: MPL-2.0
//! `saio`, where sample auxiliary information lies, 14496-12 clause 8.7.9.

use super::{BoxTree, FourCc};

/// A `saio` whose one entry lies `offset` bytes behind the base of the track fragment.
pub fn saio(offset: u32) -> BoxTree<'static> {
    let mut fields = 1u32.to_be_bytes().to_vec();
    fields.extend(offset.to_be_bytes());
    BoxTree::full(FourCc::SAIO, (0, 0), &fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_offset_of_32_bits() {
        assert_eq!(saio(7).body(), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7]);
    }
}
