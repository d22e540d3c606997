// SPDX-License-Identifier: MPL-2.0
//! Smooth Streaming client manifests, MS-SSTR 2.2.2: one Protection element for all streams.

use drm_signaling::smooth;
use roxmltree::Node;

use super::manifest::{EditPlan, ManifestFormat};
use super::xml::{children, insert};
use super::{Error, NamedProtection, PresentationFiles};

/// Finds out what a client manifest needs; its protection is that of the files given.
///
/// # Errors
/// [`Error`].
pub(super) fn plan<F: PresentationFiles>(
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
    let mut element: Option<String> = None;
    let is_protected = |named: &&NamedProtection| named.protection.scheme.is_some();
    for NamedProtection { name, protection } in given.iter().filter(is_protected) {
        let found = protection.drms.iter().find_map(smooth::protection_of);
        let found = found.ok_or_else(|| Error::NoSystem(name.clone()))?;
        if element.as_ref().is_some_and(|known| *known != found) {
            return Err(Error::Objects.into());
        }
        element = Some(found);
        plan.note(name.clone(), protection);
    }
    plan.edits
        .extend(element.map(|element| insert(root, &[element], &[])));
    Ok(plan)
}
