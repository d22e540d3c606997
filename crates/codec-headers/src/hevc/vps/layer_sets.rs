// SPDX-License-Identifier: MPL-2.0
//! Layer sets and output layer sets of a VPS, only to get the length of their syntax: ISO/IEC 23008-2, 7.3.2.1, F.7.3.2.1.1 and
//! F.7.4.3.1.1.

use super::{Layer, MAX_LAYERS};
use crate::Error;
use crate::rbsp::{RbspReader, ceil_log2};

/// The layer sets of a VPS: bit i of each is layer_id_included_flag of nuh_layer_id i.
pub(super) struct LayerSets(Vec<u64>);

impl LayerSets {
    /// Reads vps_max_layer_id up to layer_id_included_flag.
    pub(super) fn read(bits: &mut RbspReader<'_>) -> Result<Self, Error> {
        let max_layer_id = bits.u(6)?;
        // Layer set 0 is the base layer.
        let mut sets = vec![1];
        for _ in 0..bits.ue_max(1023, "vps_num_layer_sets_minus1")? {
            let mut set = 0;
            for id in 0..=max_layer_id {
                set |= u64::from(bits.u(1)?) << id;
            }
            sets.push(set);
        }
        Ok(Self(sets))
    }

    /// Skips num_add_olss up to alt_output_layer_flag. `profile_bits` is the number of bits of profile_tier_level_idx.
    pub(super) fn skip_output_layer_sets(
        &self,
        bits: &mut RbspReader<'_>,
        layers: &[Layer],
        profile_bits: u32,
    ) -> Result<(), Error> {
        if self.0.len() == 1 {
            return Ok(());
        }
        let count = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let total = bits.ue_max(1023, "num_add_olss")? + count;
        let default_output = bits.u(2)?.min(2);
        for index in 1..total {
            let mut layer_set = index;
            if index >= count {
                // layer_set_idx_for_ols_minus1, of layer sets other than that of the base layer
                layer_set = bits.u(if count > 2 { ceil_log2(count - 1) } else { 0 })? + 1;
            }
            let Some(&included) = self.0.get(layer_set as usize) else {
                return Err(bits.out_of_range("layer_set_idx_for_ols_minus1"));
            };
            let output = if index >= count || default_output == 2 {
                read_output_layers(bits, included)?
            } else if default_output == 0 {
                included
            } else {
                highest(included)
            };
            let necessary = with_dependencies(output, included, layers).count_ones();
            bits.skip(u64::from(necessary) * u64::from(profile_bits))?;
            if output.count_ones() == 1
                && find(layers, output.trailing_zeros())
                    .is_some_and(|layer| !layer.references.is_empty())
            {
                // alt_output_layer_flag
                bits.flag()?;
            }
        }
        Ok(())
    }
}

/// Reads output_layer_flag of each layer of a set.
fn read_output_layers(bits: &mut RbspReader<'_>, included: u64) -> Result<u64, Error> {
    let mut output = 0;
    for id in (0..=MAX_LAYERS).filter(|id| included >> id & 1 == 1) {
        output |= u64::from(bits.u(1)?) << id;
    }
    Ok(output)
}

/// Returns the highest layer of a set.
const fn highest(set: u64) -> u64 {
    match set.checked_ilog2() {
        Some(id) => 1 << id,
        None => 0,
    }
}

/// Returns the layers of `output` and all layers of the set that they depend on: NecessaryLayerFlag.
fn with_dependencies(output: u64, included: u64, layers: &[Layer]) -> u64 {
    let mut necessary = output;
    // Layers refer to lower ones, so one pass from the highest down finds indirect dependencies too.
    for layer in layers.iter().rev() {
        if necessary >> layer.id & 1 == 1 {
            necessary |= direct_references(layer, layers);
        }
    }
    necessary & included
}

/// Returns the nuh_layer_ids of the direct reference layers.
fn direct_references(layer: &Layer, layers: &[Layer]) -> u64 {
    layer
        .references
        .iter()
        .filter_map(|reference| layers.get(reference.layer))
        .fold(0, |ids, lower| ids | 1 << lower.id)
}

fn find(layers: &[Layer], id: u32) -> Option<&Layer> {
    layers.iter().find(|layer| layer.id == id)
}
