// SPDX-License-Identifier: MPL-2.0
//! Slice headers and their lengths: ISO/IEC 23090-3, 7.3.7.
//!
//! byte_alignment() ends the header. It adds a byte if the bits before it fill their last byte.

use super::picture_header::{
    PictureHeader, skip_adaptive_loop_filter, skip_deblocking, skip_extension,
};
use super::pps::{SliceLayout, VvcPps};
use super::sps::VvcSps;
use super::tiles::{SliceShape, TileGrid};
use super::{HEADER_LEN, VvcNalHeader, VvcParameterSets, ref_pic_list, weights};
use crate::Error;
use crate::rbsp::{RbspReader, ceil_log2};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VvcSliceType {
    B,
    P,
    I,
}

/// The elements of a slice header on which later elements depend.
struct VvcSliceHeader<'a> {
    sps: &'a VvcSps,
    pps: &'a VvcPps,
    picture: PictureHeader,
    /// sh_picture_header_in_slice_header_flag
    own_picture: bool,
    slice_type: VvcSliceType,
    /// NumRefIdxActive
    active_refs: [u32; 2],
}

/// Returns the number of bytes before the slice data. `picture` is the picture header in a NAL unit of its own, if there is one.
pub(super) fn header_len(
    nal: &[u8],
    header: VvcNalHeader,
    sets: &VvcParameterSets,
    picture: Option<&PictureHeader>,
) -> Result<usize, Error> {
    let mut bits = RbspReader::new(nal, HEADER_LEN, "slice header");
    let own_picture = bits.flag()?;
    let picture = match (own_picture, picture) {
        (true, _) => PictureHeader::read(&mut bits, sets)?,
        (false, Some(picture)) => *picture,
        (false, None) => {
            return Err(Error::Missing {
                what: "its picture header",
            });
        }
    };
    let (sps, pps) = sets.active(picture.pps_id)?;
    let mut slice = VvcSliceHeader {
        sps,
        pps,
        picture,
        own_picture,
        slice_type: VvcSliceType::I,
        active_refs: [0; 2],
    };
    let shape = slice.read_shape(&mut bits)?;
    slice.read_picture_tools(&mut bits, header)?;
    slice.read_prediction(&mut bits, header)?;
    slice.skip_quantisation(&mut bits)?;
    slice.skip_residual(&mut bits)?;
    if pps.slice_header_extension {
        skip_extension(&mut bits)?;
    }
    slice.skip_entry_points(&mut bits, shape)?;
    bits.skip_byte_alignment()?;
    Ok(bits.bytes_read())
}

