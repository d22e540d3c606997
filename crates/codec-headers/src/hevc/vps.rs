// SPDX-License-Identifier: MPL-2.0
//! Video parameter sets with their extension, on which slice segment headers of layers above the base depend: ISO/IEC 23008-2,
//! 7.3.2.1 and F.7.3.2.1.

mod dimensions;
mod layer_sets;

use super::HEADER_LEN;
use super::format::{PictureFormat, read_profile_tier_level, skip_sub_layer_ordering};
use super::vui::HrdParameters;
use crate::Error;
use crate::parameter_sets::{Identified, ParameterSet};
use crate::rbsp::{RbspReader, ceil_log2};
use dimensions::Dimensions;
use layer_sets::LayerSets;

/// The most layers of a bitstream: MaxLayersMinus1 + 1.
pub(super) const MAX_LAYERS: u32 = 63;

/// The slice segment headers of upper layers have another syntax in Annex I.
pub(super) const UNSUPPORTED_3D: Error = Error::UnsupportedFeature {
    feature: "layers of 3D-HEVC (Annex I)",
};
/// general_profile_idc of 3D-HEVC.
const PROFILE_3D: u32 = 8;

/// A VPS. A damaged one matters only to streams with layers, so the error is kept for them.
#[derive(Debug, Clone)]
pub(super) struct HevcVps(Result<Layers, Error>);

/// The layers that a VPS describes.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    /// By their index in the VPS, the base layer first.
    layers: Vec<Layer>,
    /// rep_format() by index.
    rep_formats: Vec<PictureFormat>,
    default_ref_layers_active: bool,
    max_one_active_ref_layer: bool,
}

/// One layer of a VPS.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    /// layer_id_in_nuh
    pub(super) id: u32,
    /// The indices of the layers that it refers to directly.
    pub(super) references: Vec<LayerReference>,
    /// sub_layers_vps_max_minus1
    max_sub_layer: u32,
    poc_lsb_not_present: bool,
    rep_format: usize,
}

/// A direct dependency of one layer on another.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerReference {
    /// The index of the other layer.
    pub(super) layer: usize,
    /// max_tid_il_ref_pics_plus1
    max_temporal_id_plus1: u32,
}

/// The properties of a layer on which its slice segment headers depend.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerRules {
    pub(super) poc_lsb_not_present: bool,
    /// NumDirectRefLayers
    pub(super) direct_references: u32,
    /// numRefLayerPics
    pub(super) reference_pictures: u32,
    pub(super) default_ref_layers_active: bool,
    pub(super) max_one_active_ref_layer: bool,
}

impl ParameterSet for HevcVps {
    const KIND: &'static str = "VPS";

    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
        let mut bits = RbspReader::new(nal, HEADER_LEN, "VPS");
        Ok(Identified {
            id: bits.u(4)?,
            set: Self(Layers::read(&mut bits)),
        })
    }
}

impl HevcVps {
    /// Returns the rules for slices of the layer with this nuh_layer_id in the sub-layer with this TemporalId. None if the VPS does
    /// not describe the layer.
    ///
    /// # Errors
    /// A damaged VPS.
    pub(super) fn rules(
        &self,
        layer_id: u8,
        temporal_id: u32,
    ) -> Result<Option<LayerRules>, Error> {
        let layers = self.layers()?;
        Ok(layers.find(layer_id).map(|layer| LayerRules {
            poc_lsb_not_present: layer.poc_lsb_not_present,
            direct_references: layer.direct_references(),
            reference_pictures: layers.reference_pictures(layer, temporal_id),
            default_ref_layers_active: layers.default_ref_layers_active,
            max_one_active_ref_layer: layers.max_one_active_ref_layer,
        }))
    }

    /// Returns the rep_format() with this index, or that of the layer with this nuh_layer_id.
    ///
    /// # Errors
    /// A damaged VPS, or one without this rep_format().
    pub(super) fn rep_format(
        &self,
        layer_id: u8,
        index: Option<u32>,
    ) -> Result<PictureFormat, Error> {
        let layers = self.layers()?;
        let index = match index {
            Some(index) => index as usize,
            None => layers.find(layer_id).map_or(0, |layer| layer.rep_format),
        };
        layers
            .rep_formats
            .get(index)
            .copied()
            .ok_or(Error::OutOfRange {
                structure: "SPS",
                element: "sps_rep_format_idx",
            })
    }

