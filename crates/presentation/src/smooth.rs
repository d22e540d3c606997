// SPDX-License-Identifier: MPL-2.0
//! Smooth Streaming client manifests, MS-SSTR 2.2.2: one Protection element for all streams.

use drm_signaling::smooth;
use roxmltree::Node;

use super::manifest::{EditPlan, ManifestFormat};
use super::xml::{children, insert_elements};
use super::{Error, PresentationFiles};

/// Plans the edits of a client manifest, which gets the protection of the files that the user named.
///
/// # Errors
/// [`Error`].
pub(super) fn plan_edits<F: PresentationFiles>(
    root: Node<'_, '_>,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    if children(root, "Protection").next().is_some() {
        return Err(Error::Protected("Protection").into());
    }
    let given = files.given()?;
    if given.is_empty() {
        return Err(Error::NeedsInit.into());
    }
    let mut plan = EditPlan::new(ManifestFormat::Smooth);
    let mut common: Option<String> = None;
    for file in given.iter().filter(|file| file.protection.scheme.is_some()) {
        let element = file
            .protection
            .drms
            .iter()
            .find_map(smooth::protection_of)
            .ok_or_else(|| Error::NoSystem(file.name.clone()))?;
        if common.as_ref().is_some_and(|known| *known != element) {
            return Err(Error::Objects.into());
        }
        common = Some(element);
        plan.record(file.name.clone(), &file.protection);
    }
    plan.edits
        .extend(common.map(|element| insert_elements(root, &[element], &[])));
    Ok(plan)
}
