// SPDX-License-Identifier: MPL-2.0
//! The scalability dimensions in a VPS extension, F.7.3.2.1.1.

use super::UNSUPPORTED_3D;
use crate::Error;
use crate::rbsp::RbspReader;

/// The scalability dimensions of layers. The view order index, if it is one of them, is the first.
pub(super) struct Dimensions {
    pub(super) has_view: bool,
    /// Layers may be auxiliary pictures, such as alpha.
    pub(super) has_auxiliary: bool,
    /// NumViews
    pub(super) views: u32,
    /// The number of bits of each dimension, in order.
    lengths: Vec<u32>,
}

impl Dimensions {
    /// The number of bits of nuh_layer_id.
    const LAYER_ID_BITS: u32 = 6;
    /// The bit of scalability_mask_flag for texture or depth.
    const DEPTH: u32 = 1 << 15;
    /// The bit of scalability_mask_flag for the view order index.
    const VIEW: u32 = 1 << 14;
    /// The bit of scalability_mask_flag for auxiliary pictures.
    const AUXILIARY: u32 = 1 << 12;

    /// Reads scalability_mask_flag and dimension_id_len_minus1. With splitting_flag the last length is not coded.
    pub(super) fn read(bits: &mut RbspReader<'_>, splitting: bool) -> Result<Self, Error> {
        let mask = bits.u(16)?;
        if mask & Self::DEPTH != 0 {
            return Err(UNSUPPORTED_3D);
        }
        Ok(Self {
            has_view: mask & Self::VIEW != 0,
            has_auxiliary: mask & Self::AUXILIARY != 0,
            views: 1,
            lengths: (u32::from(splitting)..mask.count_ones())
                .map(|_| Ok(bits.u(3)? + 1))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Reads dimension_id of a layer and returns the view order index.
    pub(super) fn read_view(&self, bits: &mut RbspReader<'_>) -> Result<u32, Error> {
        let mut view = 0;
        for (position, length) in self.lengths.iter().enumerate() {
            let dimension_id = bits.u(*length)?;
            if self.has_view && position == 0 {
                view = dimension_id;
            }
        }
        Ok(view)
    }

    /// Returns the view order index in the lowest bits of a nuh_layer_id.
    pub(super) fn view_of_id(&self, id: u32) -> u32 {
        let length = self.lengths.first().copied().unwrap_or(Self::LAYER_ID_BITS);
        if self.has_view {
            id & ((1 << length) - 1)
        } else {
            0
        }
    }
}