    fn layers(&self) -> Result<&Layers, Error> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

impl Layers {
    /// Reads the elements after the id.
    fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        let internal_base = bits.flag()?;
        // vps_base_layer_available_flag
        bits.flag()?;
        let max_layers_minus1 = bits.u(6)?.min(MAX_LAYERS - 1);
        let max_sub_layers = bits.u(3)? + 1;
        // vps_temporal_id_nesting_flag, vps_reserved_0xffff_16bits
        bits.skip(17)?;
        read_profile_tier_level(bits, true, max_sub_layers)?;
        skip_sub_layer_ordering(bits, max_sub_layers)?;
        let layer_sets = LayerSets::read(bits)?;
        skip_timing(bits, max_sub_layers)?;
        let has_extension = bits.flag()?;
        if !has_extension {
            return Ok(Self::default());
        }
        // vps_extension_alignment_bit_equal_to_one
        bits.skip_to_byte();
        let mut layers = Self::default();
        layers.read_extension(
            bits,
            &layer_sets,
            VpsStart {
                internal_base,
                max_layers_minus1,
                max_sub_layers,
            },
        )?;
        Ok(layers)
    }

    /// Reads vps_extension() up to poc_lsb_not_present_flag.
    fn read_extension(
        &mut self,
        bits: &mut RbspReader<'_>,
        layer_sets: &LayerSets,
        vps: VpsStart,
    ) -> Result<(), Error> {
        if vps.max_layers_minus1 > 0 && vps.internal_base {
            read_profile_tier_level(bits, false, vps.max_sub_layers)?;
        }
        let dimensions = self.read_dimensions(bits, vps.max_layers_minus1)?;
        let view_id_bits = bits.u(4)?;
        // view_id_val
        bits.skip(u64::from(dimensions.views) * u64::from(view_id_bits))?;
        self.read_dependencies(bits)?;
        let is_independent = self.layers.iter().all(|layer| layer.references.is_empty());
        match self.read_layer_sets(bits, layer_sets, vps) {
            // Early encoders of HEVC with alpha write the rest wrong, and no picture order count in IDR pictures of the alpha layer.
            Err(_) if dimensions.has_auxiliary && is_independent => {
                for layer in &mut self.layers {
                    layer.poc_lsb_not_present = true;
                }
                Ok(())
            }
            result => result,
        }
    }

    /// Reads num_add_layer_sets up to poc_lsb_not_present_flag.
    fn read_layer_sets(
        &mut self,
        bits: &mut RbspReader<'_>,
        layer_sets: &LayerSets,
        vps: VpsStart,
    ) -> Result<(), Error> {
        let independent = self
            .layers
            .iter()
            .filter(|layer| layer.references.is_empty());
        // num_add_layer_sets
        if independent.count() > 1 && bits.ue()? > 0 {
            return Err(Error::UnsupportedFeature {
                feature: "additional layer sets in the VPS extension",
            });
        }
        self.read_sub_layers(bits, vps.max_sub_layers)?;
        self.default_ref_layers_active = bits.flag()?;
        let profiles_minus1 = bits.ue_max(63, "vps_num_profile_tier_level_minus1")?;
        for _ in if vps.internal_base { 2 } else { 1 }..=profiles_minus1 {
            let has_profile = bits.flag()?;
            if read_profile_tier_level(bits, has_profile, vps.max_sub_layers)? == PROFILE_3D {
                return Err(UNSUPPORTED_3D);
            }
        }
        layer_sets.skip_output_layer_sets(bits, &self.layers, ceil_log2(profiles_minus1 + 1))?;
        self.read_rep_formats(bits, vps.internal_base)?;
        self.max_one_active_ref_layer = bits.flag()?;
        // vps_poc_lsb_aligned_flag
        bits.flag()?;
        for layer in self.layers.iter_mut().skip(1) {
            layer.poc_lsb_not_present = layer.references.is_empty() && bits.flag()?;
        }
        Ok(())
    }

    /// Reads splitting_flag up to dimension_id and creates the layers.
    fn read_dimensions(
        &mut self,
        bits: &mut RbspReader<'_>,
        max_layers_minus1: u32,
    ) -> Result<Dimensions, Error> {
        let splitting = bits.flag()?;
        let mut dimensions = Dimensions::read(bits, splitting)?;
        let has_ids = bits.flag()?;
        self.layers.push(Layer::default());
        let mut views = vec![0];
        for index in 1..=max_layers_minus1 {
            let id = if has_ids { bits.u(6)? } else { index };
            let view = match splitting {
                true => dimensions.view_of_id(id),
                false => dimensions.read_view(bits)?,
            };
            if !views.contains(&view) {
                views.push(view);
            }
            self.layers.push(Layer {
                id,
                ..Layer::default()
            });
        }
        dimensions.views = u32::try_from(views.len()).unwrap_or(u32::MAX);
        Ok(dimensions)
    }