impl VvcSliceHeader<'_> {
    /// Reads sh_subpic_id up to sh_num_tiles_in_slice_minus1.
    fn read_shape(&self, bits: &mut RbspReader<'_>) -> Result<SliceShape, Error> {
        let subpicture = match &self.sps.subpictures {
            Some(subpictures) => subpictures.read_index(bits, self.pps.subpicture_ids.as_ref())?,
            None => 0,
        };
        let Some(partition) = &self.pps.partition else {
            self.skip_extra_bits(bits)?;
            return Ok(self.pps.unpartitioned(self.sps.ctb_log2));
        };
        let tiles = &partition.tiles;
        match &partition.slices {
            SliceLayout::Raster => self.read_tile_run(bits, tiles),
            SliceLayout::OnePerSubpicture => {
                self.skip_extra_bits(bits)?;
                Ok(match &self.sps.subpictures {
                    Some(subpictures) if subpictures.count() > 1 => {
                        tiles.cover(subpictures.rectangle(subpicture))
                    }
                    _ => tiles.whole(),
                })
            }
            SliceLayout::Rectangles(slices) => {
                let own = match &self.sps.subpictures {
                    Some(subpictures) => subpictures.slices(subpicture, slices),
                    None => slices,
                };
                let address = bits.u(ceil_log2(u32::try_from(own.len()).unwrap_or(u32::MAX)))?;
                self.skip_extra_bits(bits)?;
                own.get(address as usize)
                    .copied()
                    .ok_or_else(|| bits.out_of_range("sh_slice_address"))
            }
        }
    }

    /// Reads sh_slice_address up to sh_num_tiles_in_slice_minus1 of a slice in raster scan order.
    fn read_tile_run(
        &self,
        bits: &mut RbspReader<'_>,
        tiles: &TileGrid,
    ) -> Result<SliceShape, Error> {
        let address = bits.u(ceil_log2(tiles.count()))?;
        self.skip_extra_bits(bits)?;
        let count = match tiles.count().saturating_sub(address) {
            0 => return Err(bits.out_of_range("sh_slice_address")),
            1 => 1,
            left => 1 + bits.ue_max(left - 1, "sh_num_tiles_in_slice_minus1")?,
        };
        Ok(tiles.run(address, count))
    }

    /// Skips sh_extra_bit.
    fn skip_extra_bits(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        bits.u(self.sps.extra_header_bits.slice)?;
        Ok(())
    }

    /// Reads sh_slice_type up to sh_explicit_scaling_list_used_flag.
    fn read_picture_tools(
        &mut self,
        bits: &mut RbspReader<'_>,
        header: VvcNalHeader,
    ) -> Result<(), Error> {
        if self.picture.inter_slices {
            self.slice_type = match bits.ue_max(2, "sh_slice_type")? {
                0 => VvcSliceType::B,
                1 => VvcSliceType::P,
                _ => VvcSliceType::I,
            };
        }
        if header.starts_sequence() {
            // sh_no_output_of_prior_pics_flag
            bits.flag()?;
        }
        if self.sps.alf && !self.pps.in_picture_header.alf {
            skip_adaptive_loop_filter(bits, self.sps)?;
        }
        for used in [self.picture.lmcs, self.picture.scaling_list] {
            if used && !self.own_picture {
                bits.flag()?;
            }
        }
        Ok(())
    }

    /// Reads ref_pic_lists() up to pred_weight_table().
    fn read_prediction(
        &mut self,
        bits: &mut RbspReader<'_>,
        header: VvcNalHeader,
    ) -> Result<(), Error> {
        let in_picture_header = self.pps.in_picture_header;
        let mut entries = self.picture.list_entries;
        if !in_picture_header.lists && (!header.is_idr() || self.sps.idr_lists) {
            entries = ref_pic_list::read_both(bits, self.sps, self.pps.rpl1_idx_present)?;
        }
        self.read_active_refs(bits, entries)?;
        if self.slice_type == VvcSliceType::I {
            return Ok(());
        }
        if self.pps.cabac_init_present {
            // sh_cabac_init_flag
            bits.flag()?;
        }
        if self.picture.temporal_mvp && !in_picture_header.lists {
            let from_l0 = self.slice_type == VvcSliceType::P || bits.flag()?;
            if self
                .active_refs
                .get(usize::from(!from_l0))
                .is_some_and(|active| *active > 1)
            {
                bits.ue_max(14, "sh_collocated_ref_idx")?;
            }
        }
        let weighted = match self.slice_type {
            VvcSliceType::P => self.pps.weighted_pred,
            _ => self.pps.weighted_bipred,
        };
        if weighted && !in_picture_header.weights {
            weights::skip(bits, self.sps, self.pps, self.active_refs)?;
        }
        Ok(())
    }

    /// Reads sh_num_ref_idx_active_override_flag and NumRefIdxActive of the lists in use.
    fn read_active_refs(
        &mut self,
        bits: &mut RbspReader<'_>,
        entries: [u32; 2],
    ) -> Result<(), Error> {
        let lists = match self.slice_type {
            VvcSliceType::B => 2,
            VvcSliceType::P => 1,
            VvcSliceType::I => 0,
        };
        let overrides = entries.iter().take(lists).any(|entries| *entries > 1) && bits.flag()?;
        for ((active, entries), default) in self
            .active_refs
            .iter_mut()
            .zip(entries)
            .zip(self.pps.default_active_refs)
            .take(lists)
        {
            *active = match (overrides, entries > 1) {
                (true, true) => bits.ue_max(14, "sh_num_ref_idx_active_minus1")? + 1,
                (true, false) => 1,
                (false, _) => default.min(entries),
            };
        }
        Ok(())
    }

    /// Skips sh_qp_delta up to the deblocking offsets.
    fn skip_quantisation(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let (sps, pps) = (self.sps, self.pps);
        if !pps.in_picture_header.qp_delta {
            bits.se()?;
        }
        if pps.slice_chroma_qp_offsets {
            for _ in 0..if sps.joint_cbcr { 3 } else { 2 } {
                bits.se()?;
            }
        }
        if pps.cu_chroma_qp_offset_list {
            // sh_cu_chroma_qp_offset_enabled_flag
            bits.flag()?;
        }
        if sps.sao && !pps.in_picture_header.sao {
            bits.u(if sps.has_chroma() { 2 } else { 1 })?;
        }
        if pps.deblocking.override_enabled && !pps.in_picture_header.deblocking {
            skip_deblocking(bits, pps)?;
        }
        Ok(())
    }

    /// Skips sh_dep_quant_used_flag up to sh_reverse_last_sig_coeff_flag.
    fn skip_residual(&self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        let sps = self.sps;
        let dep_quant = sps.dep_quant && bits.flag()?;
        let sign_hiding = sps.sign_hiding && !dep_quant && bits.flag()?;
        let ts_residual_disabled =
            sps.transform_skip && !dep_quant && !sign_hiding && bits.flag()?;
        if sps.rice_in_slice_header && !ts_residual_disabled {
            // sh_ts_residual_coding_rice_idx_minus1
            bits.u(3)?;
        }
        if sps.reverse_last_sig_coeff {
            bits.flag()?;
        }
        Ok(())
    }

    /// Skips sh_entry_offset_len_minus1 and the offsets.
    fn skip_entry_points(&self, bits: &mut RbspReader<'_>, shape: SliceShape) -> Result<(), Error> {
        let parts = match self.sps.entropy_coding_sync {
            true => shape.ctu_rows,
            false => shape.tiles,
        };
        if self.sps.entry_points && parts > 1 {
            let width = bits.ue_max(31, "sh_entry_offset_len_minus1")? + 1;
            bits.skip(u64::from(parts - 1) * u64::from(width))?;
        }
        Ok(())
    }
}