    /// Reads direct_dependency_flag.
    fn read_dependencies(&mut self, bits: &mut RbspReader<'_>) -> Result<(), Error> {
        for index in 1..self.layers.len() {
            let mut references = Vec::new();
            for layer in 0..index {
                if bits.flag()? {
                    references.push(LayerReference {
                        layer,
                        max_temporal_id_plus1: 7,
                    });
                }
            }
            if let Some(layer) = self.layers.get_mut(index) {
                layer.references = references;
            }
        }
        Ok(())
    }

    /// Reads sub_layers_vps_max_minus1 and max_tid_il_ref_pics_plus1.
    fn read_sub_layers(
        &mut self,
        bits: &mut RbspReader<'_>,
        max_sub_layers: u32,
    ) -> Result<(), Error> {
        let has_max_sub_layers = bits.flag()?;
        for layer in &mut self.layers {
            layer.max_sub_layer = match has_max_sub_layers {
                true => bits.u(3)?,
                false => max_sub_layers - 1,
            };
        }
        let has_max_temporal_ids = bits.flag()?;
        if has_max_temporal_ids {
            for lower in 0..self.layers.len() {
                for reference in self
                    .layers
                    .iter_mut()
                    .flat_map(|layer| &mut layer.references)
                    .filter(|reference| reference.layer == lower)
                {
                    reference.max_temporal_id_plus1 = bits.u(3)?;
                }
            }
        }
        Ok(())
    }

    /// Reads vps_num_rep_formats_minus1 up to vps_rep_format_idx.
    fn read_rep_formats(
        &mut self,
        bits: &mut RbspReader<'_>,
        internal_base: bool,
    ) -> Result<(), Error> {
        let formats_minus1 = bits.ue_max(255, "vps_num_rep_formats_minus1")?;
        for _ in 0..=formats_minus1 {
            let format = PictureFormat::read_rep_format(bits, self.rep_formats.last())?;
            self.rep_formats.push(format);
        }
        let has_indices = formats_minus1 > 0 && bits.flag()?;
        for (index, layer) in self.layers.iter_mut().enumerate() {
            layer.rep_format = if has_indices && (index > 0 || !internal_base) {
                bits.u(ceil_log2(formats_minus1 + 1))? as usize
            } else {
                index.min(formats_minus1 as usize)
            };
        }
        Ok(())
    }

    fn find(&self, layer_id: u8) -> Option<&Layer> {
        self.layers
            .iter()
            .find(|layer| layer.id == u32::from(layer_id))
    }

    /// Returns numRefLayerPics: the number of direct reference layers that have a picture for this TemporalId.
    fn reference_pictures(&self, layer: &Layer, temporal_id: u32) -> u32 {
        layer
            .references
            .iter()
            .filter(|reference| {
                self.layers
                    .get(reference.layer)
                    .is_some_and(|lower| lower.max_sub_layer >= temporal_id)
                    && (temporal_id == 0 || reference.max_temporal_id_plus1 > temporal_id)
            })
            .fold(0, |count, _| count + 1)
    }
}

impl Layer {
    /// NumDirectRefLayers
    pub(super) fn direct_references(&self) -> u32 {
        u32::try_from(self.references.len()).unwrap_or(u32::MAX)
    }
}

/// The elements at the start of a VPS on which its extension depends.
#[derive(Clone, Copy)]
struct VpsStart {
    /// vps_base_layer_internal_flag
    internal_base: bool,
    max_layers_minus1: u32,
    /// vps_max_sub_layers_minus1 + 1
    max_sub_layers: u32,
}

/// Skips vps_timing_info_present_flag up to the HRD parameters.
fn skip_timing(bits: &mut RbspReader<'_>, max_sub_layers: u32) -> Result<(), Error> {
    if !bits.flag()? {
        return Ok(());
    }
    // vps_num_units_in_tick, vps_time_scale
    bits.skip(64)?;
    if bits.flag()? {
        // vps_num_ticks_poc_diff_one_minus1
        bits.ue()?;
    }
    let mut hrd = HrdParameters::default();
    for index in 0..bits.ue_max(1024, "vps_num_hrd_parameters")? {
        // hrd_layer_set_idx
        bits.ue()?;
        // cprms_present_flag
        if index == 0 || bits.flag()? {
            hrd = HrdParameters::read(bits)?;
        }
        hrd.skip_sub_layers(bits, max_sub_layers)?;
    }
    Ok(())
}
